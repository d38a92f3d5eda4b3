"""The one way to consume: batches, a handler that finishes its work, then a commit of exactly what it finished.

Whatever happens, a record is handled again rather than skipped: the offset is committed after the handler returned,
a revoke waits for the batch in flight, and a failed commit is made later or the records are delivered again. Why not a
framework's loop: docs/decisions/0006-one-consuming-loop.md.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from prometheus_client import Counter

from shared.errors import Bug, Transient
from shared.kafka import client_options
from shared.kafka_admin import check_topics
from shared.log import get_logger
from shared.membership import Membership
from shared.postgres import backoff
from shared.resting import rest_between_empty_fetches
from shared.standstill import Standstill, before

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from aiokafka import ConsumerRecord, TopicPartition

    from shared.health import Health
    from shared.settings import ServiceSettings

    Batch = dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]
    Stops = dict[TopicPartition, int]
    Handle = Callable[[Batch], Awaitable[Stops | None]]
    Assigned = Callable[[AIOKafkaConsumer, list[TopicPartition]], Awaitable[None]]

T = TypeVar("T")

MAX_SILENCE: Final = 5.0  # seconds; a broker that is there answers a fetch within half a second

WAITS = Counter("frontdoor_waits", "Times that a batch waited because something was away", ("group", "code"))


class Consumer:
    """One member of a consumer group; `handle` gets what was polled and returns when all of it is done.

    It may return the offsets at which partitions stop: what comes before is committed, the rest is handled again later.
    `handle` raises `Transient` to be called again with the same batch; anything else it raises stops the service.
    `assigned` is done before anything of newly assigned partitions is read; it may raise the same. Where it seeks (audit
    does), what lies before counts as handled.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        health: Health,
        *,
        topics: Sequence[str],
        group: str,
        handle: Handle,
        assigned: Assigned | None = None,
    ) -> None:
        self._settings, self._health = settings, health
        self._topics, self._group, self._handle, self._assigned = list(topics), group, handle, assigned
        self._member, self._standstill = Membership(group, places=assigned is not None), Standstill(group)

    async def run(self, stop: asyncio.Event) -> None:
        """Consumes until `stop` is set or something that waiting cannot mend happens."""
        self._health.check(self._group, ok=False, why="waiting for Kafka")
        try:
            if consumer := await self._started(stop):
                await self._consume(consumer, stop)
        finally:
            self._health.forget(self._group)
            await self._member.leave(self._settings.kafka_stop_timeout)

    async def _consume(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        measuring = asyncio.create_task(self._member.lag.watch(consumer))
        try:
            while not stop.is_set():
                if measuring.done():
                    measuring.result()  # by itself it ends only by a bug
                self._standstill.wake(consumer)
                if self._member.unplaced:
                    await self._place(consumer, stop)
                elif batch := await self._poll(consumer, stop):
                    await self._work(consumer, batch, stop)
                elif self._member.owed:
                    with self._member.busy():
                        await self._unless_stopped(self._commit(consumer), stop)
        finally:
            measuring.cancel()

    async def _started(self, stop: asyncio.Event) -> AIOKafkaConsumer | None:
        attempt = 0
        while not stop.is_set():
            try:
                return await self._unless_stopped(self._start(), stop)
            except (Transient, KafkaError, OSError) as error:
                if isinstance(error, KafkaError) and not error.retriable:
                    raise
                attempt += 1
                self._note_wait(error, attempt)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), backoff(attempt))
        return None

    async def _start(self) -> AIOKafkaConsumer:
        settings = self._settings
        await check_topics(settings)
        self._member.consumer = consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=self._group,
            group_instance_id=f"{self._group}-{settings.instance}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(StickyPartitionAssignor,),
            session_timeout_ms=int(settings.session_timeout * 1000),
            heartbeat_interval_ms=int(settings.session_timeout * 1000 / 10),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=int(settings.max_poll_interval * 1000),
            max_poll_records=settings.batch_records,
            fetch_max_wait_ms=100,  # a broker answers as soon as there is something; this only spares idle rounds
        )
        rest_between_empty_fetches(consumer)
        consumer.subscribe(self._topics, listener=self._member)
        try:
            await consumer.start()
        except BaseException:
            await self._member.leave(self._settings.kafka_stop_timeout)
            raise
        return consumer

    async def _unless_stopped(self, work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
        """What `work` gives, or None if the stop came first. A rebalance can hold it up for long: the loop ticks on."""
        task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
        try:
            while not task.done() and not stop.is_set():
                self._health.tick(self._group)
                await asyncio.wait({task, stopping}, timeout=1, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            stopping.cancel()
            if task.cancel():
                await asyncio.wait({task})

    async def _poll(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> Batch:
        try:
            polled: Batch = await self._unless_stopped(consumer.getmany(timeout_ms=500), stop) or {}
        except KafkaError as error:
            if not error.retriable:
                raise
            self._note_wait(error, 1)
            await asyncio.sleep(backoff(3))
            return {}
        if consumer._fetcher.error_future.done():  # noqa: SLF001  (aiokafka never looks: getmany would be empty for ever)
            raise Bug("fetching-ended", "aiokafka's fetching task has ended; a restart starts another")
        if self._member.leaving.is_set():  # polled just before a revoke, which did not know of it
            self._give_back(consumer, polled)
            return {}
        mine = consumer.assignment()
        batch = {tp: records for tp, records in polled.items() if tp in mine}
        if not batch:
            self._note_contact(consumer)
        return batch

    async def _place(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        """Lets the service place itself on partitions that are new to it, and only then reads them."""
        partitions, self._member.unplaced = self._member.unplaced, []

        async def place() -> None:
            if self._assigned:
                await self._assigned(consumer, partitions)

        with self._member.busy():
            if await self._tried(place, stop):
                await self._unless_stopped(self._member.owed.placed(consumer, partitions), stop)
                consumer.resume(*partitions)

    async def _work(self, consumer: AIOKafkaConsumer, batch: Batch, stop: asyncio.Event) -> None:
        stops: Stops = {}

        async def handle() -> None:
            stops.update(await self._handle(batch) or {})

        self._member.lag.begun(batch)
        with self._member.busy():
            if await self._tried(handle, stop):
                self._member.owed.handled(before(batch, stops))
                await self._commit(consumer)
                self._standstill.note(consumer, batch, stops)
            else:
                self._give_back(consumer, batch)

    def _give_back(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        """Given up for a revoke or a stop: whoever is next gets these records again."""
        for partition in set(batch) & consumer.assignment():
            consumer.seek(partition, batch[partition][0].offset)

    async def _tried(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> bool:
        """Does `work` until it succeeds; False if a revoke or a stop came first."""
        attempt = 0
        while True:
            self._health.tick(self._group)
            try:
                await work()
            except Transient as error:
                attempt += 1
                self._note_wait(error, attempt)
                if await self._interrupted(stop, backoff(attempt)):
                    return False
            else:
                self._health.check(self._group, ok=True)
                return True

    async def _interrupted(self, stop: asyncio.Event, seconds: float) -> bool:
        signals = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._member.leaving.wait())]
        try:
            done, _ = await asyncio.wait(signals, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return bool(done)
        finally:
            for signal in signals:
                signal.cancel()

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        await self._member.owed.commit(consumer, self._settings.kafka_send_timeout)

    def _note_wait(self, error: Exception, attempt: int) -> None:
        code = error.code if isinstance(error, Transient) else "kafka-away"
        why = error.detail if isinstance(error, Transient) else type(error).__name__
        WAITS.labels(self._group, code).inc()
        self._health.check(self._group, ok=False, why=f"waiting: {code}")
        get_logger().warning("waiting", group=self._group, code=code, attempt=attempt, why=why)

    def _note_contact(self, consumer: AIOKafkaConsumer) -> None:
        """Nothing came: because there is nothing, or because a broker does not answer (getmany says neither)."""
        heard = [at for tp in consumer.assignment() if (at := consumer.last_poll_timestamp(tp)) is not None]
        silent = bool(heard) and time.time() - min(heard) / 1000 > MAX_SILENCE
        self._health.check(self._group, ok=not silent, why="waiting: kafka-away")
