"""The peer of (a): a bare aiokafka loop, consume, validate, produce; the same events in, the same model, nothing kept.

`python -m tests.bench.bare_loop BOOTSTRAP COUNT` prints one JSON line: {"count", "cpu", "wall"} in seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata

from shared import topics
from shared.cloudevents import to_json
from shared.events import ReferralReceived

OUT = "bench.out"


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
                event = ReferralReceived.model_validate_json(record.value)
                header = ("ce_id", str(event.referral_id).encode())
                sent.append(await producer.send(OUT, to_json(event), key=record.key, headers=[header]))
        await asyncio.gather(*sent)
        if batch:
            await consumer.commit({tp: OffsetAndMetadata(r[-1].offset + 1, "") for tp, r in batch.items()})
        done += len(sent)
    print(json.dumps({"count": done, "cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}))
    await consumer.stop()
    await producer.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
