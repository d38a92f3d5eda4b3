"""Which referral a message is about, and whether it is of the same person: nobody's message changes another's referral.

Where that is not so it is a conflict: the sender is told, an event holds the referral for a person to look, and neither
of the two hides the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID  # noqa: TC003  (annotations of this file name it)

from services.intake import access, person
from services.intake.contract.reading import read
from services.intake.problems import Refused, Unanswered, blank
from services.intake.safety.alarm import Alarm
from services.intake.store import First
from services.intake.taking.content import said
from services.intake.taking.desk import again, coded_of, message_of, named
from shared.events import RECEIVED, derived_id

if TYPE_CHECKING:
    from services.intake.senders import Source
    from services.intake.sources.told import Told
    from services.intake.taking.desk import Desk, Incoming

ANOTHER: Final = (
    "the referral of this name is about another person, as far as can be told; a person will look at both. "
    "Give each person's referral a name of its own"
)
TWO: Final = "the message names two referrals; a person will look. Name the one that it is about"
KNOWN: Final = "a referral of this name was taken before, and this source may not change it; a person will look at both"


async def referral_of(desk: Desk, source: Source, incoming: Incoming, told: Told) -> UUID | None:
    """The source's own referral that a message is about: by our id of it, and by what the sender calls it.

    An id that is none of the source's gives way to the name: senders put ids of their own where ours belongs.
    """
    known = set(await desk.store.named(source.account, named(desk, source, told)))
    if told.referral_id is not None:
        referral = await desk.store.referral(told.referral_id)
        if referral is not None and access.sees(source, referral):
            known.add(told.referral_id)
    if len(known) > 1:
        await conflict(desk, source, incoming, told, min(known), detail=TWO)
    return next(iter(known), None)


def unnamed() -> Refused:
    """Why a message about no referral at all is not done."""
    detail = "the message does not say which referral it is about: quote our id of it, or your own name of it"
    return Refused(422, "incomplete", detail, blank("name", detail))


class Another(Unanswered):
    """The message is about somebody else than the referral that it names."""


def demand_same_person(told: Told, document: dict[str, Any] | None) -> None:
    """Raises `Another` where a message that names a referral is not of the person whom that stands for.

    A new referral under a known name must surely be of the same person; a change or a cancellation, which says whose
    referral it means, must not surely be of another. What was sent to a referral's own address says whose it is by that.
    Of what was disposed of nobody can tell whose it was.
    """
    if document is None and told.does == "refer":
        raise Another
    sent = told.person if told.does == "cancel" else told.document
    if not sent or not (told.names or told.referral_id):
        return
    stands, says = read(document or {}), read(sent)
    same = person.agree(stands, says) if told.does == "refer" else not person.differ(stands, says)
    if not same:
        raise Another


async def conflict(
    desk: Desk, source: Source, incoming: Incoming, told: Told, referral_id: UUID, *, detail: str
) -> None:
    """Always raises: a conflict with the referral as it began, told once for each different message."""
    reading = read(told.document, desk.place.screen.silent)
    with Alarm(reading, source.id, desk.phone_now) as alarm:
        alarm.referral_id = referral_id
        message, _ = message_of(desk, source, incoming, reading.document, told, kind="referral", reading=reading)
        referral = await desk.store.referral(referral_id)
        locality = referral.locality if referral else desk.place.default
        coded = None if told.does == "cancel" else coded_of(desk, source, reading, locality, message)
        began = First(derived_id(referral_id, RECEIVED, "1"), referral_id, b"", b"", over=False)
        await again(desk, message, began, coded, said(reading.document), detail=detail, place="name")
