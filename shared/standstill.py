"""Partitions that stand still: a dead letter of theirs cannot be written, and nothing is skipped; the others go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from prometheus_client import Gauge

from shared.postgres import backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aiokafka import AIOKafkaConsumer, TopicPartition

    from shared.consumer import Batch

LONGEST: Final = 60.0  # seconds between two tries of one partition: a try may cost the others `dead_letters.WITHIN`

STOPPED: Final = Gauge("frontdoor_stopped_partitions", "Partitions that stand still, for a person to look", ("group",))


def before(batch: Batch, stops: Mapping[TopicPartition, int]) -> Batch:
    """What of a batch is done: all of it, but from where its partition stops."""
    done = {tp: [record for record in batch[tp] if tp not in stops or record.offset < stops[tp]] for tp in batch}
    return {tp: records for tp, records in done.items() if records}


class Standstill:
    """Which partitions of one member stand still, how often each was tried, and when it is tried again."""

    def __init__(self, group: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._group, self._clock = group, clock
        self._tried: dict[TopicPartition, int] = {}
        self._due: dict[TopicPartition, float] = {}

    def note(
        self, consumer: AIOKafkaConsumer, handled: Iterable[TopicPartition], stops: Mapping[TopicPartition, int]
    ) -> None:
        """After a batch: what stopped is read again from there, after a while; what did not goes on."""
        for partition in handled:
            if partition not in stops:
                self._tried.pop(partition, None)
        for partition, offset in stops.items():
            self._tried[partition] = attempt = self._tried.get(partition, 0) + 1
            self._due[partition] = self._clock() + backoff(attempt + 3, LONGEST)
            if partition in consumer.assignment():
                consumer.pause(partition)
                consumer.seek(partition, offset)
        STOPPED.labels(self._group).set(len(self._tried))

    def wake(self, consumer: AIOKafkaConsumer) -> None:
        """Lets those go on whose time has come; what is somebody else's by now is theirs to try."""
        mine = consumer.assignment()
        for partition in [known for known in self._tried if known not in mine]:
            del self._tried[partition]
            self._due.pop(partition, None)
            STOPPED.labels(self._group).set(len(self._tried))
        for partition in [known for known, due in self._due.items() if due <= self._clock()]:
            del self._due[partition]
            consumer.resume(partition)
