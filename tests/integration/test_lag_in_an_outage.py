"""While PostgreSQL is away, triage's lag on a real broker rises with what comes, and is gone when it is back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from shared import topics
from shared.kafka import Publisher, Record, partition_of
from shared.settings import ServiceSettings
from tests.builders import Person, a_record_of
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack


async def send(stack: Stack, people: range) -> None:
    made = [a_record_of(Person(f"person {number}").received()) for number in people]
    publisher = Publisher(ServiceSettings.model_validate({"postgres_dsn": "", **stack.settings}))
    partitions = stack.settings["partitions"]
    await publisher.publish(
        [Record(topics.RECEIVED, partition_of(r.key or b"", partitions), r.key, r.value, r.headers) for r in made]
    )
    await publisher.close()


async def lag(stack: Stack, unit: str) -> list[float]:
    """Of each partition that has any."""
    page = (await stack.get("/metrics", to="triage")).text
    families = {family.name: family for family in text_string_to_metric_families(page)}
    return [sample.value for sample in families[f"frontdoor_lag_{unit}"].samples]


async def test_lag_rises_while_triage_waits_for_postgresql(stack: Stack) -> None:
    stack.start("triage")
    await send(stack, range(40))
    await eventually(lambda: _is(stack, 0))
    await asyncio.to_thread(stack.database.server.halt)
    await send(stack, range(40, 60))
    await eventually(lambda: _is(stack, 20))
    age = max(await lag(stack, "seconds"))
    await send(stack, range(60, 70))
    await eventually(lambda: _is(stack, 30))
    assert max(await lag(stack, "seconds")) > age
    await asyncio.to_thread(stack.database.server.again)
    await eventually(lambda: _is(stack, 0), 40)
    assert max(await lag(stack, "seconds")) == 0


async def _is(stack: Stack, records: int) -> bool:
    shown = await lag(stack, "records")
    return len(shown) == stack.settings["partitions"] and sum(shown) == records
