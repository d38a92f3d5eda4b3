"""What intake does with each kind of request: read, look, decide, record. The yes comes after the commit."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  (NamedTuple reads the annotations at run time)
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
import orjson

from services.intake import access, metrics, person
from services.intake.alarm import Alarm
from services.intake.code_lists import PURPOSES
from services.intake.coding import code, locality_of
from services.intake.content import changed_paths, merged, said
from services.intake.contract import CONTRACT
from services.intake.outcomes import cancellation_reason, demand_clinician, read_outcome
from services.intake.problems import Fault, Refused, not_found
from services.intake.reading import read, tidy
from services.intake.receipts import FOR_EVER, receipt, source_of, value_of
from services.intake.sources import json
from services.intake.sources.json import parse
from services.intake.taking import TRIES, Said, again, answer_of, begins_anew, follow, message_of, next_cause, taken
from shared.cloudevents import Envelope, pack
from shared.codes import HUB_OUTCOMES, Status
from shared.errors import Transient
from shared.events import (
    RECORD_DISCLOSED,
    OutcomeRecorded,
    RecordDisclosed,
    ReferralAmended,
    ReferralCancelled,
    ReferralReceived,
    derived_id,
)

if TYPE_CHECKING:
    from services.intake.reading import Notice, Reading
    from services.intake.receipts import Message
    from services.intake.senders import Source, Team
    from services.intake.store import Last, Locked, Referral
    from services.intake.taking import Desk, Incoming
    from shared.referral import CodedReferral


async def refer(desk: Desk, source: Source, incoming: Incoming) -> bytes:
    """Takes a referral."""
    reading = json.reading(incoming.body, desk.place.screen.silent)
    with Alarm(reading, source.id, desk.phone_now) as alarm:
        person.demand(reading)
        message, notices = message_of(desk, source, incoming, reading.document, kind="referral")
        locality = locality_of(reading, desk.place, source.locality)
        coded = _coded(desk, reading, locality, message)
        document = said(reading.document)
        answer = answer_of(incoming.new_id, [*notices, *reading.warnings], **alarm.members)
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


async def amend(desk: Desk, source: Source, incoming: Incoming, referral_id: UUID) -> bytes:
    """Changes a referral: an RFC 7396 merge patch on what it says. The event carries the whole as it then stands."""
    patch = parse(incoming.body)
    message, notices = message_of(desk, source, incoming, patch, kind="amendment", about=str(referral_id))
    patched = read(patch)
    with Alarm(patched, source.id, desk.phone_now) as alarm:
        alarm.referral_id = referral_id
        if not (changes := said(patch)):
            raise Refused(422, "incomplete", "the amendment changes nothing")

        async def decide(locked: Locked, _: Last | None) -> Said:
            if (document := await locked.document()) is None:
                raise not_found()
            reading = alarm.reading = read(merged(document, changes), desk.place.screen.silent)
            person.demand(reading)
            coded = _coded(desk, reading, locked.referral.locality, message)
            changed = tuple(changed_paths(changes, CONTRACT))
            payload = ReferralAmended(**next_cause(locked.referral, message), referral=coded, changed=changed)
            warnings = [*notices, *_of_what_was_sent(patched, reading)]
            return Said(payload, warnings, alarm.members, reading.document)

        return await follow(desk, message, referral_id, lambda known, _: access.sees(source, known), decide)


def _of_what_was_sent(patch: Reading, whole: Reading) -> list[Notice]:
    """The warnings of an amended referral. The places of unknown fields are those of the amendment, which was sent now."""
    unknown = [notice for notice in patch.warnings if notice.code == "unknown-field"]
    return [*unknown, *(notice for notice in whole.warnings if notice.code != "unknown-field")]


async def cancel(desk: Desk, source: Source, incoming: Incoming, referral_id: UUID) -> bytes:
    """Withdraws a referral."""
    document = parse(incoming.body)
    said_of_it = tidy(document) or {}
    message, notices = message_of(desk, source, incoming, said_of_it, kind="cancellation", about=str(referral_id))
    reason, warnings = cancellation_reason(document)

    async def decide(locked: Locked, _: Last | None) -> Said:
        payload = ReferralCancelled(**next_cause(locked.referral, message), reason=reason)
        return Said(payload, [*notices, *warnings], {})

    return await follow(desk, message, referral_id, lambda known, _: access.sees(source, known), decide)


async def answer_referral(desk: Desk, team: Team, incoming: Incoming, referral_id: UUID) -> bytes:
    """Takes what a team or the hub answers to a referral."""
    document = parse(incoming.body)
    outcome = read_outcome(document, team, desk.senders.destinations)
    said_of_it = tidy(document) or {}
    message, notices = message_of(desk, team, incoming, said_of_it, kind="outcome", about=str(referral_id))

    async def decide(locked: Locked, last: Last | None) -> Said:
        demand_clinician(outcome, locked.referral.hold_reason)
        stands_for: tuple[str, ...] = ()
        if outcome.kind not in HUB_OUTCOMES:
            stands_for = access.stands_for(team, locked.referral, last.returned if last else None)
            if not stands_for:
                detail = "this answer is for a team that the referral was routed to"
                raise Refused(403, "not-allowed", detail, Fault("kind", "not-allowed", detail))
        told = outcome._asdict()
        warnings = [*notices, *told.pop("warnings")]
        payload = OutcomeRecorded(**next_cause(locked.referral, message), answers_for=stands_for, **told)
        return Said(payload, warnings, {})

    def may(known: Referral, returned: int | None) -> bool:
        return access.sees(team, known, returned)

    return await follow(desk, message, referral_id, may, decide)


async def status(desk: Desk, sender: Source | Team, referral_id: UUID) -> bytes:
    """Where a referral stands, and what became of it. Never clinical text."""
    referral = await _visible(desk, sender, referral_id)
    decided = [{"at": row["decided_at"], "what": _step(row)} for row in await desk.store.history(referral_id)]
    return orjson.dumps(
        {
            "referral_id": str(referral_id),
            "status": referral.status,
            "urgency": referral.urgency,
            "destination": referral.destination,
            "history": [{"at": referral.received_at, "what": Status.TAKEN}, *decided],
        }
    )


class Read(NamedTuple):
    """Who wants to read a record, and why; `by` is the reader's name, if that is not the team."""

    referral_id: UUID
    purpose: str | None
    by: str | None
    at: dt.datetime
    traceparent: str


async def record(desk: Desk, team: Team, wanted: Read) -> bytes:
    """Identity and clinical content. The read is noted in the same transaction; without that nothing is read."""
    referral_id, purpose, by, now, trace = wanted
    if purpose not in PURPOSES:
        detail = f"say why in the header X-Purpose: one of {', '.join(sorted(PURPOSES))}"
        raise Refused(422, "purpose-needed", detail, Fault("X-Purpose", "not-in-list", detail))
    await _visible(desk, team, referral_id)
    async with desk.store.locked(referral_id) as locked:
        if locked is None or (document := await locked.document()) is None:
            raise not_found()
        event_id = derived_id(referral_id, RECORD_DISCLOSED, str(uuid4()))
        who = (by or team.name)[:120]
        payload = RecordDisclosed(referral_id=referral_id, by=who, team=team.id, purpose=purpose, at=now)
        source = source_of(team.account)
        envelope = Envelope(
            event_id,
            source,
            RECORD_DISCLOSED,
            now,
            subject=str(referral_id),
            traceparent=trace,
            synthetic=team.synthetic,
        )
        row = (event_id, referral_id, team.id, who, purpose, now, value_of(payload), pack(envelope.headers()))
        await locked.disclose(*row)
        received = locked.referral
    metrics.DISCLOSED.labels(purpose).inc()
    desk.wake()
    shown = {name: part for name, part in document.items() if team.sees is None or name in team.sees}
    about = {"referral_id": str(referral_id), "received_at": received.received_at, "source": received.source}
    return orjson.dumps({**about, "locality": received.locality, "synthetic": received.synthetic, "referral": shown})


async def _visible(desk: Desk, sender: Source | Team, referral_id: UUID) -> Referral:
    referral = await desk.store.referral(referral_id)
    returned = await desk.store.returned(referral_id, sender.account)
    if referral is None or not access.sees(sender, referral, returned):
        raise not_found()
    return referral


def _step(row: Any) -> str:
    """One decision in a few words: codes and the names of destinations alone."""
    if row["hold_reason"]:
        return f"held at {row['destination']}: {row['hold_reason']}"
    if row["outcome"]:
        return f"{row['outcome']}: {row['destination']}"
    return f"{row['status']}: {row['destination']}"


def _coded(desk: Desk, reading: Reading, locality: str, message: Message) -> CodedReferral:
    """The coded referral; its age counts on the locality's date, its message id travels hashed."""
    here = desk.place.localities.get(locality) or desk.place.localities[desk.place.default]
    received = message.received_at.astimezone(here.zone).date()
    coded = code(reading, desk.place, received)
    metrics.SCREENED.labels("yes" if coded.risk_words else "no").inc()
    more: dict[str, str] = {}
    if message.synthetic and coded.person_key:  # an invented person is nobody's history (promise 9)
        more["person_key"] = person.keyed(desk.place.secret, "synthetic", coded.person_key)
    if message.expires_at == FOR_EVER and message.key:
        more["message_digest"] = message.key.hex()
    return msgspec.structs.replace(coded, **more) if more else coded
