"""What to do when Kafka lost records: they are published again, from the databases.

Nothing is lost for that: every event stands in an outbox, and what triage made of it in its outputs. What the topics do
not hold any more is marked as not published, and the relay publishes it; whoever knows an event id already does not act
on it twice. Topics that were made anew are a new generation: the audit chains of the old one end where they end.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.frontdoor.reading import SQL
from shared import topics
from shared.kafka import away, client_options, log_bounds
from shared.kafka_admin import admin
from shared.postgres import transient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.settings import ServiceSettings

    Place = tuple[str, int]

EVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)
NEVER: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


class Held(NamedTuple):
    """What Kafka holds of one partition: offsets from `starts` to before `ends`, the first record being of `since`."""

    starts: int
    ends: int
    since: dt.datetime | None


class Again(NamedTuple):
    """How much is published again: events of intake, and what triage had made of them."""

    events: int
    outputs: int


NOTHING_HELD: Final[Mapping[Place, Held]] = {}


def lost(stored: Mapping[Place, int], held: Mapping[Place, Held]) -> list[Place]:
    """The partitions that end at or before an offset that something stored (a missing topic ends at 0)."""
    return sorted(place for place, offset in stored.items() if place not in held or held[place].ends <= offset)


async def lost_partitions(dsn: str, settings: ServiceSettings) -> list[Place]:
    """The partitions in which Kafka lost records of this generation; `Transient` where one of the two is away."""
    stream = topics.stream_name(settings.stream or "", settings.topic_generation)
    with transient():
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch(SQL.stored_ends, stream)
        finally:
            await connection.close()
    return lost({(row["topic"], row["partition"]): row["offset"] for row in rows}, await held_by(settings))


async def held_by(settings: ServiceSettings) -> dict[Place, Held]:
    """What Kafka holds of every topic; `Transient` while it is away."""
    async with admin(settings) as client:
        there = set(await client.list_topics())
        described: list[dict[str, Any]] = await client.describe_topics(sorted(there & set(topics.AUDITED_TOPICS)))
    partitions = [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]
    consumer = AIOKafkaConsumer(**client_options(settings))
    try:
        await consumer.start()
        bounds = await log_bounds(consumer, partitions) if partitions else {}
        filled = {place: 0 for place, (starts, ends) in bounds.items() if starts < ends}
        firsts = await consumer.offsets_for_times(filled) if filled else {}
    except (KafkaError, OSError) as error:
        raise away(error) from error
    finally:
        await consumer.stop()
    return {
        (place.topic, place.partition): Held(starts, ends, _time(firsts.get(place)))
        for place, (starts, ends) in bounds.items()
    }


async def publish_again(dsn: str, held: Mapping[Place, Held], *, dry_run: bool = False) -> Again:
    """Marks what Kafka does not hold any more as not published. `Transient` while PostgreSQL is away."""
    logs = [(*place, *log) for place, log in held.items()]
    columns = [[log[column] for log in logs] for column in range(5)]
    with transient():
        connection = await asyncpg.connect(dsn)
        transaction = connection.transaction()
        try:
            await transaction.start()
            (counted,) = await connection.fetch(SQL.publish_again, *columns)
            for announce in (SQL.announce_rules_again, SQL.announce_refusals_again):
                await connection.execute(announce, _announced_before(held))
            await (transaction.rollback() if dry_run else transaction.commit())
        finally:
            await connection.close()
    return Again(*counted)


def _announced_before(held: Mapping[Place, Held]) -> dt.datetime:
    """What was announced before that is lost, though its offset is not noted; where records went of age, none is."""
    operations = held.get((topics.OPERATIONS, 0))
    if operations is None or operations.ends == 0:
        return EVER
    return operations.since or NEVER if operations.starts == 0 else NEVER


def _time(first: Any) -> dt.datetime | None:
    """Of a record, by what Kafka says of it."""
    return dt.datetime.fromtimestamp(first.timestamp / 1000, dt.UTC) if first else None
