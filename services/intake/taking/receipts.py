"""One message taken in: what is kept of it, and the event that tells of it. Pure: ids, times and salt are arguments."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID  # noqa: TC003  (the same)

import orjson

from shared import events
from shared.cloudevents import Envelope, from_json, pack, to_json
from shared.errors import Bug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.sources.told import Attachment
    from shared.events import Cause
    from shared.referral import Coded

FOR_EVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)
A_DAY: Final = dt.timedelta(hours=24)
MOST_BYTES: Final = 800_000  # of one event; the lists of a referral are capped, so more than this cannot be

TYPES: Final = {
    events.ReferralReceived: (events.RECEIVED, "received"),
    events.ReferralAmended: (events.AMENDED, "amended"),
    events.ReferralCancelled: (events.CANCELLED, "cancelled"),
    events.ReferralConflicting: (events.CONFLICTING, "conflicting"),
    events.OutcomeRecorded: (events.OUTCOME, "outcome"),
}


class Message(NamedTuple):
    """A request as it came: `key` is what a repeat of it is known by, until `expires_at` (None: by its last message).

    `salt` is random and kept with the bytes; `content` is the hash of what the message says. `names` are HMACs of what
    the sender calls the referral; `reply_to` is where it wants to be told more, and what to quote there.
    """

    sender: str
    synthetic: bool
    body: bytes
    content: bytes
    key: bytes | None
    expires_at: dt.datetime
    received_at: dt.datetime
    salt: bytes
    traceparent: str
    standard: str = "json"
    unmapped: tuple[dict[str, str], ...] = ()
    names: tuple[bytes, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    reply_to: Mapping[str, str] | None = None


class Receipt(NamedTuple):
    """A row of `intake.receipt` with its outbox row, in the order of the parameters of `take` and `append`."""

    event_id: UUID
    referral_id: UUID
    sequence: int
    kind: str
    sender: str
    synthetic: bool
    received_at: dt.datetime
    content: bytes
    original: bytes
    salt: bytes
    digest: str
    document: bytes | None
    answer: bytes
    key: bytes | None
    expires_at: dt.datetime
    value: bytes
    headers: bytes
    standard: str
    unmapped: str | None
    names: list[bytes]
    sha256s: list[str]
    types: list[str]
    contents: list[bytes]
    reply_to: str | None


def receipt(message: Message, payload: Cause, answer: bytes, document: dict[str, Any] | None = None) -> Receipt:
    """The receipt of a message and the event it becomes; the event's id is derived from referral and sequence."""
    event_type, kind = TYPES[type(payload)]
    if isinstance(payload, events.OutcomeRecorded):
        kind = payload.kind
    digest = hashlib.sha256(message.salt + message.body).hexdigest()
    event_id = events.derived_id(payload.referral_id, event_type, str(payload.sequence))
    envelope = Envelope(
        id=event_id,
        source=source_of(message.sender),
        type=event_type,
        time=payload.received_at,
        subject=str(payload.referral_id),
        traceparent=message.traceparent,
        sequence=payload.sequence,
        receipt_digest=digest,
        synthetic=message.synthetic,
    )
    return Receipt(
        event_id=event_id,
        referral_id=payload.referral_id,
        sequence=payload.sequence,
        kind=kind,
        sender=message.sender,
        synthetic=message.synthetic,
        received_at=message.received_at,
        content=message.content,
        original=message.body,
        salt=message.salt,
        digest=digest,
        document=orjson.dumps(document) if document is not None else None,
        answer=answer,
        key=message.key,
        expires_at=message.expires_at,
        value=value_of(payload),
        headers=pack(envelope.headers()),
        **_beside(message),
    )


def _beside(message: Message) -> dict[str, Any]:
    """What is stored besides: the standard, codes that no table knows, names, and each attachment once."""
    attached = {one.sha256: one for one in message.attachments}
    return {
        "standard": message.standard,
        "unmapped": orjson.dumps(message.unmapped).decode() if message.unmapped else None,
        "names": list(message.names),
        "sha256s": list(attached),
        "types": [one.type for one in attached.values()],
        "contents": [one.content for one in attached.values()],
        "reply_to": orjson.dumps(dict(message.reply_to)).decode() if message.reply_to else None,
    }


def source_of(sender: str) -> str:
    """The `ce_source` of what a sender caused."""
    return f"urn:frontdoor:intake:{sender}"


def value_of(payload: Coded) -> bytes:
    """An event's value, readable and small enough for Kafka: checked before it is taken, not when it is too late."""
    value = to_json(payload)
    from_json(type(payload), value)
    if len(value) > MOST_BYTES:
        raise Bug("event-too-large", f"an event has {len(value)} bytes")
    return value
