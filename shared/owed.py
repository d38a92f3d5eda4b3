"""What a member of a group owes Kafka: the commit of what it has handled.

Exactly the offsets of what was handled are committed. A commit that is refused, or whose answer does not come, stays owed
until the next one; a revoke ends the debt, for whoever is assigned next gets the records again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from prometheus_client import Counter

from shared.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiokafka import AIOKafkaConsumer, TopicPartition

    from shared.lag import Lag

CONSUMED = Counter("frontdoor_consumed_records", "Records handled and committed", ("group", "topic"))


class _Debt(NamedTuple):
    """The offset to commit, and how many records that is for."""

    offset: int
    records: int


class Owed:
    """By partition, what is handled and not committed; `lag` is told what is."""

    def __init__(self, group: str, lag: Lag) -> None:
        self._group, self._lag = group, lag
        self._debts: dict[TopicPartition, _Debt] = {}

    def __bool__(self) -> bool:
        return bool(self._debts)

    def handled(self, batch: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """These records are done."""
        for tp, records in batch.items():
            before = self._debts[tp].records if tp in self._debts else 0
            self._debts[tp] = _Debt(records[-1].offset + 1, before + len(records))

    async def placed(self, consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        """What lies before the member's place is done: else a commit that a crash prevented shows as lag for ever."""
        for tp in partitions:
            self._debts[tp] = _Debt(await consumer.position(tp), 0)

    def forget(self) -> None:
        """The partitions are somebody else's to begin where they are committed."""
        self._debts.clear()

    async def commit(self, consumer: AIOKafkaConsumer, within: float) -> None:
        """Commits what is owed, within so many seconds; raises what trying again cannot mend."""
        mine = consumer.assignment()
        debts = {tp: debt for tp, debt in self._debts.items() if tp in mine}
        offsets = {tp: OffsetAndMetadata(debt.offset, "") for tp, debt in debts.items()}
        try:
            if offsets:
                await asyncio.wait_for(consumer.commit(offsets), within)
        except (KafkaError, TimeoutError) as error:
            comes_again = isinstance(error, (CommitFailedError, IllegalStateError, TimeoutError)) or error.retriable
            if not comes_again:
                raise
            get_logger().warning("commit refused", group=self._group, error=type(error).__name__)
            return
        self._debts.clear()
        self._lag.committed({tp: debt.offset for tp, debt in debts.items()})
        for tp, debt in debts.items():
            CONSUMED.labels(self._group, tp.topic).inc(debt.records)
