"""From a Kafka record to an audit entry: bytes as they came, and a few columns that its headers tell.

Audit has no poison: a header that is malformed, or that PostgreSQL could not hold, gives an empty column.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from uuid import UUID

from services.audit.chain import Entry, digest
from shared.cloudevents import pack

_MOST_TEXT: Final = 200
_MOST_DIGITS: Final = 18
_UUID_LENGTH: Final = 36
_YEARS: Final = range(1900, 3000)


def entry(record: Any) -> Entry:
    """The entry of one consumed record; never fails, whatever the record holds."""
    packed = pack(record.headers)
    said = {name: _text(value) for name, value in record.headers}  # of a name that comes twice the last counts
    return Entry(
        offset=record.offset,
        kafka_time=record.timestamp,
        key=record.key,
        headers=packed,
        value=record.value,
        headers_digest=digest(packed),
        value_digest=digest(record.value),
        event_id=as_uuid(said.get("ce_id")),
        referral_id=as_uuid(said.get("ce_subject")) or as_uuid(_text(record.key)),
        type=as_text(said.get("ce_type")),
        causation_id=as_uuid(said.get("ce_causationid")),
        at=as_time(said.get("ce_time")),
        accepted_time=as_time(said.get("ce_acceptedtime")),
        synthetic=said.get("ce_synthetic") == "true",
        sequence=as_count(said.get("ce_sequence")),
    )


def as_uuid(text: str | None) -> UUID | None:
    """A UUID in its usual 36 characters, else None."""
    try:
        return UUID(text) if text and len(text) == _UUID_LENGTH else None
    except ValueError:
        return None


def as_text(text: str | None) -> str | None:
    """Text that PostgreSQL can hold and index (no NUL, not endless), else None."""
    return text if text and len(text) <= _MOST_TEXT and "\0" not in text else None


def as_time(text: str | None) -> dt.datetime | None:
    """An RFC 3339 time with its offset, in UTC, in a year that a clock can show; else None."""
    try:
        time = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if time is None or time.tzinfo is None or time.year not in _YEARS:
        return None
    return time.astimezone(dt.UTC)


def as_count(text: str | None) -> int | None:
    """A whole number in plain digits that fits a bigint, else None."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def _text(raw: bytes | None) -> str | None:
    try:
        return raw.decode() if raw else None
    except UnicodeDecodeError:
        return None
