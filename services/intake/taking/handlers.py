"""What intake does with each kind of request: read, look, decide, record. The yes comes after the commit."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003  (annotations of this file name it)

from services.intake import access, person
from services.intake.coding import locality_of
from services.intake.contract.fields import CONTRACT
from services.intake.contract.outcomes import cancellation_reason, demand_clinician, read_outcome
from services.intake.contract.reading import read, tidy
from services.intake.problems import Fault, Refused, not_found
from services.intake.safety.alarm import Alarm, phoning
from services.intake.store import NameTaken
from services.intake.taking import whose
from services.intake.taking.content import beside, changed_paths, merged, said
from services.intake.taking.desk import (
    TRIES,
    Said,
    again,
    answer_of,
    begins_anew,
    coded_of,
    follow,
    message_of,
    next_cause,
    repeated,
    taken,
)
from services.intake.taking.receipts import FOR_EVER, receipt
from shared.codes import HUB_OUTCOMES
from shared.errors import Transient
from shared.events import OutcomeRecorded, ReferralAmended, ReferralCancelled, ReferralReceived

if TYPE_CHECKING:
    from services.intake.contract.reading import Notice, Reading
    from services.intake.senders import Source, Team
    from services.intake.sources.told import Told
    from services.intake.store import Last, Locked, Referral
    from services.intake.taking.desk import Answer, Desk, Incoming


async def take(desk: Desk, source: Source, incoming: Incoming, told: Told) -> Answer:
    """Takes what a message of any standard says. A referral that its sender named before is an amendment of that one."""
    for _ in range(TRIES):
        with phoning(told.document, source.id, desk.phone_now):
            if told.does == "refer" and (answer := await _before(desk, source, incoming, told)):
                return answer
            referral_id = await whose.referral_of(desk, source, incoming, told)
        does = told.does if referral_id is None or told.does != "refer" else "amend"
        if does not in source.may:
            if referral_id is not None and told.does in source.may:
                await whose.conflict(desk, source, incoming, told, referral_id, detail=whose.KNOWN)
            raise refusal(desk, source, told, Refused(403, "not-allowed", "this source may not do this"))
        if referral_id is None and does != "refer":
            raise refusal(desk, source, told, not_found() if told.names or told.referral_id else whose.unnamed())
        with suppress(NameTaken):
            if referral_id is None:
                return await refer(desk, source, incoming, told)
            try:
                return await (cancel if does == "cancel" else amend)(desk, source, incoming, told, referral_id)
            except whose.Another:
                await whose.conflict(desk, source, incoming, told, referral_id, detail=whose.ANOTHER)
    raise Transient("busy", "other messages about this referral keep coming")


async def _before(desk: Desk, source: Source, incoming: Incoming, told: Told) -> Answer | None:
    """The first answer, where this very message was taken before: whatever has become of its referral since."""
    reading = read(told.document)
    message, _ = message_of(desk, source, incoming, reading.document, told, kind="referral", reading=reading)
    if message.expires_at < FOR_EVER or message.key is None:
        return None
    first = await desk.store.first(message.sender, message.key, message.received_at)
    return repeated(first.answer) if first and first.content == message.content else None


def refusal(desk: Desk, source: Source, told: Told, refused: Refused) -> Refused:
    """A refusal before anything was looked up, which says to phone where the message is an emergency."""
    alarm = Alarm(read(told.document), source.id, desk.phone_now)
    alarm.tell(refused)
    return refused


async def refer(desk: Desk, source: Source, incoming: Incoming, told: Told) -> Answer:
    """Takes a referral."""
    reading = read(told.document, desk.place.screen.silent)
    with Alarm(reading, source.id, desk.phone_now) as alarm:
        person.demand(reading)
        message, notices = message_of(desk, source, incoming, reading.document, told, kind="referral", reading=reading)
        locality = locality_of(reading, desk.place, source.locality)
        coded = coded_of(desk, source, reading, locality, message)
        document = said(reading.document)
        answer = answer_of(incoming.new_id, [*notices, *told.placed(reading.warnings)], **alarm.members)
        earlier: UUID | None = None
        over: UUID | None = None
        for _ in range(TRIES):
            payload = ReferralReceived(
                referral_id=incoming.new_id,
                sequence=1,
                locality=locality,
                received_at=incoming.received_at,
                referral=coded,
                linked_to=earlier,
            )
            row = receipt(message, payload, answer, document)
            new, found = await desk.store.take(row, locality, earlier, over)
            if new:
                alarm.referral_id = incoming.new_id
                return taken(desk, row.kind, answer)
            first = await desk.store.first(message.sender, message.key or b"", message.received_at)
            if first and not begins_anew(message, first):
                return await again(desk, message, first, coded, document)
            earlier, over = (first.referral_id, first.event_id) if first else (found, None)
        raise Transient("busy", "this message keeps coming at the same time")


async def amend(desk: Desk, source: Source, incoming: Incoming, told: Told, referral_id: UUID) -> Answer:
    """Changes a referral: an RFC 7396 merge patch on what it says. The event carries the whole as it then stands."""
    patch, patched = told.document, read(told.document)
    message, notices = message_of(
        *(desk, source, incoming, patch if told.does == "amend" else patched.document, told),
        kind="amendment" if told.does == "amend" else "referral",
        about=str(referral_id) if told.does == "amend" else "",
        reading=patched,
    )
    if message.expires_at < FOR_EVER:
        message = message._replace(key=None)  # as all that is said of a known referral without an id
    with Alarm(patched, source.id, desk.phone_now) as alarm:
        alarm.referral_id = referral_id
        if not (changes := said(patch)):
            raise Refused(422, "incomplete", "the amendment changes nothing")

        async def decide(locked: Locked, _: Last | None) -> Said:
            document = await locked.document()
            whose.demand_same_person(told, document)
            if document is None:
                raise not_found()
            whole = merged(document, beside(document, changes, told.adds))
            reading = alarm.reading = read(whole, desk.place.screen.silent)
            person.demand(reading)
            coded = coded_of(desk, source, reading, locked.referral.locality, message)
            changed = tuple(changed_paths(changes, CONTRACT))
            payload = ReferralAmended(**next_cause(locked.referral, message), referral=coded, changed=changed)
            warnings = [*notices, *told.placed(_of_what_was_sent(patched, reading))]
            return Said(payload, warnings, alarm.members, reading.document)

        return await follow(desk, message, referral_id, lambda known, _: access.sees(source, known), decide)


def _of_what_was_sent(patch: Reading, whole: Reading) -> list[Notice]:
    """The warnings of an amended referral. The places of unknown fields are those of the amendment, which was sent now."""
    unknown = [notice for notice in patch.warnings if notice.code == "unknown-field"]
    return [*unknown, *(notice for notice in whole.warnings if notice.code != "unknown-field")]


async def cancel(desk: Desk, source: Source, incoming: Incoming, told: Told, referral_id: UUID) -> Answer:
    """Withdraws a referral."""
    said_of_it = tidy(told.document) or {}
    message, notices = message_of(desk, source, incoming, said_of_it, told, kind="cancellation", about=str(referral_id))
    reason, warnings = cancellation_reason(told.document)

    async def decide(locked: Locked, _: Last | None) -> Said:
        whose.demand_same_person(told, await locked.document())
        payload = ReferralCancelled(**next_cause(locked.referral, message), reason=reason)
        return Said(payload, [*notices, *told.placed(warnings)], {})

    return await follow(desk, message, referral_id, lambda known, _: access.sees(source, known), decide)


async def answer_referral(desk: Desk, team: Team, incoming: Incoming, told: Told, referral_id: UUID) -> Answer:
    """Takes what a team or the hub answers to a referral."""
    outcome = read_outcome(told.document, team, desk.senders.destinations)
    said_of_it = tidy(told.document) or {}
    message, notices = message_of(desk, team, incoming, said_of_it, told, kind="outcome", about=str(referral_id))

    async def decide(locked: Locked, last: Last | None) -> Said:
        demand_clinician(outcome, locked.referral.hold_reason)
        stands_for: tuple[str, ...] = ()
        if outcome.kind not in HUB_OUTCOMES:
            stands_for = access.stands_for(team, locked.referral, last.returned if last else None)
            if not stands_for:
                detail = "this answer is for a team that the referral was routed to"
                raise Refused(403, "not-allowed", detail, Fault("kind", "not-allowed", detail))
        answered = outcome._asdict()
        warnings = [*notices, *told.placed(answered.pop("warnings"))]
        payload = OutcomeRecorded(**next_cause(locked.referral, message), answers_for=stands_for, **answered)
        return Said(payload, warnings, {})

    def may(known: Referral, returned: int | None) -> bool:
        return access.sees(team, known, returned)

    return await follow(desk, message, referral_id, may, decide)
