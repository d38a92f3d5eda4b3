"""Does each kind of fault and says by what its effect was seen; one whose effect nobody saw does not count."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from tests.chaos.seeded.poison import Poisoner
from tests.chaos.seeded.schedule import INSTANCES, SERVICES, SESSION_SECONDS, Fault, name_of
from tests.chaos.seeded.servers import EFFECT_SECONDS, EVERY, HANGS_SECONDS, Servers
from tests.chaos.seeded.standards import let_gp_speak_hl7
from tests.chaos.seeded.witness import asking
from tests.engine import free_port
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.processes import Owned
    from tests.stack import Stack

STOP_SECONDS: Final = 300.0
AT_WORK_SECONDS: Final = 5.0  # that a process gets to be at work: without Kafka it may not come to that
GROUPS: Final = {"triage": "triage", "audit": "audit", "intake": "intake-status"}


class Faults:
    """Does faults to a stack that runs two instances of each service. `do` gives the evidence, or None."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack, self._servers, self.poisoner = stack, Servers(stack), Poisoner(stack, seed)
        self.ended: list[str] = []  # what ended by itself, and was started anew as a supervisor would
        self.mllp = {instance: free_port() for instance in INSTANCES}
        let_gp_speak_hl7(stack)
        self._kinds: dict[str, Callable[[Fault], Awaitable[str | None]]] = {
            "kill": self._kill,
            "terminate": self._terminate,
            "freeze": self._freeze,
            "cut sessions": self._cut_sessions,
            "roll": self._roll,
            "scale": self._scale,
            "postgres kill": self._servers.killed,
            "postgres restart": self._servers.restarted,
            "broker kill": self._servers.killed,
            "broker restart": self._servers.restarted,
            "poison": self.poisoner.put,
        }

    async def start(self) -> None:
        """Two instances of each service, all ready."""
        for instance in INSTANCES:
            for service in SERVICES:
                self._begin(service, instance)
        await self.settled()

    async def do(self, fault: Fault) -> str | None:
        """Does it and undoes it; what was seen of it."""
        return await self._kinds[fault.kind](fault)

    async def settled(self) -> None:
        """Waits until every instance is ready."""
        for service in SERVICES:
            for instance in INSTANCES:
                assert await self._ready(service, instance, HANGS_SECONDS), f"{service} {instance} never was ready"

    def _begin(self, service: str, instance: str) -> Owned:
        more = {"mllp_port": self.mllp[instance], "mllp_host": "127.0.0.1"} if service == "intake" else {}
        return self._stack.begin(service, instance, session_timeout=SESSION_SECONDS, **more)

    async def _ready(self, service: str, instance: str, seconds: float) -> bool:
        """Waits until an instance is ready."""
        process = self._stack.process(name_of(service, instance))

        async def ready() -> bool:
            nonlocal process
            if not process.runs:
                self.ended.append(f"{process.part.name} ended with {process.exit_code}")
                process = self._begin(service, instance)
            return not await process.part.not_ready()

        with suppress(AssertionError):
            await eventually(ready, seconds, EVERY)
            return True
        return False

    async def _kill(self, fault: Fault) -> str | None:
        if fault.at_work:
            await self._ready(fault.service, fault.instance, AT_WORK_SECONDS)
        process = self._stack.process(fault.name)
        ran = process.runs
        await asyncio.to_thread(process.kill)
        await asyncio.sleep(fault.held)
        self._begin(fault.service, fault.instance)
        return f"process gone, {process.exit_code}" if ran and process.exit_code == -signal.SIGKILL else None

    async def _terminate(self, fault: Fault) -> str | None:
        if fault.at_work:
            await self._ready(fault.service, fault.instance, AT_WORK_SECONDS)
        return await self._stopped(fault.service, fault.instance)

    async def _stopped(self, service: str, instance: str) -> str | None:
        """Stops an instance in order and starts it again."""
        process = self._stack.process(name_of(service, instance))
        ran, code = process.runs, await asyncio.to_thread(process.stop, STOP_SECONDS)
        self._begin(service, instance)
        return f"process gone, exit code {code}" if ran and code == 0 else None

    async def _freeze(self, fault: Fault) -> str | None:
        """Longer than the session lasts: the group goes on without the member, which wakes up in the past."""
        process = self._stack.process(fault.name)
        if not await self._members(fault.service, 2) or not process.runs:
            return None
        process.pause()
        try:
            silent = await self._silent(fault.name)
            left = await self._members(fault.service, 1)
            await asyncio.sleep(fault.held)
        finally:
            process.resume()
        return f"no answer; {left}" if silent and left else None

    async def _cut_sessions(self, fault: Fault) -> str | None:
        """Every connection of a service to PostgreSQL is ended by the server."""
        sql = "SELECT pid FROM pg_stat_activity WHERE usename = $1"
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            role = f"frontdoor_{fault.service}"
            pids = {row["pid"] for row in await self._stack.fetch(sql, role)}
            await self._stack.fetch("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", list(pids))

            async def gone() -> bool:
                return not pids & {row["pid"] for row in await self._stack.fetch(sql, role)}

            await eventually(gone, EFFECT_SECONDS)
            return f"{len(pids)} sessions gone" if pids else None
        return None

    async def _roll(self, fault: Fault) -> str | None:
        """One instance after the other is stopped in order and started again."""
        seen = []
        for instance in INSTANCES:
            await self._ready(fault.service, instance, EFFECT_SECONDS)
            seen.append(await self._stopped(fault.service, instance))
            await self._ready(fault.service, instance, EFFECT_SECONDS)
        return f"both stopped in order: {', '.join(filter(None, seen))}" if all(seen) else None

    async def _scale(self, fault: Fault) -> str | None:
        """In to one instance, until the group shares its partitions anew, and out again."""
        before = await self._members(fault.service, 2)
        await asyncio.to_thread(self._stack.process(f"{fault.service}-2").stop, STOP_SECONDS)
        alone = await self._members(fault.service, 1)
        await asyncio.sleep(fault.held)
        self._begin(fault.service, "2")
        both = await self._members(fault.service, 2)
        return f"rebalances seen: {alone}, {both}" if before and alone and both else None

    async def _silent(self, name: str) -> bool:
        with suppress(httpx.TransportError):
            async with httpx.AsyncClient(timeout=2) as client:
                await client.get(f"{self._stack.url(name)}/live")
                return False
        return True

    async def _members(self, service: str, count: int) -> str | None:
        """Waits until the service's group has so many members."""
        group = GROUPS[service]

        async def has() -> bool:
            with suppress(OSError, TimeoutError, KafkaError):
                async with asking(self._stack.kafka.bootstrap) as admin:
                    (answer,) = await admin.describe_consumer_groups([group])
                return len(answer.groups[0][5]) == count
            return False

        with suppress(AssertionError):
            await eventually(has, EFFECT_SECONDS, EVERY)
            return f"group {group} has {count}"
        return None
