"""A broker and its clients as aiokafka shows them: logs, commits and a group that rebalances, in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from aiokafka import errors
from aiokafka.structs import TopicPartition

from tests.builders import ARecord
from tests.simulation.schedule import PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.scripted import Records
    from tests.simulation.member import Member

SESSION: Final = 1.5  # seconds, each of these; shorter than in production, so that idle seconds are few
REBALANCE: Final = 1.0  # a member that joins later than this is dropped from its group
HEARTBEAT: Final = 0.3  # within this a member learns that its group rebalances
ANSWER: Final = 0.02  # within this a request is answered


class Place(TopicPartition):  # type: ignore[misc]  # aiokafka's structs are untyped
    """A partition whose hash is the same in every process: a seed then gives the same order of everything."""

    def __hash__(self) -> int:
        return int(self.partition)


PLACES: Final = tuple(Place("referrals.received", number) for number in range(PARTITIONS))


class Broker:
    """What outlives every process; `note` writes the journal."""

    def __init__(self, chance: Random, note: Callable[..., None]) -> None:
        self.chance, self.note = chance, note
        self.logs: Records = {place: [] for place in PLACES}
        self.stored: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = dict.fromkeys(PLACES, 0)
        self.members: dict[str, Member] = {}
        self.refusals: list[str] = []
        self.back_at = 0.0
        self.drained = asyncio.Event()
        self.drained.set()
        self.generation = 0
        self._joining: dict[Member, asyncio.Future[tuple[Place, ...]]] = {}
        self._deadline: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def append(self, place: Place, value: bytes, now: float) -> None:
        self.logs[place].append(
            ARecord(partition=place.partition, offset=self.ends[place], value=value, timestamp=int(now * 1000))
        )
        self.ends[place] += 1
        self.drained.clear()
        for member in self.members.values():
            member.wake()

    async def answer(self) -> None:
        if (late := self.chance.random() - 0.5) > 0:  # half of them at once
            await asyncio.sleep(late * 2 * ANSWER)

    async def coordinator(self) -> None:
        """A request to the group's coordinator, tried until it is there."""
        await self.answer()
        if away := self.away():
            await asyncio.sleep(away)
            await self.coordinator()

    def away(self) -> float:
        """For so many seconds it will not be there."""
        return max(0.0, self.back_at - self._loop.time())

    def commit(self, member: Member, offsets: dict[TopicPartition, Any]) -> None:
        """Only from a member of the group as it is now."""
        if self.members.get(member.name) is not member or member.generation != self.generation:
            member.rejoin.set()
            raise errors.CommitFailedError
        for place, offset in offsets.items():
            self.stored[place] = offset.offset
            self.note("committed", member.incarnation, place.partition, offset.offset)
        if all(self.stored.get(place, 0) == end for place, end in self.ends.items()):
            self.drained.set()

    async def join(self, member: Member) -> tuple[Place, ...]:
        """Its partitions, when every member has joined or the others are too late."""
        await self.coordinator()
        self._joining.pop(self.members.get(member.name, member), None)  # killed while it waited, and started anew
        self.members[member.name] = member
        joined: asyncio.Future[tuple[Place, ...]] = self._loop.create_future()
        self._joining[member] = joined
        self.rebalance()
        return await joined

    def rebalance(self) -> None:
        if self._deadline is None:
            self._deadline = self._loop.call_later(REBALANCE, self._complete)
            for member in self.members.values():
                if member not in self._joining:
                    self._tell(member)
        self._complete_if_all()

    def lose(self, member: Member) -> None:
        """Its session is over, as far as the broker knows; not while it waits to join."""
        joining = self._joining.get(member)
        if self.members.get(member.name) is member and (joining is None or joining.done()):
            del self.members[member.name]
            self._joining.pop(member, None)
            self._tell(member)
            if self.members:
                self.rebalance()

    def silent(self, member: Member) -> None:
        """It is heard no more. A static member does not say that it leaves."""
        self._loop.call_later(SESSION, self.lose, member)

    def _tell(self, member: Member) -> None:
        self._loop.call_later(self.chance.random() * HEARTBEAT, member.rejoin.set)

    def _complete_if_all(self) -> None:
        if set(self.members.values()) <= self._joining.keys():
            self._complete()

    def _complete(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        joined, self._joining, self._deadline = self._joining, {}, None
        self.members = {member.name: member for member in joined}
        self.generation += 1
        turn = self.chance.choice((0, 0, 1))
        for number, member in enumerate(sorted(joined, key=lambda member: member.name)):
            member.generation = self.generation
            if not joined[member].done():  # it stopped meanwhile
                joined[member].set_result(PLACES[(number + turn) % len(joined) :: len(joined)])
