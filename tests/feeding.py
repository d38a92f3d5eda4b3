"""What a test sends to triage as a process, and what comes of it on the routed topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared import topics
from shared.kafka import Publisher, Record, partition_of
from shared.settings import ServiceSettings
from tests.builders import a_record_of
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiokafka import ConsumerRecord

    from services.triage.causes import Seen
    from tests.stack import Stack

ROUTED: Final = tuple(topics.ROUTED.values())


async def publish(stack: Stack, records: Iterable[Record]) -> None:
    publisher = Publisher(ServiceSettings.model_validate({"postgres_dsn": "", **stack.settings}))
    await publisher.publish(list(records))
    await publisher.close()


def as_record(stack: Stack, seen: Seen) -> Record:
    made = a_record_of(seen)
    assert made.key is not None
    return Record(
        topics.RECEIVED, partition_of(made.key, stack.settings["partitions"]), made.key, made.value, made.headers
    )


async def send(stack: Stack, *causes: Seen) -> None:
    await publish(stack, [as_record(stack, cause) for cause in causes])


async def routed(stack: Stack, count: int) -> list[ConsumerRecord[bytes, bytes]]:
    """The records on the routed topics, once there are `count`."""

    async def enough() -> Sequence[ConsumerRecord[bytes, bytes]] | None:
        found = await stack.records(*ROUTED)
        return found if len(found) >= count else None

    return list(await eventually(enough))
