"""An edited record: another event with the parked one as its cause, of the same referral and place in it."""

from __future__ import annotations

import datetime as dt
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from shared import events
from shared.cloudevents import Envelope, Unreadable, from_json, header
from shared.errors import Usage
from shared.events import PAYLOADS, Cause, Decision, derived_id
from shared.kafka import Record, partition_of
from shared.referral import Coded
from shared.topics import RECEIVED
from shared.traceparent import well_formed

if TYPE_CHECKING:
    from services.frontdoor.dead_letters.entries import Content, Entry

EDITED: Final = "frontdoor.record.edited"
OPERATOR: Final = "urn:frontdoor:operator"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
DECISIONS: Final = frozenset(events.DECISION_TYPES.values())


def edited(entry: Entry, was: Content, value: bytes, event_type: str | None, partitions: int) -> tuple[UUID, Record]:
    """The new event's id and its record; `Usage` says where and why the value is none of its type.

    The same edit always has the same id. Another key is another partition: the order of a referral hangs on it.
    """
    kind = event_type or entry.type or "absent"
    payload: Any = _payload(kind, value, entry.letter.topic)
    new_id = derived_id(entry.letter.id, EDITED, sha256(value).hexdigest())
    new_key = str(payload.referral_id).encode()
    partition = entry.letter.partition if was.key == new_key else partition_of(new_key, partitions)
    envelope = Envelope(
        id=new_id,
        source=OPERATOR,
        type=kind,
        time=dt.datetime.now(dt.UTC),
        subject=str(payload.referral_id),
        traceparent=well_formed(header(was.headers, "traceparent")),
        causation_id=entry.event_id or entry.letter.id,
        sequence=payload.sequence,
        cause_sequence=getattr(payload, "cause_sequence", None),
        receipt_digest=_digest(header(was.headers, "ce_receiptdigest")),
        accepted_time=payload.received_at,
        synthetic=entry.synthetic,
    )
    return new_id, Record(entry.letter.topic, partition, new_key, value, envelope.headers())


def why_another(record: Record, entry: Entry, was: Content, receipt: Any) -> str | None:
    """Why the edited record would be about something else than the record was, by its key and value or intake's receipt."""
    new = from_json(_Place, record.value or b"")
    if receipt is not None:
        taken = (receipt["referral_id"], receipt["sequence"])
        same = taken == (new.referral_id, new.sequence)
        return None if same else f"intake took it as sequence {taken[1]} of referral {taken[0]}"
    named = {entry.referral_id, _as_id(was.key), _named(was.value)} - {None}
    if named and new.referral_id not in named:
        return f"the record names referral {' or '.join(sorted(map(str, named)))}"
    return None


class _Referral(Coded, kw_only=True):
    referral_id: UUID


class _Place(_Referral, kw_only=True):
    sequence: int


def _payload(kind: str, value: bytes, topic: str) -> Any:
    """The value as its type has it; `Usage` with the path and the reason."""
    fits = issubclass(PAYLOADS[kind], Cause if topic == RECEIVED else Decision) if kind in PAYLOADS else False
    if not fits:
        raise Usage("no-type", f"{topic} takes no such type of event: say which with --type (docs/schemas)")
    try:
        payload: Any = from_json(PAYLOADS[kind], value)
    except Unreadable as error:
        raise Usage("value", f"not sent: the value is no {kind}: {error}") from None
    if payload.referral_id is None:
        raise Usage("value", f"not sent: the value is no {kind}: referral_id: absent")
    return payload


def _named(value: bytes | None) -> UUID | None:
    try:
        return from_json(_Referral, value or b"").referral_id
    except Unreadable:
        return None


def _as_id(raw: bytes | None) -> UUID | None:
    try:
        return UUID((raw or b"").decode())
    except ValueError:
        return None


def _digest(text: str | None) -> str | None:
    return text if text and _SHA256.fullmatch(text) else None
