"""Does each kind of fault and says by what its effect was seen; one whose effect nobody saw does not count."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.chaos.seeded.poison import Poisoner
from tests.chaos.seeded.schedule import INSTANCES, SERVICES, SESSION_SECONDS, Fault
from tests.chaos.seeded.standards import let_gp_speak_hl7
from tests.engine import free_port
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.stack import Stack

SETTLE_SECONDS: Final = 120.0
GROUPS: Final = {"triage": "triage", "audit": "audit", "intake": "intake-status"}


class Faults:
    """Does faults to a stack that runs two instances of each service. `do` gives the evidence, or None."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack, self.poisoner = stack, Poisoner(stack, seed)
        self.mllp = {instance: free_port() for instance in INSTANCES}
        let_gp_speak_hl7(stack)
        self._kinds: dict[str, Callable[[Fault], Awaitable[str | None]]] = {
            "kill": self._kill,
            "terminate": self._terminate,
            "freeze": self._freeze,
            "cut sessions": self._cut_sessions,
            "roll": self._roll,
            "scale": self._scale,
            "postgres kill": self._server_killed,
            "postgres restart": self._server_restarted,
            "broker kill": self._server_killed,
            "broker restart": self._server_restarted,
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
                name = service if instance == "1" else f"{service}-{instance}"
                await asyncio.to_thread(self._stack.process(name).until_ready, SETTLE_SECONDS)

    def _begin(self, service: str, instance: str) -> None:
        more = {"mllp_port": self.mllp[instance], "mllp_host": "127.0.0.1"} if service == "intake" else {}
        self._stack.begin(service, instance, session_timeout=SESSION_SECONDS, **more)

    async def _kill(self, fault: Fault) -> str | None:
        process = self._stack.process(fault.name)
        if not process.runs:
            return None
        process.signal(signal.SIGCONT)
        await asyncio.to_thread(process.kill)
        seen = f"process gone, {process.exit_code}" if process.exit_code == -signal.SIGKILL else None
        await asyncio.sleep(fault.held)
        self._begin(fault.service, fault.instance)
        return seen

    async def _terminate(self, fault: Fault) -> str | None:
        process = self._stack.process(fault.name)
        if not process.runs:
            return None
        code = await asyncio.to_thread(process.stop, 60)
        self._begin(fault.service, fault.instance)
        return f"process gone, exit code {code}" if code == 0 else None

    async def _freeze(self, fault: Fault) -> str | None:
        """Longer than the session lasts: the group goes on without the member, which wakes up in the past."""
        process = self._stack.process(fault.name)
        if not process.runs:
            return None
        process.pause()
        try:
            silent = await self._silent(fault.name)
            left = await self._members(fault.service, 1, fault.held + SESSION_SECONDS)
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

            await eventually(gone, 10)
            return f"{len(pids)} sessions gone" if pids else None
        return None

    async def _roll(self, fault: Fault) -> str | None:
        """One instance after the other is stopped in order and started again."""
        codes = []
        for instance in INSTANCES:
            name = fault.service if instance == "1" else f"{fault.service}-{instance}"
            codes.append(await asyncio.to_thread(self._stack.process(name).stop, 60))
            self._begin(fault.service, instance)
            await asyncio.to_thread(self._stack.process(name).until_ready, SETTLE_SECONDS)
        return f"both stopped in order, exit codes {codes}" if codes == [0, 0] else None

    async def _scale(self, fault: Fault) -> str | None:
        """In to one instance, until the group shares its partitions anew, and out again."""
        await asyncio.to_thread(self._stack.process(f"{fault.service}-2").stop, 60)
        alone = await self._members(fault.service, 1, fault.held + SESSION_SECONDS)
        self._begin(fault.service, "2")
        both = await self._members(fault.service, 2, SETTLE_SECONDS)
        return f"rebalances seen: {alone}, {both}" if alone and both else None

    async def _server_killed(self, fault: Fault) -> str | None:
        server = self._server(fault)
        await asyncio.to_thread(server.signal, "KILL")
        seen = await self._refuses(server.port)
        await asyncio.sleep(fault.held)
        await asyncio.to_thread(server.again)
        await self._serves(fault)
        return seen

    async def _server_restarted(self, fault: Fault) -> str | None:
        server = self._server(fault)
        await asyncio.to_thread(server.halt, 30)
        seen = await self._refuses(server.port)
        await asyncio.sleep(fault.held)
        await asyncio.to_thread(server.again)
        await self._serves(fault)
        return seen

    def _server(self, fault: Fault) -> Any:
        return self._stack.database.server if fault.kind.startswith("postgres") else self._stack.kafka

    async def _refuses(self, port: int) -> str | None:
        def refused() -> bool:
            with socket.socket() as sock:
                sock.settimeout(1)
                return sock.connect_ex(("127.0.0.1", port)) != 0

        with suppress(AssertionError):
            await eventually(refused, 10)
            return "connection refused"
        return None

    async def _serves(self, fault: Fault) -> None:
        async def answers() -> bool:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, KafkaError):
                if fault.kind.startswith("postgres"):
                    return bool(await self._stack.fetch("SELECT 1"))
                admin = AIOKafkaAdminClient(bootstrap_servers=self._stack.kafka.bootstrap)
                try:
                    await admin.start()
                    return bool(await admin.list_topics())
                finally:
                    await admin.close()
            return False

        await eventually(answers, SETTLE_SECONDS)

    async def _silent(self, name: str) -> bool:
        with suppress(httpx.TransportError):
            async with httpx.AsyncClient(timeout=2) as client:
                await client.get(f"{self._stack.url(name)}/live")
                return False
        return True

    async def _members(self, service: str, count: int, seconds: float) -> str | None:
        """Waits until the service's group has so many members."""
        group = GROUPS[service]

        async def has() -> bool:
            admin = AIOKafkaAdminClient(bootstrap_servers=self._stack.kafka.bootstrap)
            with suppress(OSError, TimeoutError, KafkaError):
                try:
                    await admin.start()
                    (answer,) = await admin.describe_consumer_groups([group])
                    return len(answer.groups[0][5]) == count
                finally:
                    await admin.close()
            return False

        with suppress(AssertionError):
            await eventually(has, seconds)
            return f"group {group} has {count}"
        return None
