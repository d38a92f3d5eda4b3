"""A consumer rests where a broker answers an empty fetch at once, and only there."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

from aiokafka.protocol.fetch import FetchRequest

from shared.resting import LONGEST, SHORTEST, rest_between_empty_fetches


class Broker:
    """Answers a fetch with these records, after `seconds`."""

    def __init__(self, records: bytes = b"", seconds: float = 0) -> None:
        self.records, self.seconds = records, seconds

    async def send(self, _: int, __: Any) -> Any:
        await asyncio.sleep(self.seconds)
        return SimpleNamespace(topics=[("topic", [(0, 0, 0, self.records)])])


async def seconds_of(broker: Broker, fetches: int) -> float:
    consumer: Any = SimpleNamespace(_client=broker)
    rest_between_empty_fetches(consumer)
    request, began = FetchRequest(500, 1, 1024, 1, [("topic", [(0, 0, 1024)])]), time.monotonic()
    for _ in range(fetches):
        await consumer._client.send(0, request)
    return time.monotonic() - began


async def test_rests_grow_while_nothing_comes():
    took = await seconds_of(Broker(), 6)
    assert took >= SHORTEST * (1 + 2 + 4 + 8) + 2 * LONGEST


async def test_a_fetch_that_brings_records_is_followed_by_the_next_at_once():
    assert await seconds_of(Broker(b"records"), 200) < 200 * SHORTEST


async def test_a_broker_that_waits_itself_is_not_kept_waiting():
    assert await seconds_of(Broker(seconds=LONGEST), 3) < 3 * (LONGEST + SHORTEST)
