"""The chain: every row is bound by SHA-256 to the row before it in its partition, back to a documented genesis.

hash = SHA-256(previous hash + canonical metadata + SHA-256 of the value). The metadata is every other column in the
order of `metadata`, each as a netstring. Content is bound by its digests, so a row whose value and headers were
disposed of still proves its place. Offsets are contiguous: what Kafka no longer had is one explicit, chained gap row.
"""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from shared.errors import Bug

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VERSION: Final = b"frontdoor audit chain 1"
GENERATION: Final = "FRONTDOOR_TOPIC_GENERATION"
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)

Fingerprint = tuple[int, bytes | None, bytes | None, bytes | None]
Value = str | bytes | int | UUID | dt.datetime | None


class Place(NamedTuple):
    """One chain: a partition of a topic in a stream (a Kafka cluster and topic generation)."""

    stream: str
    topic: str
    partition: int


class Head(NamedTuple):
    """The last offset that a chain covers, and the hash that stands for all of it."""

    offset: int
    hash: bytes


class Entry(NamedTuple):
    """What one Kafka record holds, as it came, and what its headers say. `kafka_time` is in ms; times are in UTC.

    A gap entry has no content: `offset` to `gap_to` are the offsets that Kafka no longer had.
    """

    offset: int
    kafka_time: int
    key: bytes | None = None
    headers: bytes | None = None
    value: bytes | None = None
    headers_digest: bytes | None = None
    value_digest: bytes | None = None
    event_id: UUID | None = None
    referral_id: UUID | None = None
    type: str | None = None
    causation_id: UUID | None = None
    at: dt.datetime | None = None
    accepted_time: dt.datetime | None = None
    synthetic: bool = False
    sequence: int | None = None
    gap_to: int | None = None

    @property
    def last(self) -> int:
        """The last offset that this entry covers."""
        return self.offset if self.gap_to is None else self.gap_to

    @property
    def fingerprint(self) -> Fingerprint:
        """What makes two deliveries of one offset the same record."""
        return self.kafka_time, self.key, self.headers_digest, self.value_digest


class Row(NamedTuple):
    """One link: the entry, when it was recorded, the hash of the row before it and its own."""

    entry: Entry
    recorded_at: dt.datetime
    previous: bytes
    hash: bytes


class Gap(Exception):
    """Records after the head are missing; no failure yet: the caller looks where Kafka's log starts by now."""

    def __init__(self, place: Place, expected: int, found: int) -> None:
        super().__init__(f"{place.topic}-{place.partition}: expected offset {expected}, found {found}")
        self.place, self.expected, self.found = place, expected, found


def digest(content: bytes | None) -> bytes | None:
    """SHA-256 of content, None of none."""
    return None if content is None else sha256(content).digest()


def genesis(place: Place) -> bytes:
    """What stands before the first row of a chain, so that no chain can pass for another."""
    return sha256(VERSION + netstrings((place.stream, place.topic, place.partition))).digest()


def link(place: Place, entry: Entry, recorded_at: dt.datetime, previous: bytes) -> bytes:
    """The hash of one row."""
    return sha256(previous + metadata(place, entry, recorded_at) + (entry.value_digest or b"")).digest()


def metadata(place: Place, entry: Entry, recorded_at: dt.datetime) -> bytes:
    """The canonical form of everything in a row but its hashes and its content."""
    return netstrings(
        (
            *place,
            entry.offset,
            entry.gap_to,
            entry.kafka_time,
            entry.key,
            entry.headers_digest,
            entry.event_id,
            entry.referral_id,
            entry.type,
            entry.causation_id,
            entry.at,
            entry.accepted_time,
            int(entry.synthetic),
            entry.sequence,
            recorded_at,
            int(entry.value_digest is not None),
        )
    )


def netstrings(values: Iterable[Value]) -> bytes:
    """Values one after the other so that no two lists look alike: each as a netstring, `-,` for none."""
    return b"".join([b"%d:%s," % (len(raw), raw) if (raw := _bytes(value)) is not None else b"-," for value in values])


def _bytes(value: Value) -> bytes | None:
    """A column's canonical bytes: text as UTF-8, a UUID's 16 bytes, a time in whole microseconds since 1970."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, dt.datetime):
        return b"%d" % ((value - _EPOCH) // _MICROSECOND)
    return value.encode()


def extend(
    place: Place,
    head: Head | None,
    entries: Sequence[Entry],
    recorded_at: dt.datetime,
    log_start: int = 0,
) -> list[Row]:
    """The rows that `entries` (in order of offset) add after `head`; those that it covers already add none.

    `log_start` is the first offset that Kafka still has: where it lies past the next offset, what is between becomes
    a gap row. Raises `Gap` where anything else is missing.
    """
    previous = head.hash if head else genesis(place)
    expected = head.offset + 1 if head else 0
    if log_start > expected:
        entries = (Entry(offset=expected, kafka_time=-1, gap_to=log_start - 1), *entries)
    rows: list[Row] = []
    for entry in entries:
        if entry.offset < expected:
            continue
        if entry.offset > expected:
            raise Gap(place, expected, entry.offset)
        rows.append(Row(entry, recorded_at, previous, link(place, entry, recorded_at, previous)))
        previous, expected = rows[-1].hash, entry.last + 1
    return rows


def same(place: Place, stored: Fingerprint | None, entry: Entry) -> None:
    """Raises `Bug` unless what came for an offset is what was stored for it."""
    if stored != entry.fingerprint:
        where = f"{place.stream} {place.topic} {place.partition} {entry.offset}"
        detail = f"{where}: Kafka has another record there than the one that was audited; nothing was written"
        cure = f"if the topic was made anew, raise {GENERATION}"
        raise Bug("audit-mismatch", f"{detail} ({cure})")
