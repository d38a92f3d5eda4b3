"""One schedule run to its end: processes of a service on a broker, the store that they share, and the journal of it all."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from random import Random, seed
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiokafka.errors import KafkaConnectionError
from pytest import MonkeyPatch

from shared import consumer, lag, membership
from shared.consumer import Consumer
from shared.errors import Transient
from shared.health import Health
from shared.settings import ServiceSettings
from tests.simulation.broker import PLACES, Broker
from tests.simulation.checker import Checker, Violation
from tests.simulation.clock import StandsStillError, Time, in_virtual_time
from tests.simulation.member import Member

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aiokafka.structs import TopicPartition

    from shared.consumer import Batch
    from tests.simulation.checker import Entry
    from tests.simulation.schedule import Schedule

WELL_AGAIN: Final = 30.0  # seconds within which everything is drained once nothing fails any more
LOOKS: Final = 10  # at most so many, half a second apart, until lag and readiness say that all is well
POISON: Final = b"no event"
SILENT: Final = structlog.make_filtering_bound_logger("critical")(None, [], {})
_world: ContextVar[World] = ContextVar("world")


class PlantedError(Exception):
    """A bug of a handler."""


@cache
def settings(instance: str) -> ServiceSettings:
    """With short deadlines, for idle seconds cost most."""
    return ServiceSettings(
        postgres_dsn="postgresql://nowhere", instance=instance, kafka_send_timeout=0.8, kafka_stop_timeout=0.3
    )


class Process:
    """One process of the service: the loop under test, and a handler that does what triage's does."""

    def __init__(self, world: World, name: str, incarnation: str, loop: type[Consumer]) -> None:
        self.world, self.name, self.incarnation = world, name, incarnation
        self.stop, self.health = asyncio.Event(), Health(60, Time.monotonic)
        self.client: Member | None = None
        self._loop = loop(
            settings(name),
            self.health,
            topics=["referrals.received"],
            group=incarnation,
            handle=self._handle,
            assigned=self._place if world.schedule.places else None,
        )
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._loop.run(self.stop)
        except Exception as error:  # noqa: BLE001  (whatever it is, the checker says whether it may be)
            if isinstance(error, (NameError, TypeError, AttributeError)): import traceback; traceback.print_exc()
            self.world.note("ended", self.incarnation, type(error).__name__, "")
        else:
            self.world.note("ended", self.incarnation, "", "asked" if self.stop.is_set() else "")
        self.world.ended(self)

    def kill(self) -> None:
        self.world.note("killed", self.incarnation)
        self.task.cancel()
        if self.client:
            self.client.kill()

    async def _handle(self, batch: Batch) -> None:
        """Decide in one transaction, publish, note what was published; anything may fail between two of these."""
        places = [(record.partition, record.offset) for records in batch.values() for record in records]
        await self.world.something_happens(self)
        decisions = self.world.decide(places)
        await self.world.something_happens(self)
        for (partition, offset), decision in zip(places, decisions, strict=True):
            self.world.note("decided", self.incarnation, partition, offset, decision)
        for record in (record for records in batch.values() for record in records if record.value == POISON):
            self.world.note("parked", self.incarnation, record.partition, record.offset)
        await self.world.something_happens(self)
        for partition, offset in places:
            self.world.note("handled", self.incarnation, partition, offset)
            self.world.heads[partition] = max(self.world.heads.get(partition, 0), offset + 1)

    async def _place(self, client: Member, places: Sequence[TopicPartition]) -> None:
        """Reads on where the store ends, as audit does."""
        await self.world.something_happens(self)
        for place in places:
            client.seek(place, self.world.heads.get(place.partition, 0))


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
        _world.set(self)
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
        for _ in range(LOOKS):
            if not (wrong := [found for process in self._processes.values() for found in self._wrong_with(process)]):
                return
            await asyncio.sleep(0.5)
        self.note("found", *wrong[0])

    def _wrong_with(self, process: Process) -> Iterator[tuple[str, str, str]]:
        ready, why = process.health.ready()
        if not ready:
            yield process.incarnation, "not ready", str(why)
        for metric in lag.RECORDS.collect():
            for sample in metric.samples:
                place = int(sample.labels["partition"])
                if sample.labels["group"] == process.incarnation and process.client:
                    if PLACES[place] not in process.client.mine:
                        yield process.incarnation, "lag of another's partition", str(place)
                    elif sample.value:
                        yield process.incarnation, "lag of what is committed", f"{place}: {sample.value:g}"

    async def _stop_all(self) -> None:
        self._started = -1
        running = list(self._processes.values())
        for process in running:
            process.stop.set()
        if running:
            _, late = await asyncio.wait([process.task for process in running], timeout=5)
            for process in running:
                if process.task in late:
                    self.note("found", process.incarnation, "a stop that took too long")

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
        await asyncio.sleep(slow + self.chance.random() * 0.03)
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
        if self._loop.time() < self.broker.back_at:
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
            process.stop.set()

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


@contextmanager
def simulated() -> Iterator[None]:
    """Within it the loop's clock, its client and its log are the simulation's."""

    async def topics_are_there(_: ServiceSettings) -> None:
        _world.get().topics_are_there()

    with MonkeyPatch.context() as patch:
        for module in (consumer, lag, membership):
            patch.setattr(module, "time", Time)
        for module in (consumer, membership):
            patch.setattr(module, "get_logger", lambda: SILENT)
        patch.setattr(consumer, "AIOKafkaConsumer", lambda **options: _world.get().client(options["group_id"]))
        patch.setattr(consumer, "check_topics", topics_are_there)
        patch.setattr(lag, "EVERY", 0.6)
        yield


def run(schedule: Schedule, loop: type[Consumer] = Consumer) -> tuple[Violation | None, list[Entry]]:
    """What did not hold, if anything, and the journal. Within `simulated`; the same schedule gives the same."""
    seed(schedule.seed)
    lag.RECORDS.clear()
    lag.SECONDS.clear()
    journal: list[Entry] = []

    async def whole() -> None:
        world = World(schedule, loop, journal)
        await world.run()

    try:
        in_virtual_time(whole())
    except StandsStillError:
        return Violation("stands still", journal[-1][0] if journal else 0.0, "everything waits for ever"), journal
    return Checker().read(journal), journal
