"""Brings the parts of an embedded system up in order, keeps them up, and takes them down in reverse."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from services.frontdoor import database, recovery
from services.frontdoor.embedded import broker, config, postgres
from services.frontdoor.embedded.part import Part, Process
from services.frontdoor.embedded.ports import HOST
from services.frontdoor.embedded.web import not_ready
from shared.errors import Transient, Usage
from shared.kafka_admin import check_topics, create_topics
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from services.frontdoor.embedded.folder import Folder
    from services.frontdoor.embedded.ports import Ports

T = TypeVar("T")

SERVICES: Final = ("audit", "triage", "intake")  # the door opens last and shuts first
START_SECONDS: Final = 60.0
PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before each further start of a part that died
STEADY_SECONDS: Final = 60.0  # a part that lasted so long starts at the first pause again


class Supervisor:
    """One embedded system. `say` gets a line for a person; `lock` is the folder's lock, held by every part.

    `where` follows the line that says it is ready.
    """

    def __init__(self, folder: Folder, ports: Ports, lock: int, say: Callable[[str], None], where: str) -> None:
        self._folder, self._ports, self._lock, self._say, self._where = folder, ports, lock, say, where
        self._identity = folder.identity()
        self._started: list[Process] = []
        self._calm = asyncio.Event()  # cleared while the topics are made anew: nothing starts then
        self._calm.set()

    async def run(self, stop: asyncio.Event, hurry: asyncio.Event) -> None:
        """Starts everything, keeps it until `stop`, and stops it; `Usage` when something does not come up."""
        stopping = asyncio.create_task(stop.wait())
        work = asyncio.create_task(self._live())
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            work.cancel()
            stopping.cancel()
            await asyncio.wait({work})
            self._folder.withdraw()
            for process in reversed(self._started):
                clean = await stop_process(process, hurry)
                self._line(process, "stopped" if clean else "had to be killed")
        if not work.cancelled():
            work.result()

    async def _live(self) -> None:
        began = time.monotonic()
        await postgres.initialise(self._folder)
        kafka = Process(broker.part(self._folder, self._ports.kafka), self._lock)
        await together(self._up(Process(postgres.part(self._folder), self._lock)), self._up(kafka))
        await postgres.create(self._folder)
        await database.prepare(postgres.dsn(self._folder), {})
        if await self._answered(kafka, self._lost):
            await self._new_generation(kafka)
        await self._answered(kafka, self._topics)
        keys = config.write(self._folder, self._ports)
        parts = [*map(self._service, SERVICES), self._watch()]
        await together(*(self._up(Process(part, self._lock)) for part in parts))
        self._folder.announce(config.running(self._folder, self._identity, self._ports, keys))
        self._say(f"ready in {time.monotonic() - began:.1f} s{self._where}")
        await together(*(self._keep(process) for process in self._started))

    async def _up(self, process: Process) -> None:
        self._started.append(process)
        await process.start()
        await process.until_ready(START_SECONDS)
        self._line(process, f"ready   {process.part.where}")

    async def _keep(self, process: Process) -> None:
        """Starts a part again whenever it ends, with growing pauses."""
        ends = 0
        while True:
            since = time.monotonic()
            code = await process.ended()
            ends = 0 if time.monotonic() - since > STEADY_SECONDS else ends
            pause = PAUSES[min(ends, len(PAUSES) - 1)]
            ends += 1
            self._line(process, f"ended with code {code}: again in {pause:g} s; {process.last_words()}")
            await process.stop(hurry=True)  # what it left behind
            await asyncio.sleep(pause)
            await self._calm.wait()
            await process.start()
            try:
                await process.until_ready(START_SECONDS)
                if process.part.name == "kafka" and await self._answered(process, self._lost):
                    await self._begin_anew(process)
                self._line(process, f"ready   {process.part.where}")
            except Usage as error:
                self._line(process, error.detail)

    async def _answered(self, kafka: Process, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` gives, asked again while what it needs is away: a part that takes connections may not serve yet.

        `Usage` where the broker ends meanwhile.
        """
        while kafka.runs:
            try:
                return await ask()
            except Transient as error:
                self._line(kafka, f"waiting: {error.code}")
                await asyncio.sleep(PAUSES[0])
        raise Usage("part-failed", "ended before it could be asked what it holds")

    async def _lost(self) -> bool:
        return bool(await recovery.lost_partitions(postgres.dsn(self._folder), self._settings()))

    async def _begin_anew(self, kafka: Process) -> None:
        """The broker lost records while the services ran: they stop, and come back with the new generation."""
        self._calm.clear()
        try:
            services = [process for process in self._started if process.part.name in SERVICES]
            await together(*(service.stop() for service in services))
            await self._new_generation(kafka)
            for service in services:
                service.part = self._service(service.part.name)
            await self._answered(kafka, self._topics)
        finally:
            self._calm.set()

    async def _new_generation(self, kafka: Process) -> None:
        """Empties the broker, which lost records, and has everything published again from the databases."""

        async def publish_again() -> recovery.Again:
            return await recovery.publish_again(postgres.dsn(self._folder), recovery.NOTHING_HELD)

        again = await self._answered(kafka, publish_again)
        await kafka.stop()
        broker.forget(self._folder)
        self._identity = self._identity.model_copy(update={"generation": self._identity.generation + 1})
        self._folder.remember(self._identity)
        await kafka.start()
        await kafka.until_ready(START_SECONDS)
        what = f"{again.events} events are published again, in generation {self._identity.generation} of the topics"
        self._line(kafka, f"lost its newest records when it was killed: {what}")

    async def _topics(self) -> None:
        await create_topics(self._settings())
        await check_topics(self._settings())

    def _settings(self) -> ServiceSettings:
        environment = config.environment("audit", self._folder, self._identity, self._ports)
        names = {name.removeprefix("FRONTDOOR_").lower(): value for name, value in environment.items()}
        return ServiceSettings.model_validate(names)

    def _service(self, name: str) -> Part:
        environment = config.environment(name, self._folder, self._identity, self._ports)
        return self._part(name, (f"services.{name}",), environment)

    def _watch(self) -> Part:
        return self._part("watch", ("services.frontdoor", "watch"), config.watch_environment(self._folder, self._ports))

    def _part(self, name: str, module: tuple[str, ...], environment: dict[str, str]) -> Part:
        port = getattr(self._ports, name)
        return Part(
            name=name,
            command=(sys.executable, "-m", *module),
            where=f"http://{HOST}:{port}"
            + (f", HL7 v2 (MLLP) on {HOST}:{self._ports.mllp}" if name == "intake" else ""),
            not_ready=lambda: not_ready(HOST, port),
            log=self._folder.logs / f"{name}.log",
            environment=environment,
            stop_seconds=30,
        )

    def _line(self, process: Process, text: str) -> None:
        self._say(f"{process.part.name:<9} {text}")


async def together(*work: Coroutine[Any, Any, Any]) -> None:
    """Does all of it at once; the first failure ends the rest."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def stop_process(process: Process, hurry: asyncio.Event) -> bool:
    """Stops a part, at once as soon as `hurry` is set; True where it stopped by itself."""
    stopping = asyncio.create_task(process.stop(hurry=hurry.is_set()))
    hurrying = asyncio.create_task(hurry.wait())
    await asyncio.wait({stopping, hurrying}, return_when=asyncio.FIRST_COMPLETED)
    hurrying.cancel()
    if stopping.done():
        return stopping.result()
    stopping.cancel()
    await asyncio.wait({stopping})
    return await process.stop(hurry=True)
