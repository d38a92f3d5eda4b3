"""What to do when the embedded broker lost records: a new generation of the topics, filled from the databases.

The broker keeps its records in memory and writes them out a moment later, so a SIGKILL can take the newest with it.
Nothing is lost for that: every event stands in an outbox. The topics are made anew, empty, under a raised generation
(the audit chains of the old one end where they end), and everything is published again; whoever knows an event id
already does not act on it twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import topics
from shared.kafka import admin, client_options
from shared.postgres import queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.settings import ServiceSettings

    Place = tuple[str, int]

SQL = queries("services.frontdoor.embedded")


def lost(stored: Mapping[Place, int], ends: Mapping[Place, int]) -> list[Place]:
    """The partitions that end at or before an offset that something stored (a missing topic ends at 0)."""
    return sorted(place for place, offset in stored.items() if ends.get(place, 0) <= offset)


async def lost_partitions(dsn: str, settings: ServiceSettings) -> list[Place]:
    """The partitions in which the broker lost records."""
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            SQL.stored_ends, topics.stream_name(settings.stream or "", settings.topic_generation)
        )
    finally:
        await connection.close()
    return lost({(row["topic"], row["partition"]): row["offset"] for row in rows}, await _ends(settings))


async def publish_again(dsn: str) -> int:
    """Marks everything that was published as not published yet; how many referral events that is."""
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            counted = await connection.execute(SQL.publish_received_again)
            for again in (SQL.publish_outputs_again, SQL.announce_rules_again, SQL.announce_refusals_again):
                await connection.execute(again)
    finally:
        await connection.close()
    return int(counted.rpartition(" ")[2])


async def _ends(settings: ServiceSettings) -> dict[Place, int]:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    async with admin(settings) as client:
        there = set(await client.list_topics())
        described: list[dict[str, Any]] = await client.describe_topics(sorted(there & set(topics.AUDITED_TOPICS)))
    partitions = [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]
    consumer = AIOKafkaConsumer(**client_options(settings))
    try:
        await consumer.start()
        ends = await consumer.end_offsets(partitions) if partitions else {}
    finally:
        await consumer.stop()
    return {(place.topic, place.partition): end for place, end in ends.items()}
