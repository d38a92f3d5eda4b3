"""What audit does with a batch: every record becomes the next row of its partition's chain, in one transaction.

Where to read on is decided by the heads alone. Kafka's committed offsets only show how far audit has come.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge, Histogram

from services.audit.chain import GENERATION, Gap, Place
from services.audit.columns import entry
from shared.errors import Bug, Usage
from shared.kafka import log_bounds
from shared.log import get_logger
from shared.topics import REFERRAL_TOPICS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiokafka import AIOKafkaConsumer, TopicPartition

    from services.audit.chain import Entry, Row
    from services.audit.store import Appended, Store
    from shared.consumer import Batch

AUDITED: Final = Counter("frontdoor_audited", "Records that became a row", ("topic",))
SECONDS: Final = Histogram(
    "frontdoor_accepted_to_audited_seconds",
    "From intake's yes to the audit row",
    ("topic",),
    buckets=(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
HEAD: Final = Gauge("frontdoor_audit_head_offset", "Last offset of the chain", ("topic", "partition"))
GAPS: Final = Counter("frontdoor_audit_gap_records", "Records that Kafka no longer had when audit came", ("topic",))


class Handler:
    """Handles the batches of every audited topic; `stream` names the Kafka cluster and topic generation."""

    def __init__(
        self,
        store: Store,
        stream: Callable[[], Awaitable[str]],
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._store, self._find_stream, self._clock = store, stream, clock
        self._consumer: AIOKafkaConsumer | None = None
        self.stream = ""
        self.placed: frozenset[TopicPartition] = frozenset()

    async def __call__(self, batch: Batch) -> None:
        """Returns when every record of the batch is a row."""
        entries = {
            self._place(partition): [entry(record) for record in records] for partition, records in batch.items()
        }
        self._note(await self._append(entries))

    async def assigned(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        """Places each partition at the record after its head; `Transient` while Kafka or PostgreSQL is away."""
        self._consumer, self.placed = consumer, frozenset()
        self.stream = self.stream or await self._find_stream()
        heads = await self._store.heads(self.stream)
        bounds = await log_bounds(consumer, partitions)
        lost: dict[Place, int] = {}
        for partition, (start, end) in bounds.items():
            place = self._place(partition)
            following = heads[place].offset + 1 if place in heads else 0
            if end < following:
                raise behind(place, following, end)
            if start > following:
                lost[place] = start
        if lost:
            self._note(await self._store.append(self.stream, dict.fromkeys(lost, ()), self._clock(), lost))
        for partition, (start, _) in bounds.items():
            place = self._place(partition)
            consumer.seek(partition, max(start, heads[place].offset + 1 if place in heads else 0))
        self.placed = frozenset(partitions)

    async def _append(self, entries: Mapping[Place, Sequence[Entry]]) -> Appended:
        try:
            return await self._store.append(self.stream, entries, self._clock(), {})
        except Gap as gap:
            get_logger().warning("records missing", topic=gap.place.topic, partition=gap.place.partition)
        starts = {self._place(tp): start for tp, (start, _) in (await self._bounds()).items()}
        try:
            return await self._store.append(self.stream, entries, self._clock(), starts)
        except Gap as gap:
            raise Bug("audit-gap", f"{gap}; Kafka still has what is between, so nothing was written") from gap

    async def _bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        if self._consumer is None:
            raise Bug("not-placed", "a batch came before any partition was assigned")
        return await log_bounds(self._consumer, sorted(self.placed))

    def _note(self, appended: Appended) -> None:
        now = self._clock()
        for place, rows in appended.rows.items():
            for row in rows:
                _note_row(place, row, now)
        for place, head in appended.heads.items():
            HEAD.labels(place.topic, place.partition).set(head.offset)

    def _place(self, partition: TopicPartition) -> Place:
        return Place(self.stream, partition.topic, partition.partition)


def _note_row(place: Place, row: Row, now: dt.datetime) -> None:
    entry = row.entry
    if entry.gap_to is not None:
        lost = entry.last - entry.offset + 1
        GAPS.labels(place.topic).inc(lost)
        get_logger().error(
            "lost before audit came", topic=place.topic, partition=place.partition, offset=entry.offset, count=lost
        )
        return
    AUDITED.labels(place.topic).inc()
    accepted = entry.accepted_time or entry.at
    if accepted and place.topic in REFERRAL_TOPICS:
        SECONDS.labels(place.topic).observe(max(0.0, (now - accepted).total_seconds()))


def behind(place: Place, following: int, end: int) -> Usage:
    """The topic ends before what was audited of it: it was made anew, or its broker lost data."""
    return Usage(
        "topic-behind",
        f"topic {place.topic} partition {place.partition} ends at offset {end}, but {following} records of it were "
        f"audited in stream {place.stream}: the topic was made anew or lost records. If that is so, raise {GENERATION} "
        "by one for every service: audit then starts new chains and keeps the old ones",
    )
