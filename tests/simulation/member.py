"""A member of a group as aiokafka's consumer shows it to the loop: what it polls, commits and is assigned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka import errors

from tests.scripted import Client

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiokafka.structs import TopicPartition

    from tests.scripted import Records
    from tests.simulation.broker import Broker


class Member(Client):
    """Stands for aiokafka's consumer in one process, which may be killed: from then on it does nothing."""

    def __init__(self, broker: Broker, name: str, incarnation: str, batch: int) -> None:
        super().__init__()
        self.broker, self.name, self.incarnation, self._batch = broker, name, incarnation, batch
        self.stored, self.ends, self.mine = broker.stored, broker.ends, set()
        self.generation = 0
        self.rejoin = asyncio.Event()
        self.trouble: list[str] = []
        self._reassigning = True
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._loop = asyncio.get_running_loop()
        self._news = self._loop.create_future()
        self._coordination: asyncio.Task[None] | None = None

    def kill(self) -> None:
        self.trouble.clear()
        if self._coordination:
            self._coordination.cancel()
        self.broker.silent(self)

    async def start(self) -> None:
        await self.broker.answer()
        if self.broker.away():
            raise errors.KafkaConnectionError
        self.rejoin.set()
        self._coordination = asyncio.create_task(self._coordinate())
        self._coordination.add_done_callback(self._coordinated)
        await self._until_assigned()

    def _coordinated(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self.broker.note("found", self.incarnation, "a rebalance failed", repr(error))

    async def stop(self) -> None:
        await self.broker.answer()
        self.kill()

    async def _coordinate(self) -> None:
        while True:
            await self.rejoin.wait()
            self._reassigning = True
            if self.mine:
                self.broker.note("revoking", self.incarnation)
            await self.listener.on_partitions_revoked(frozenset(self.mine))
            self.broker.note("revoked", self.incarnation)
            mine = await self.broker.join(self)
            self.rejoin.clear()
            self.mine, self._positions, self._paused = set(mine), {}, set()
            self._reassigning = False
            self.broker.note("assigned", self.incarnation, *(place.partition for place in mine))
            self.wake()
            await self.listener.on_partitions_assigned(frozenset(mine))

    def wake(self) -> None:
        if not self._news.done():
            self._news.set_result(None)

    async def _woken(self) -> None:
        self._news = self._loop.create_future()
        await self._news

    async def _until_assigned(self) -> None:
        while self._reassigning:
            await self._woken()

    async def getmany(self, timeout_ms: int) -> Records:
        """As aiokafka's: while a reassignment goes on it outlasts its timeout."""
        until = self._loop.time() + timeout_ms / 1000
        while True:
            await self._until_assigned()
            self._raise_trouble()
            if missing := [place for place in self.mine if place not in self._positions]:
                await self._find(missing, self._positions)
            elif (polled := self._drain()) or self._loop.time() >= until:
                return polled
            else:
                timer = self._loop.call_at(until, self.wake)
                try:
                    await self._woken()
                finally:
                    timer.cancel()

    def _raise_trouble(self) -> None:
        if self.trouble and not self._fetcher.error_future.done():
            code = self.trouble.pop(0)
            if code == "fetching-ended":
                self._fetcher.error_future.set_result(None)
                self.broker.note("raised", self.incarnation, "Bug")
                return
            error = getattr(errors, code)()
            if not error.retriable:
                self.broker.note("raised", self.incarnation, code)
            raise error

    async def _find(self, places: Iterable[TopicPartition], positions: dict[TopicPartition, int]) -> None:
        await self.broker.coordinator()
        for place in places:
            positions.setdefault(place, self.stored.get(place, 0))

    def _drain(self) -> Records:
        left, polled = self._batch, {}
        for place in sorted(self.mine - self._paused):
            records = self.broker.logs[place][(at := self._positions[place]) : at + left]
            if records:
                polled[place] = records
                self._positions[place] = at + len(records)
                left -= len(records)
        return polled

    async def commit(self, offsets: dict[TopicPartition, Any]) -> None:
        self._check(offsets)
        if away := self.broker.away():
            await asyncio.sleep(away)
        try:
            await asyncio.shield(self._sent(offsets))
        except errors.KafkaError as error:
            if not (error.retriable or isinstance(error, (errors.CommitFailedError, errors.IllegalStateError))):
                self.broker.note("raised", self.incarnation, type(error).__name__)
            raise

    async def _sent(self, offsets: dict[TopicPartition, Any]) -> None:
        """A request on its way, which arrives whatever becomes of the member."""
        await self.broker.answer()
        code = self.broker.refusals.pop(0) if self.broker.refusals else ""
        if code == "CommitFailedError":
            self.generation = 0
        elif code and code != "lost":
            raise getattr(errors, code)
        self.broker.commit(self, offsets)
        await (asyncio.Event().wait() if code == "lost" else self.broker.answer())

    def _check(self, places: Iterable[TopicPartition]) -> None:
        if not set(places) <= self.mine:
            raise errors.IllegalStateError("a partition is not assigned")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._check([partition])
        self._positions[partition] = offset
        self.wake()

    async def position(self, partition: TopicPartition) -> int:
        self._check([partition])
        if partition not in self._positions:
            await self._find([partition], self._positions)
        return self._positions[partition]

    def pause(self, *partitions: TopicPartition) -> None:
        self._check(partitions)
        self._paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._check(partitions)
        self._paused.difference_update(partitions)
        self.wake()

    async def committed(self, partition: TopicPartition) -> int | None:
        found = self.stored.get(partition)
        await self.broker.coordinator()
        return found

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        await self.broker.answer()
        return {place: self.ends[place] for place in partitions}

    def last_poll_timestamp(self, partition: TopicPartition) -> int | None:
        self._check([partition])
        return int(self._loop.time() * 1000)
