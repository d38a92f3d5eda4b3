"""Rules that change while referrals come in at a steady rate: by which version each was decided, and how long it waited."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from shared import topics
from shared.cloudevents import from_json
from shared.events import Decision
from shared.kafka import Publisher
from shared.settings import ServiceSettings
from tests.builders import Person
from tests.feeding import as_record, routed
from tests.signing import signed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Stack

TICK = 0.02  # seconds between two batches of a sender


class Decided(NamedTuple):
    """What became of one referral: the version that decided, and from Kafka's receipt of it to that of its decision."""

    version: str
    partition: int
    offset: int
    waited_ms: int


async def change_under_load(stack: Stack, rate: int, seconds: float) -> list[Decided]:
    """Sends `rate` referrals a second; half-way another version of the rules is saved. Each decision, in Kafka's order."""
    file = stack.config / "rules/lambeth/ruleset.yaml"
    count = int(rate * seconds)
    records = [as_record(stack, Person(f"load {number}").received()) for number in range(count)]
    publisher = Publisher(ServiceSettings.model_validate({"postgres_dsn": "", **stack.settings}))
    share, began = int(rate * TICK), time.monotonic()
    for place in range(0, count, share):
        if place <= count // 2 < place + share:
            _save_next(file)
        await publisher.publish(records[place : place + share])
        await asyncio.sleep(max(0.0, began + (place + share) / rate - time.monotonic()))
    await publisher.close()
    received = {record.key: record.timestamp for record in await stack.records(topics.RECEIVED)}
    return [
        Decided(decision.rules.version, record.partition, record.offset, record.timestamp - received[record.key])
        for record in await routed(stack, count)
        if (decision := from_json(Decision, record.value)).rules and record.key in received
    ]


def _save_next(file: Path) -> None:
    """The same rules as the next version, put in place in one step."""
    text = re.sub(
        r'(version: "[\d.]*?)(\d+)"', lambda found: f'{found[1]}{int(found[2]) + 1}"', file.read_text(), count=1
    )
    new = file.with_name("new.yaml")
    new.write_text(signed(text))
    new.rename(file)
