"""What a schedule happens to: processes of a service on a broker, the store that they share, and a journal of it all."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Final

from aiokafka.errors import KafkaConnectionError

from shared.errors import Transient
from tests.simulation.broker import PLACES, Broker
from tests.simulation.member import Member
from tests.simulation.process import POISON, PlantedError, Process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.consumer import Consumer
    from tests.simulation.checker import Entry
    from tests.simulation.schedule import Schedule

WELL_AGAIN: Final = 30.0  # seconds within which everything is drained once nothing fails any more
LOOKS: Final = 50  # at most so many, a tenth of a second apart, until lag and readiness say that all is well


class World:
    """Does the steps of a schedule, then lets everything be well again and looks whether it is."""

    def __init__(self, schedule: Schedule, loop: type[Consumer], journal: list[Entry]) -> None:
        self.schedule, self._consumer, self.journal = schedule, loop, journal
        self.chance = Random(schedule.seed)
        self.broker = Broker(self.chance, self.note)
        self.heads: dict[int, int] = {}
        self._decisions: dict[tuple[int, int], int] = {}
        self._processes: dict[str, Process] = {}
        self._started = 0
        self._loop = asyncio.get_running_loop()
        self._back_at, self._slow, self._transient, self._bugs = 0.0, 0.0, 0, 0
        self._well = False

    def note(self, what: str, who: str, *of: object) -> None:
        self.journal.append((self._loop.time(), what, who, of))

    async def run(self) -> None:
        for step in self.schedule.steps:
            if step.after:
                await asyncio.sleep(step.after)
            getattr(self, f"do_{step.verb}")(*step.arguments)
        self._heal()
        try:
            await asyncio.wait_for(self.broker.drained.wait(), WELL_AGAIN)
        except TimeoutError:
            return  # the checker sees it
        await self._look()
        await self._stop_all()

    def _heal(self) -> None:
        self._well, self._back_at, self._slow, self._transient, self._bugs = True, 0.0, 0.0, 0, 0
        self.broker.back_at, self.broker.refusals = 0.0, []
        for process in self._processes.values():
            if process.client:
                process.client.trouble.clear()
        self.do_start(0)

    async def _look(self) -> None:
        wrong: tuple[str, ...] = ()
        for _ in range(LOOKS):
            found = ((who.incarnation, *what) for who in self._processes.values() for what in who.wrong())
            if (wrong := next(found, ())) == ():
                return
            await asyncio.sleep(0.1)
        self.note("found", *wrong)

    async def _stop_all(self) -> None:
        self._started = -1
        running = list(self._processes.values())
        for process in running:
            process.ask()
        if running:
            await asyncio.wait([process.task for process in running], timeout=WELL_AGAIN)

    def ended(self, process: Process) -> None:
        """What starts processes anew does so after a failure."""
        if self._processes.get(process.name) is process:
            del self._processes[process.name]
            if process.client:
                self.broker.silent(process.client)
            if self._well or not process.stop.is_set():
                self._loop.call_later(0.2, self.do_start, int(process.name))

    async def something_happens(self, process: Process) -> None:
        """The time that a part of the work takes, and whatever is to fail next."""
        slow, self._slow = self._slow, 0.0
        if slow or self.chance.random() < 0.5:
            await asyncio.sleep(slow + self.chance.random() * 0.05)
        if self._transient or self._loop.time() < self._back_at:
            self._transient = max(0, self._transient - 1)
            raise Transient("postgres-away", "OSError")
        if self._bugs:
            self._bugs -= 1
            self.note("raised", process.incarnation, PlantedError.__name__)
            raise PlantedError

    def decide(self, places: Sequence[tuple[int, int]]) -> list[int]:
        """The decision of each record: the first one that was made."""
        return [self._decisions.setdefault(place, len(self.journal)) for place in places]

    def topics_are_there(self) -> None:
        if self.broker.away():
            raise KafkaConnectionError

    def client(self, incarnation: str) -> Member:
        process = next(each for each in self._processes.values() if each.incarnation == incarnation)
        process.client = Member(self.broker, process.name, incarnation, self.schedule.batch)
        return process.client

    def do_start(self, member: int) -> None:
        name = str(member)
        if name not in self._processes and self._started >= 0:
            self._started += 1
            self._processes[name] = Process(self, name, f"{name}#{self._started}", self._consumer)

    def do_append(self, partition: int, count: int) -> None:
        for _ in range(count):
            self.note("appended", "-", partition, "")
            self.broker.append(PLACES[partition], b"", self._loop.time())

    def do_poison(self, partition: int) -> None:
        self.note("appended", "-", partition, "poison")
        self.broker.append(PLACES[partition], POISON, self._loop.time())

    def do_stop(self, member: int) -> None:
        if process := self._processes.get(str(member)):
            process.ask()

    def do_kill(self, member: int, seconds: float) -> None:
        if process := self._processes.pop(str(member), None):
            process.kill()
            self._loop.call_later(seconds, self.do_start, member)

    def do_rebalance(self) -> None:
        if self.broker.members:
            self.broker.rebalance()

    def do_evict(self, member: int) -> None:
        if found := self.broker.members.get(str(member)):
            self.broker.lose(found)

    def do_slow(self, seconds: float) -> None:
        self._slow = seconds

    def do_transient(self, count: int) -> None:
        self._transient = count

    def do_away(self, seconds: float) -> None:
        self._back_at = self._loop.time() + seconds

    def do_bug(self) -> None:
        self._bugs = 1

    def do_refuse(self, error: str) -> None:
        self.broker.refusals.append(error)

    def do_lost(self) -> None:
        self.broker.refusals.append("lost")

    def do_coordinator(self, seconds: float) -> None:
        self.broker.back_at = self._loop.time() + seconds

    def do_fetch(self, member: int, error: str) -> None:
        if (process := self._processes.get(str(member))) and process.client:
            process.client.trouble.append(error)
            process.client.wake()
