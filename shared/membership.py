"""Membership of a consumer group: which partitions are ours just now, as the client's rebalance callbacks tell it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from aiokafka import ConsumerRebalanceListener
from prometheus_client import Counter

from shared.lag import Lag
from shared.log import get_logger
from shared.owed import Owed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiokafka import AIOKafkaConsumer, TopicPartition

RESTLESS: Final = (10, 60.0)  # assigned so often in so many seconds: no scaling and no restart does that

REBALANCES = Counter("frontdoor_rebalances", "Times that partitions were assigned", ("group",))


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka's listener is untyped
    """One member's place in its group.

    `leaving` is set from a revoke to the next assignment. `unplaced` are assigned partitions on which the service has
    yet to place itself; they are paused until it has: the client fetches before its callback has returned, and sends
    no heartbeats while that runs, so nothing is awaited there.
    """

    def __init__(self, group: str, *, places: bool) -> None:
        self._group, self._places = group, places
        self._idle, self.leaving = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self.lag = Lag(group)
        self.owed = Owed(group, self.lag)
        self.unplaced: list[TopicPartition] = []
        self.consumer: AIOKafkaConsumer | None = None
        self._assignments: deque[float] = deque(maxlen=RESTLESS[0])

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While something is in flight, a revoke waits."""
        self._idle.clear()
        try:
            yield
        finally:
            self._idle.set()

    async def leave(self, within: float) -> None:
        """Stops the client within its deadline. What its stop raises (it can end as cancelled) hides no other failure."""
        consumer, self.consumer = self.consumer, None
        if consumer:
            stopping = asyncio.ensure_future(consumer.stop())
            await asyncio.wait({stopping}, timeout=within)
            if not stopping.done() or (not stopping.cancelled() and stopping.exception()):
                get_logger().warning("consumer abandoned", group=self._group)
            stopping.cancel()

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Waits for the batch in flight, so that nobody else handles it as well."""
        self.unplaced = []
        if revoked:
            self.leaving.set()
            await self._idle.wait()
            self.lag.forget(revoked)
            self.owed.forget()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """From here on these partitions are ours."""
        self.leaving.clear()
        self.lag.assigned(assigned)
        if self._places and self.consumer and assigned:
            self.consumer.pause(*assigned)
            self.unplaced = sorted(assigned)
        REBALANCES.labels(self._group).inc()
        get_logger().info("assigned", group=self._group, count=len(assigned))
        self._note_unrest()

    def _note_unrest(self) -> None:
        """Two processes with one static id throw each other out for ever, and the client takes it for rebalances."""
        self._assignments.append(time.monotonic())
        count, seconds = RESTLESS
        if len(self._assignments) == count and self._assignments[-1] - self._assignments[0] < seconds:
            why = "is there another process with the same FRONTDOOR_INSTANCE?"
            get_logger().error("assigned again and again", group=self._group, count=count, seconds=seconds, why=why)
