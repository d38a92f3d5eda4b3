"""Ways in which a record can never work, each with the code that it is parked under."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.kafka import Record

WORDS: Final = "Ada Example of Brixton"  # what must be seen nowhere, wherever in the record it stands


def _value(value: bytes | None) -> Callable[[Record], Record]:
    return lambda record: record._replace(value=value)


def _field(name: str, value: Any) -> Callable[[Record], Record]:
    return lambda record: record._replace(value=json.dumps(json.loads(record.value or b"") | {name: value}).encode())


def _without(name: str) -> Callable[[Record], Record]:
    def spoilt(record: Record) -> Record:
        fields = json.loads(record.value or b"")
        del fields[name]
        return record._replace(value=json.dumps(fields | {"note": WORDS}).encode())

    return spoilt


def _header(name: str, value: bytes | None) -> Callable[[Record], Record]:
    """With another value of a header, or without it."""

    def spoilt(record: Record) -> Record:
        others = tuple(header for header in record.headers if header[0] != name)
        return record._replace(headers=(*others, (name, value)) if value is not None else others)

    return spoilt


def _person_key(record: Record) -> Record:
    fields = json.loads(record.value or b"")
    fields["referral"]["person_key"] = "p\0"
    return record._replace(value=json.dumps(fields).encode())


WAYS: Final[dict[str, tuple[str, Callable[[Record], Record]]]] = {
    "no value": ("empty", _value(None)),
    "a value cut short": ("unreadable", _value(f'{{"reason": "{WORDS}'.encode())),
    "a value that is no UTF-8": ("unreadable", _value(b'{"reason": "\xff\xfe"}')),
    "a value nested without end": ("unreadable", _value(b"[" * 10_000)),
    "another form of value": ("unreadable", _value(json.dumps([WORDS]).encode())),
    "a field that is missing": ("unreadable", _without("locality")),
    "a field that is no number": ("unreadable", _field("sequence", WORDS)),
    "a place beyond all": ("unusable", _field("sequence", 2**31)),
    "a time without its zone": ("unusable", _field("received_at", "2026-11-23T10:00:00")),
    "a year beyond calendars": ("unusable", _field("received_at", "9999-12-31T23:59:59Z")),
    "a text that no column holds": ("unusable", _person_key),
    "no type": ("unknown-type", _header("ce_type", None)),
    "a type of another system": ("unknown-type", _header("ce_type", WORDS.encode())),
    "a type that is no UTF-8": ("unknown-type", _header("ce_type", b"\xff\xfe")),
    "no id": ("no-event-id", _header("ce_id", None)),
    "an id that is none": ("no-event-id", _header("ce_id", WORDS.encode())),
    "no key": ("wrong-key", lambda record: record._replace(key=None)),
    "a key that is no id": ("wrong-key", lambda record: record._replace(key=WORDS.encode())),
}
