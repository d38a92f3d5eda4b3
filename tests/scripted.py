"""A consuming loop on a scripted client, which does what a broker rarely does on demand."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiokafka.structs import TopicPartition

from shared.consumer import Consumer
from shared.health import Health
from shared.settings import ServiceSettings
from tests.builders import ARecord

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

P0, P1 = TopicPartition("referrals.received", 0), TopicPartition("referrals.received", 1)
Records = dict[TopicPartition, list[ARecord]]


def records(first: int, last: int, partition: TopicPartition = P0) -> Records:
    return {partition: [ARecord(partition=partition.partition, offset=n) for n in range(first, last + 1)]}


class Client:
    """Stands for aiokafka's consumer: what it is told to give, and what it was asked to do, in order."""

    def __init__(self) -> None:
        self.mine: set[TopicPartition] = {P0}
        self.polls: asyncio.Queue[Any] = asyncio.Queue()
        self.did: list[Any] = []
        self.starting: Awaitable[None] | None = None
        self.stopping: BaseException | None = None
        self.refuses: Exception | None = None
        self.heard: int | None = None
        self.stored: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}
        self.asked: Callable[[], None] = lambda: None
        self.listener: Any = None
        self._fetcher = SimpleNamespace(error_future=asyncio.get_running_loop().create_future())
        self._client = SimpleNamespace(send=None)

    def __call__(self, **_: Any) -> Client:
        return self

    def subscribe(self, _: list[str], listener: Any) -> None:
        self.listener = listener

    async def start(self) -> None:
        if self.starting:
            await self.starting
        await self.listener.on_partitions_assigned(self.mine)

    async def stop(self) -> None:
        self.did.append("stopped")
        if self.stopping:
            raise self.stopping

    async def getmany(self, timeout_ms: int) -> Records:
        try:
            given = await asyncio.wait_for(self.polls.get(), timeout_ms / 10_000)
        except TimeoutError:
            return {}
        if isinstance(given, Exception):
            raise given
        polled: Records = await given() if callable(given) else given
        return polled

    async def commit(self, offsets: dict[TopicPartition, Any]) -> None:
        if self.refuses:
            raise self.refuses
        self.did.append({tp.partition: offset.offset for tp, offset in offsets.items()})

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.did.append(("seek", partition.partition, offset))

    async def position(self, partition: TopicPartition) -> int:
        return self.stored.get(partition, 0)

    def pause(self, *partitions: TopicPartition) -> None:
        self.did.append(("pause", *sorted(tp.partition for tp in partitions)))

    def resume(self, *partitions: TopicPartition) -> None:
        self.did.append(("resume", *sorted(tp.partition for tp in partitions)))

    def assignment(self) -> set[TopicPartition]:
        return self.mine

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.stored.get(partition)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked()
        return {tp: self.ends.get(tp, 0) for tp in partitions}

    def last_poll_timestamp(self, _: TopicPartition) -> int | None:
        return self.heard


class Loop:
    """A consuming loop on a scripted client; `handled` are the offsets of each batch that reached the handler."""

    def __init__(self, client: Client, **settings: Any) -> None:
        self.client, self.health, self.stop = client, Health(90), asyncio.Event()
        self.handled: list[dict[int, list[int]]] = []
        self.trouble: list[Exception] = []
        self.assigned: Callable[..., Awaitable[None]] | None = None
        self.handle: Callable[[Any], Awaitable[None]] = self._handle
        self._settings = ServiceSettings(postgres_dsn="postgresql://nowhere", instance="test", **settings)
        self.task: asyncio.Task[None] | None = None

    def consumer(self) -> Consumer:
        topics = ["referrals.received"]
        return Consumer(
            self._settings, self.health, topics=topics, group="triage", handle=self.handle, assigned=self.assigned
        )

    def start(self) -> Loop:
        self.task = asyncio.create_task(self.consumer().run(self.stop))
        return self

    async def ended(self) -> None:
        assert self.task
        self.stop.set()
        await asyncio.wait_for(self.task, 5)

    async def _handle(self, batch: Any) -> None:
        self.handled.append({tp.partition: [record.offset for record in got] for tp, got in batch.items()})
        if self.trouble:
            raise self.trouble.pop(0)
