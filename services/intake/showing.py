"""What intake shows of a referral: where it stands, its record, its attachments. What one may not see does not exist."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  (NamedTuple reads the annotations at run time)
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import orjson

from services.intake import access, metrics
from services.intake.contract.code_lists import PURPOSES
from services.intake.problems import Fault, Refused, not_found
from services.intake.taking.receipts import source_of, value_of
from shared.cloudevents import Envelope, pack
from shared.codes import Status
from shared.events import RECORD_DISCLOSED, RecordDisclosed, derived_id

if TYPE_CHECKING:
    from services.intake.senders import Source, Team
    from services.intake.store import Locked, Referral
    from services.intake.taking.desk import Desk


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
    await _may_read(desk, team, wanted)
    async with desk.store.locked(wanted.referral_id) as locked:
        if locked is None or (document := await locked.document()) is None:
            raise not_found()
        await _disclose(locked, team, wanted)
        received = locked.referral
    _disclosed(desk, wanted)
    shown = {name: part for name, part in document.items() if team.sees is None or name in team.sees}
    about = {
        "referral_id": str(wanted.referral_id),
        "received_at": received.received_at,
        "source": received.source,
        "locality": received.locality,
        "synthetic": received.synthetic,
    }
    return orjson.dumps({**about, "referral": shown})


async def attachment(desk: Desk, team: Team, wanted: Read, sha256: str) -> tuple[str, bytes]:
    """One document that came with a referral, with its media type; read and noted as a record is."""
    await _may_read(desk, team, wanted)
    if team.sees is not None and "attachments" not in team.sees:
        raise not_found()
    async with desk.store.locked(wanted.referral_id) as locked:
        if locked is None or (found := await locked.attachment(sha256)) is None:
            raise not_found()
        await _disclose(locked, team, wanted)
    _disclosed(desk, wanted)
    return found


async def _may_read(desk: Desk, team: Team, wanted: Read) -> None:
    if wanted.purpose not in PURPOSES:
        detail = f"say why in the header X-Purpose: one of {', '.join(sorted(PURPOSES))}"
        raise Refused(422, "purpose-needed", detail, Fault("X-Purpose", "not-in-list", detail))
    await _visible(desk, team, wanted.referral_id)


async def _disclose(locked: Locked, team: Team, wanted: Read) -> None:
    """Notes the read, and its event, in the transaction that reads."""
    referral_id, now, purpose = wanted.referral_id, wanted.at, str(wanted.purpose)
    event_id = derived_id(referral_id, RECORD_DISCLOSED, str(uuid4()))
    who = (wanted.by or team.name)[:120]
    payload = RecordDisclosed(referral_id=referral_id, by=who, team=team.id, purpose=purpose, at=now)
    envelope = Envelope(
        event_id,
        source_of(team.account),
        RECORD_DISCLOSED,
        now,
        subject=str(referral_id),
        traceparent=wanted.traceparent,
        synthetic=team.synthetic,
    )
    row = (event_id, referral_id, team.id, who, purpose, now, value_of(payload), pack(envelope.headers()))
    await locked.disclose(*row)


def _disclosed(desk: Desk, wanted: Read) -> None:
    metrics.DISCLOSED.labels(wanted.purpose).inc()
    desk.wake()


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
