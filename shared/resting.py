"""A rest between fetches that bring nothing, for brokers that answer those at once.

Apache Kafka holds an empty fetch for `fetch_max_wait_ms`. The embedded broker answers it at once, and aiokafka, which
offers no pause between fetches, then asks thousands of times a second: each service would take a whole core for idling.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiokafka.protocol.fetch import FetchRequest

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

SHORTEST, LONGEST = 0.01, 0.08  # seconds; the longest is the most by which a rest can delay a record


def rest_between_empty_fetches(consumer: AIOKafkaConsumer) -> None:
    """Makes the consumer rest after a fetch that came back empty at once: twice as long each time, until one brings."""
    client = consumer._client  # noqa: SLF001  (aiokafka has no public place for it)
    send, rest = client.send, SHORTEST

    async def send_and_rest(node_id: int, request: Any, **more: Any) -> Any:
        nonlocal rest
        began = time.monotonic()
        response = await send(node_id, request, **more)
        if isinstance(request, FetchRequest):
            if _records(response):
                rest = SHORTEST
            elif time.monotonic() - began < rest:
                await asyncio.sleep(rest)
                rest = min(2 * rest, LONGEST)
        return response

    client.send = send_and_rest


def _records(response: Any) -> bool:
    """Whether a fetch brought any records; they are the last field of each partition's part."""
    return any(part[-1] for _, partitions in response.topics for part in partitions)
