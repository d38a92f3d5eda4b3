"""The servers that the services stand on, killed and restarted; seen by a refused connection and by who leads instead."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from aiokafka.errors import KafkaError

from tests.chaos.seeded.witness import asking
from tests.engine import ApacheKafka, KafkaCluster
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tests.chaos.seeded.schedule import Fault
    from tests.stack import Stack

EFFECT_SECONDS: Final = 60.0  # an effect that does not show by then counts as none
HANGS_SECONDS: Final = 900.0  # the machine may be busy: only what hangs takes so long
HALT_SECONDS: Final = 60
EVERY: Final = 0.3  # seconds between two questions: the machine has other things to do


def brokers_of(stack: Stack) -> Sequence[ApacheKafka]:
    """Its brokers, which are Apache Kafka's: `make chaos` runs on nothing else."""
    assert isinstance(stack.kafka, (ApacheKafka, KafkaCluster))
    return stack.kafka.brokers


class Servers:
    """The brokers and the database server of a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._brokers = stack, brokers_of(stack)

    async def killed(self, fault: Fault) -> str | None:
        """SIGKILL, and up again."""
        return await self._down(fault, lambda server: server.signal("KILL"))

    async def restarted(self, fault: Fault) -> str | None:
        """A clean stop, and up again."""
        return await self._down(fault, lambda server: server.halt(HALT_SECONDS))

    async def _down(self, fault: Fault, end: Any) -> str | None:
        if fault.kind.startswith("postgres"):
            seen = await self._out(self._stack.database.server, fault.held, end)
            await eventually(self._postgres_answers, HANGS_SECONDS, EVERY)
            return seen
        leaders = await eventually(self._leaders, HANGS_SECONDS, EVERY)
        leading = [broker for broker in self._brokers if broker.node in leaders.values()]
        broker = leading[fault.which % len(leading)]
        seen = await self._out(broker, fault.held, end, [place for place in leaders if leaders[place] == broker.node])
        await eventually(self._all_in_sync, HANGS_SECONDS, EVERY)
        return seen

    async def _out(self, server: Any, held: float, end: Any, led: Collection[tuple[str, int]] = ()) -> str | None:
        await asyncio.to_thread(end, server)
        seen = await self._refuses(server.port)
        if led and len(self._brokers) > 1:
            moved = await self._led_otherwise(server, led)
            seen = f"{seen}, {moved}" if seen and moved else None
        await asyncio.sleep(held)
        await asyncio.to_thread(server.again)
        return seen

    async def _led_otherwise(self, broker: ApacheKafka, led: Collection[tuple[str, int]]) -> str | None:
        """Waits until other brokers lead what this one led."""

        async def elsewhere() -> bool:
            leaders = await self._leaders()
            return all(leaders.get(place, -1) not in (-1, broker.node) for place in led)

        with suppress(AssertionError):
            await eventually(elsewhere, EFFECT_SECONDS, EVERY)
            return f"other leaders for {len(led)} partitions"
        return None

    async def _leaders(self) -> dict[tuple[str, int], int]:
        """The node that leads each partition; {} while Kafka does not say."""
        return {(name, one["partition"]): one["leader"] for name, one in await self._partitions()}

    async def _all_in_sync(self) -> bool:
        """Whether every partition has all its copies."""
        partitions = await self._partitions()
        return bool(partitions) and all(len(one["isr"]) == len(one["replicas"]) for _, one in partitions)

    async def _partitions(self) -> list[tuple[str, dict[str, Any]]]:
        with suppress(OSError, TimeoutError, KafkaError):
            async with asking(self._stack.kafka.bootstrap) as admin:
                return [(topic["topic"], one) for topic in await admin.describe_topics() for one in topic["partitions"]]
        return []

    async def _postgres_answers(self) -> bool:
        with suppress(OSError, TimeoutError, asyncpg.PostgresError):
            return bool(await self._stack.fetch("SELECT 1"))
        return False

    async def _refuses(self, port: int) -> str | None:
        def refused() -> bool:
            with socket.socket() as sock:
                sock.settimeout(1)
                return sock.connect_ex(("127.0.0.1", port)) != 0

        with suppress(AssertionError):
            await eventually(refused, EFFECT_SECONDS)
            return "connection refused"
        return None
