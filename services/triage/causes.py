"""Reads one record of `referrals.received` into a cause to decide, or says why it can never be one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from msgspec import Struct

from shared import events
from shared.cloudevents import Unreadable, from_json, header
from shared.errors import Poison
from shared.parked import PARKED, digest_of, parked_id

if TYPE_CHECKING:
    from shared.events import Cause
    from shared.referral import CodedReferral

_DECIDABLE: Final = frozenset((events.RECEIVED, events.AMENDED, events.CANCELLED, events.CONFLICTING, events.OUTCOME))
_MOST_SEQUENCE: Final = 2**31 - 1
_YEARS: Final = range(2000, 3000)


class Seen(Struct):
    """One cause as it came: the parsed event and what its envelope says.

    For a parked record `event` is None, `referral_id` is what the key or `ce_subject` names (or None), and `code` says
    what was wrong. `value` is the record's value as received. Both ids stand here as text too: every output has them.
    `event_id` is what the envelope of a parked record says, `digest` is of its bytes, `edited_from` whose place an edited
    record takes.
    """

    cause_id: UUID
    type: str
    referral_id: UUID | None
    event: Any
    value: bytes | None = None
    traceparent: str | None = None
    receipt_digest: str | None = None
    synthetic: bool = False
    code: str | None = None
    event_id: UUID | None = None
    digest: bytes | None = None
    edited_from: UUID | None = None
    cause_text: str = ""
    referral_text: str | None = None

    def __post_init__(self) -> None:
        self.cause_text = str(self.cause_id)
        self.referral_text = str(self.referral_id) if self.referral_id else None

    @property
    def record_id(self) -> UUID:
        """What the record is known by, parked and replayed alike: its event's id; of one without, the id of its place."""
        return self.event_id or self.cause_id

    @property
    def bytes_known(self) -> tuple[UUID, bytes] | None:
        """Of a parked record, what it is known by wherever it lies; None of one that says of no event to be it."""
        return (self.event_id, self.digest) if self.event_id and self.digest else None

    @property
    def sequence(self) -> int | None:
        """The cause's place among all that intake took about this referral."""
        return self.event.sequence if self.event else None

    @property
    def referral(self) -> CodedReferral | None:
        """The coded referral that the event carries, if any."""
        return getattr(self.event, "referral", None)


def read(record: Any) -> Seen:
    """The cause in a record; raises `Poison` with a code if no try could ever read it."""
    names: dict[str, bytes] = dict(record.headers)
    event_type = _text(names.get("ce_type"))
    if event_type not in _DECIDABLE:
        raise Poison("unknown-type", "ce_type is absent or not one that triage decides")
    cause_id = _uuid(_text(names.get("ce_id")))
    if cause_id is None:
        raise Poison("no-event-id", "ce_id is absent or no UUID")
    event = _parsed(event_type, record.value)
    seen = Seen(
        cause_id=cause_id,
        type=event_type,
        referral_id=event.referral_id,
        event=event,
        value=record.value,
        traceparent=_text(names.get("traceparent")),
        receipt_digest=_text(names.get("ce_receiptdigest")),
        synthetic=names.get("ce_synthetic") == b"true",
        edited_from=_uuid(_text(names.get("ce_causationid"))),
    )
    key = _text(record.key)
    if key != seen.referral_text and _uuid(key) != seen.referral_id:
        raise Poison("wrong-key", "the record's key is not the referral id of its value")
    return seen


def parked(record: Any, code: str, generation: int = 1) -> Seen:
    """The cause that stands for a record which can never be read: its place in Kafka, in this topic generation."""
    subject = header(record.headers, "ce_subject")
    return Seen(
        cause_id=parked_id(record.topic, record.partition, record.offset, generation),
        type=PARKED,
        referral_id=_uuid(_text(record.key)) or _uuid(subject),
        event=None,
        traceparent=header(record.headers, "traceparent"),
        receipt_digest=header(record.headers, "ce_receiptdigest"),
        synthetic=header(record.headers, "ce_synthetic") == "true",
        code=code,
        event_id=_uuid(header(record.headers, "ce_id")),
        digest=digest_of(record.key, record.value, record.headers),
        edited_from=_uuid(header(record.headers, "ce_causationid")),
    )


def _parsed(event_type: str, value: bytes | None) -> Cause:
    if value is None:
        raise Poison("empty", "the record has no value")
    model = events.PAYLOADS[event_type]
    try:
        event: Cause = from_json(model, value)  # type: ignore[assignment]  # of the class asked for
    except Unreadable as error:
        raise Poison("unreadable", str(error)) from None
    _demand_usable(event)
    return event


def _demand_usable(event: Cause) -> None:
    """What parses and yet cannot be worked with (a clock without its zone, more than a column holds) is poison too."""
    key = getattr(getattr(event, "referral", None), "person_key", None)
    if event.sequence > _MOST_SEQUENCE:
        raise Poison("unusable", "sequence: too large")
    if event.received_at.tzinfo is None or event.received_at.year not in _YEARS:
        raise Poison("unusable", "received_at: no time with its offset from UTC in a year that a calendar reaches")
    if key is not None and "\0" in key:
        raise Poison("unusable", "referral.person_key: holds what no column can")


def _text(raw: bytes | None) -> str | None:
    try:
        return raw.decode() if raw is not None else None
    except UnicodeDecodeError:
        return None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text and len(text) == 36 else None
    except ValueError:
        return None
