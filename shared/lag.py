"""Lag: how far a member is behind, in records and in time.

Measured in a task beside the handler, so that it goes on rising while that waits. Committed offsets are known before
the ends are asked for: the other order makes lag negative. What was never committed is unknown, not zero: no series.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from aiokafka.errors import KafkaError
from prometheus_client import Gauge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiokafka import AIOKafkaConsumer, TopicPartition

EVERY: Final = 5.0  # seconds between two measurements; also what one may take

LABELS: Final = ("group", "topic", "partition")
RECORDS: Final = Gauge("frontdoor_lag_records", "Records behind the end of the partition", LABELS)
SECONDS: Final = Gauge("frontdoor_lag_seconds", "Age of the oldest record that is not committed", LABELS)


class Lag:
    """The lag of the partitions that are one member's just now. Times are Unix times in seconds."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._mine: set[TopicPartition] = set()
        self._committed: dict[TopicPartition, int | None] = {}
        self._oldest: dict[TopicPartition, float] = {}

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """The member's until they are forgotten; the client goes on naming them until its next assignment."""
        self._mine = set(partitions)

    def begun(self, batch: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """These are in flight: the first of each partition is its oldest that is not committed."""
        for tp, records in batch.items():
            if records[0].timestamp >= 0:  # -1: the record says nothing of its time
                self._oldest[tp] = records[0].timestamp / 1000

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets are committed by now."""
        self._committed.update(offsets)
        for tp in offsets:
            self._oldest.pop(tp, None)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """These partitions are somebody else's now."""
        self._mine = self._mine - set(partitions)
        for tp in partitions:
            self._committed.pop(tp, None)
            self._oldest.pop(tp, None)
            for gauge in (RECORDS, SECONDS):
                gauge.remove(self._group, tp.topic, tp.partition)

    async def watch(self, consumer: AIOKafkaConsumer) -> None:
        """Measures until it is cancelled. While Kafka is away, the age alone goes on rising."""
        while True:
            try:
                async with asyncio.timeout(EVERY):
                    await self.measure(consumer, time.time())
            except (KafkaError, OSError, TimeoutError):
                self._show_age(time.time())
            await asyncio.sleep(EVERY)

    async def measure(self, consumer: AIOKafkaConsumer, now: float) -> None:
        """One measurement. Where nothing is in flight, what waits counts from when it was first seen to wait."""
        mine = self._mine
        for tp in mine - self._committed.keys():
            found = await consumer.committed(tp)
            if self._mine is not mine:  # somebody else may have committed since: it is asked again
                return
            self._committed.setdefault(tp, found)
        known = {tp: offset for tp, offset in self._committed.items() if offset is not None}
        ends = await consumer.end_offsets(list(known)) if known else {}
        for tp in known.keys() & self._committed.keys():
            behind = max(0, ends[tp] - known[tp])
            RECORDS.labels(self._group, tp.topic, tp.partition).set(behind)
            if behind:
                self._oldest.setdefault(tp, now)
            else:
                self._oldest.pop(tp, None)
        self._show_age(now)

    def _show_age(self, now: float) -> None:
        for tp, offset in self._committed.items():
            if offset is not None:
                age = max(0.0, now - self._oldest.get(tp, now))
                SECONDS.labels(self._group, tp.topic, tp.partition).set(age)
