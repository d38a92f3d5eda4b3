"""How long referrals wait for their decision while the rules change: on Apache Kafka, with the whole Lambeth set."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests import conftest, engine
from tests.changing import change_under_load
from tests.engine import ApacheKafka, ContainerPostgres
from tests.stack import Stack

RATE, SECONDS = 500, 10


def change_waits() -> dict[str, Any] | None:
    """Milliseconds; None where no container engine answers."""
    return None if engine.missing() else asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    broker, server = ApacheKafka(), ContainerPostgres()
    broker.start()
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            stack = Stack(Path(folder), broker, await _database(server), {"partitions": 12})
            await stack.make_topics()
            stack.start("triage", rules_poll=0.5)
            decided = sorted(await change_under_load(stack, RATE, SECONDS), key=lambda one: one.offset)
            waits = sorted(one.waited_ms for one in decided[RATE:])  # the first second warms up
            stack.close()
    finally:
        broker.stop()
        server.stop()
    return {
        "rate": RATE,
        "decided": len(waits),
        "p50": statistics.median(waits),
        "p99": waits[len(waits) * 99 // 100],
        "most": waits[-1],
    }


async def _database(server: ContainerPostgres) -> Any:
    await conftest._make_template(server)
    return await conftest._fresh(server)
