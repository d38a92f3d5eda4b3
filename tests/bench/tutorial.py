"""The peer of (b): FastStream as its tutorial has it, typed single messages, `ACK`, publish, and one insert each.

`python -m tests.bench.tutorial BOOTSTRAP DSN COUNT` prints one JSON line: {"count", "cpu", "wall"} in seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import asyncpg
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared import topics
from tests.bench.plain import PlainReceived  # noqa: TC001  (FastStream reads the annotation)

OUT = "bench.out"


async def main(bootstrap: str, dsn: str, count: int) -> None:
    """Handles `count` messages from the first on."""
    broker = KafkaBroker(bootstrap, acks="all", logger=None, allow_auto_create_topics=False)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)
    await pool.execute("CREATE TABLE IF NOT EXISTS tutorial (referral_id uuid, routed jsonb)")
    state = {"done": 0, "wall": 0.0, "cpu": 0.0}
    finished = asyncio.Event()

    @broker.subscriber(
        topics.RECEIVED,
        group_id=f"tutorial-{time.time_ns()}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
    )
    @broker.publisher(OUT)
    async def route(event: PlainReceived) -> PlainReceived:
        if not state["wall"]:
            state["wall"], state["cpu"] = time.perf_counter(), time.process_time()
        await pool.execute("INSERT INTO tutorial VALUES ($1, $2)", event.referral_id, event.model_dump_json())
        state["done"] += 1
        if state["done"] >= count:
            finished.set()
        return event

    await broker.start()
    await finished.wait()
    cpu, wall = time.process_time() - state["cpu"], time.perf_counter() - state["wall"]
    print(json.dumps({"count": state["done"], "cpu": cpu, "wall": wall}), flush=True)
    os._exit(0)  # its consumer has more to read and would go on


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
