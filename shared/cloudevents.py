"""CloudEvents 1.0 over Kafka, binary mode: `ce_*` headers and `traceparent` beside a JSON value.

Fields of a value that stand at their default are left out, so an absent field means "not recorded".
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache, lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from shared.referral import Coded

Model = TypeVar("Model", bound=Coded)

SCHEMAS: Final = "urn:frontdoor:schema:"

Headers = tuple[tuple[str, bytes | None], ...]

_ENCODER: Final = msgspec.json.Encoder()
_ARRAYS: Final = msgspec.msgpack.Decoder(Headers)
_PLACE: Final = re.compile(r"`\$\.?([\w.\[\]]*)`")
_QUOTED: Final = re.compile(r""" ['"]""")


class Unreadable(ValueError):
    """A document that is not of its model; its text says where and what, and nothing that the document holds."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where


class Envelope(msgspec.Struct, frozen=True):
    """The `ce_*` headers of one event. Sequences are per referral; times are RFC 3339 in UTC."""

    id: UUID
    source: str
    type: str
    time: dt.datetime
    subject: str | None = None
    traceparent: str | None = None
    causation_id: UUID | str | None = None
    sequence: int | None = None
    cause_sequence: int | None = None
    receipt_digest: str | None = None
    accepted_time: dt.datetime | None = None
    synthetic: bool = False

    def headers(self) -> Headers:
        """The Kafka headers, in a fixed order; absent attributes are left out."""
        pairs = [*_constant(self.source, self.type), ("ce_id", str(self.id).encode()), ("ce_time", _stamp(self.time))]
        if self.subject is not None:
            pairs.append(("ce_subject", self.subject.encode()))
        if self.traceparent is not None:
            pairs.append(("traceparent", self.traceparent.encode()))
        if self.causation_id is not None:
            pairs.append(("ce_causationid", str(self.causation_id).encode()))
        if self.sequence is not None:
            pairs.append(("ce_sequence", b"%d" % self.sequence))
        if self.cause_sequence is not None:
            pairs.append(("ce_causesequence", b"%d" % self.cause_sequence))
        if self.receipt_digest is not None:
            pairs.append(("ce_receiptdigest", self.receipt_digest.encode()))
        if self.accepted_time is not None:
            pairs.append(("ce_acceptedtime", self.accepted_time.isoformat().encode()))
        if self.synthetic:
            pairs.append(("ce_synthetic", b"true"))
        return tuple(pairs)


@lru_cache(maxsize=256)  # a batch is decided at one moment
def _stamp(time: dt.datetime) -> bytes:
    return time.isoformat().encode()


@lru_cache(maxsize=256)  # the same for every event of one source and type
def _constant(source: str, event_type: str) -> tuple[tuple[str, bytes | None], ...]:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_source", source.encode()),
        ("ce_type", event_type.encode()),
        ("ce_dataschema", (SCHEMAS + event_type).encode()),
        ("content-type", b"application/json"),
    )


def header(headers: Any, name: str) -> str | None:
    """The last header of that name as text, or None if it is absent or not UTF-8."""
    for key, value in reversed(tuple(headers)):
        if key == name and value is not None:
            try:
                return bytes(value).decode()
            except UnicodeDecodeError:
                return None
    return None


def to_json(payload: Coded) -> bytes:
    """The event's value: JSON without the fields that stand at their default."""
    return _ENCODER.encode(payload)


def from_json(model: type[Model], value: bytes) -> Model:
    """The payload in an event's value; `Unreadable` where it is none."""
    try:
        read: Model = _decoder(model).decode(value)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error) from None
    return read


def from_plain(model: type[Model], fields: dict[str, Any]) -> Model:
    """The payload of these fields, checked as when it is read; `Unreadable` where they are none."""
    try:
        made: Model = msgspec.convert(fields, model)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error) from None
    return made


def _unreadable(error: Exception) -> Unreadable:
    """Says what and where, and nothing that came with the document: msgspec quotes values, and they may hold anything."""
    text, _, where = str(error).rpartition(" - at ")
    place = _PLACE.fullmatch(where)
    what = _QUOTED.split(text if place else str(error), maxsplit=1)[0]
    return Unreadable(
        (place[1] if place else "") or "value", what if isinstance(error, msgspec.MsgspecError) else "no JSON"
    )


@cache
def _decoder(model: type[Model]) -> msgspec.json.Decoder[Model]:
    return msgspec.json.Decoder(model)


def pack(headers: Headers) -> bytes:
    """Kafka headers as one byte string, in their order: each name and value as a netstring, `-` for a null value."""
    return b"".join(
        [
            b"%b%d:%b" % (_name(name), len(value), value) if value is not None else _name(name) + b"-"
            for name, value in headers
        ]
    )


@lru_cache(maxsize=256)  # names are few and come with every event
def _name(name: str) -> bytes:
    raw = name.encode()
    return b"%d:%b" % (len(raw), raw)


def unpack(packed: bytes) -> Headers:
    """The headers that `pack` was given. Raises ValueError where the bytes are not of that form.

    An earlier version kept them as a MessagePack array, which no netstring begins like: what it stored is read as well.
    """
    if packed[:1] >= b"\x90":
        return _ARRAYS.decode(packed)
    texts: list[bytes | None] = []
    place = 0
    while place < len(packed):
        if packed[place : place + 1] == b"-":
            texts.append(None)
            place += 1
            continue
        colon = packed.index(b":", place)
        end = colon + 1 + int(packed[place:colon])
        if end > len(packed):
            raise ValueError("packed headers are cut short")
        texts.append(packed[colon + 1 : end])
        place = end
    names, values = texts[::2], texts[1::2]
    return tuple(((name or b"").decode(), value) for name, value in zip(names, values, strict=True))
