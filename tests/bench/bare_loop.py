"""The peer of (a): the design notes' bare aiokafka loop on our events: consume, validate, produce; nothing is kept.

Each event becomes a routed one (an id of its own, the referral inside), as in the loop that those notes measured.

`python -m tests.bench.bare_loop BOOTSTRAP COUNT` prints one JSON line: {"count", "cpu", "wall"} in seconds.
"""

from __future__ import annotations

import asyncio
import datetime as dt  # noqa: TC003  (pydantic reads the annotations at run time)
import json
import sys
import time
from typing import Any
from uuid import UUID, uuid5

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata

from shared import topics
from shared.events import NAMESPACE
from tests.bench.plain import Frozen, PlainReceived, PlainReferral

OUT = "bench.out"


class Routed(Frozen):
    """What the loop produces."""

    event_id: UUID
    causation_id: UUID
    referral_id: UUID
    routed_at: dt.datetime
    destination: str
    rows: tuple[str, ...]
    referral: PlainReferral


def route(event: Any) -> Routed:
    """One event in, one out; no rule is asked."""
    return Routed(
        event_id=uuid5(NAMESPACE, event.referral_id.hex),
        causation_id=event.referral_id,
        referral_id=event.referral_id,
        routed_at=event.received_at,
        destination="talking-therapies",
        rows=("D01", "U01"),
        referral=event.referral,
    )


async def main(bootstrap: str, count: int) -> None:
    """Consumes `count` records from the first on."""
    consumer = AIOKafkaConsumer(
        topics.RECEIVED,
        bootstrap_servers=bootstrap,
        group_id=f"bare-{time.time_ns()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, max_batch_size=262_144
    )
    await consumer.start()
    await producer.start()
    done, wall, cpu = 0, 0.0, 0.0
    while done < count:
        batch = await consumer.getmany(timeout_ms=500, max_records=500)
        if batch and not wall:
            wall, cpu = time.perf_counter(), time.process_time()
        sent = []
        for records in batch.values():
            for record in records:
                routed = route(PlainReceived.model_validate_json(record.value))
                header = ("ce_id", routed.event_id.hex.encode())
                sent.append(
                    await producer.send(OUT, routed.model_dump_json().encode(), key=record.key, headers=[header])
                )
        await asyncio.gather(*sent)
        if batch:
            await consumer.commit({tp: OffsetAndMetadata(r[-1].offset + 1, "") for tp, r in batch.items()})
        done += len(sent)
    print(json.dumps({"count": done, "cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}))
    await consumer.stop()
    await producer.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
