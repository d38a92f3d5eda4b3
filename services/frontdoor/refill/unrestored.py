"""What intake has to know again of referrals, and why some of what it took cannot be put back. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from shared import events
from shared.cloudevents import header

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from services.frontdoor.refill.found import Published, Taken
    from services.frontdoor.refill.reading import Lacking

NOT_RECORDED: Final = "not recorded"


class Why(StrEnum):
    """Why the database has no receipt of an event that intake published."""

    TAKEN_SINCE = "taken-since"
    GONE = "gone"
    UNREADABLE = "unreadable"

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS: Final = {
    Why.TAKEN_SINCE: "The database holds something else in the place of these: a service ran before this. A person must look:",
    Why.GONE: "Kafka keeps these no more: the copy is older than what it has. Their words, and who sent them, are lost:",
    Why.UNREADABLE: "These are in Kafka, and are none that intake wrote or nothing says where they belong. A person must look:",
}


def why(event_id: UUID, found: Lacking, referrals: Collection[UUID]) -> Why:
    """Why that event was not put back; `referrals` are those that intake knows."""
    event = found.events.get(event_id)
    if event_id in found.other or (event and event.cause.referral_id in referrals):
        return Why.TAKEN_SINCE
    return Why.UNREADABLE if event or event_id in found.seen else Why.GONE


def gone(found: Lacking) -> dict[UUID, Published]:
    """Decisions on events of intake that neither the database has nor Kafka any more, by event."""
    return {event_id: one for event_id, one in found.unreceived.items() if event_id not in found.seen}


def referral_rows(found: Lacking) -> list[tuple[Any, ...]]:
    """A row of `intake.referral` for each referral of which a receipt is lacking, and a locality for want of a better.

    Who sent it is known from what the sender itself wrote; a referral of which nothing else is left has nobody's name.
    """
    known = [next(iter(outputs.values())) for outputs in found.decisions.values()]
    decisions = {one.decision.referral_id: one for one in (*gone(found).values(), *known)}
    taken: dict[UUID, list[Taken]] = {}
    newest: dict[UUID, int] = {}
    for event in found.events.values():
        taken.setdefault(event.cause.referral_id, []).append(event)
    for referral, place in [*map(_place, found.events.values()), *map(_place_of_gone, gone(found).values())]:
        newest[referral] = max(place, newest.get(referral, 0))
    return [_row(referral, taken.get(referral, []), decisions.get(referral), newest[referral]) for referral in newest]


def _place(one: Taken) -> tuple[UUID, int]:
    return one.cause.referral_id, one.cause.sequence


def _place_of_gone(one: Published) -> tuple[UUID, int]:
    d: Any = one.decision  # on an event of intake, so about a referral and a place
    return d.referral_id, d.cause_sequence


def _row(referral: UUID, mine: list[Taken], decided: Published | None, newest: int) -> tuple[Any, ...]:
    first = min(mine, key=lambda one: (one.type == events.OUTCOME, one.cause.sequence), default=None)
    placed = decided.decision.locality if decided else None
    started = decided.decision.received_at if decided else None
    if first is None:
        synthetic = decided is not None and header(decided.headers, "ce_synthetic") == "true"
        return referral, NOT_RECORDED, placed or "", synthetic, started, newest, placed
    if first.type == events.RECEIVED or started is None:
        started = first.cause.received_at
    source = first.sender if first.type != events.OUTCOME else NOT_RECORDED
    locality = next((one.cause.locality for one in mine if one.cause.locality), "")
    return referral, source, locality, first.synthetic, started, newest, placed
