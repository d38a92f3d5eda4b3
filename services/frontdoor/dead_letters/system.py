"""What working dead letters needs of the system: that it sees all, that nobody else acts meanwhile, and what came of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from aiokafka import TopicPartition

from services.frontdoor.reading import SQL
from services.frontdoor.recovery import held_by
from shared import running, topics
from shared.errors import Transient, Usage
from shared.kafka_admin import admin
from shared.postgres import connected
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from pathlib import Path

    from services.frontdoor.dead_letters.working import At
    from services.frontdoor.recovery import Held

PATIENCE: Final = (
    30.0  # seconds: for audit to catch up, for somebody else to finish, for a group to handle what was sent
)
LOOK: Final = 0.1  # seconds between two looks


@asynccontextmanager
async def reached(data: Path | None) -> AsyncIterator[At]:
    """The running system as the auditor reads it, with its Kafka: FRONTDOOR_KAFKA_* as for a service."""
    from services.frontdoor.dead_letters.working import At

    found, settings = running.find(data), ServiceSettings(postgres_dsn="")
    if found.kafka:
        settings = settings.model_copy(update={"kafka": found.kafka})
    dsn = running.auditor_dsn(data)
    async with connected(dsn) as connection:
        yield At(connection, dsn, settings, await connection.fetchval(SQL.newest_stream) or "")


@asynccontextmanager
async def alone(connection: Any, settings: ServiceSettings) -> AsyncIterator[None]:
    """One person at a time changes what stands about dead letters, and sees all that stood before; `Usage` where not."""
    try:
        await connection.execute(SQL.alone, timeout=PATIENCE)
    except TimeoutError as error:
        raise Usage("not-alone", "somebody else is working dead letters: try again when they are done") from error
    try:
        if behind := await caught_up(connection, settings):
            raise Usage("audit-behind", f"audit is {behind} records behind: what was done already cannot be seen")
        yield
    finally:
        await connection.execute(SQL.not_alone, timeout=PATIENCE)


async def caught_up(connection: Any, settings: ServiceSettings, patience: float = PATIENCE) -> int:
    """0 once audit holds every dead letter, and every step, that Kafka holds now; else how many records it is behind."""
    ends = {place: held.ends for place, held in (await kafka_holds(settings)).items() if _counts(place[0])}
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        rows = await connection.fetch(SQL.heads)
        heads = {(row["topic"], row["partition"]): row["offset"] + 1 for row in rows}
        behind: int = sum(max(0, end - heads.get(place, 0)) for place, end in ends.items())
        if not behind or asyncio.get_running_loop().time() > deadline:
            return behind
        await asyncio.sleep(LOOK)


def _counts(topic: str) -> bool:
    return topic == topics.OPERATIONS or topic in topics.DEAD_LETTER_TOPICS


async def kafka_holds(settings: ServiceSettings) -> Mapping[tuple[str, int], Held]:
    """What Kafka holds of every topic; `Usage` where it cannot be asked."""
    try:
        return await held_by(settings)
    except Transient as error:
        raise Usage(error.code, f"{settings.kafka} does not answer: {error.detail} (FRONTDOOR_KAFKA)") from error


async def partitions_of(settings: ServiceSettings, topic: str) -> int:
    """How many partitions a topic has."""
    return sum(name == topic for name, _ in await kafka_holds(settings))


async def handled(
    settings: ServiceSettings, group: str, sent: Collection[tuple[str, int, int]], patience: float = PATIENCE
) -> bool:
    """Whether the group is past all these places within its time: each was worked, or parked again."""
    ends = {TopicPartition(topic, partition): offset for topic, partition, offset in sorted(sent)}
    deadline = asyncio.get_running_loop().time() + patience
    async with admin(settings) as client:
        while True:
            reached = await client.list_consumer_group_offsets(group, partitions=list(ends))
            if all(reached[place].offset > end for place, end in ends.items()):
                return True
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(LOOK)
