"""Audit on Apache Kafka: every record of every topic becomes a row once, whatever happens to the process between two steps.

The tests share a broker, and so its records; each has a database and a stream of its own, and therefore starts behind
the group's committed offsets.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata

from services.audit import store as audit_store
from services.audit.verify import verify
from shared import events, topics
from shared.cloudevents import Envelope, from_json
from shared.codes import CareSetting
from shared.kafka_admin import admin
from shared.operations import AuditHeads
from shared.settings import ServiceSettings
from tests.stack import Stack
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from aiokafka import ConsumerRecord

    from tests.stack import Database, Kafka

pytestmark = pytest.mark.kafka_real

AUDITED = (topics.RECEIVED, topics.ROUTED[CareSetting.FRONT_DOOR], *topics.DEAD_LETTER_TOPICS[:1])
ROWS = 'SELECT topic, partition, "offset" FROM audit.record WHERE gap_to IS NULL'
WAITS_FOR_A_LOCK = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'audit%' AND wait_event_type = 'Lock'"


@pytest.fixture
async def system(tmp_path: Path, kafka: Kafka, database: Database) -> AsyncIterator[Stack]:
    whole = Stack(tmp_path, kafka, database, {"stream": f"stream {uuid4()}"})
    await whole.make_topics()
    yield whole
    whole.close()


async def produce(system: Stack, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=system.kafka.bootstrap, acks="all")
    await producer.start()
    for number in range(count):
        referral, now = str(uuid4()), dt.datetime.now(dt.UTC)
        headers = Envelope(uuid4(), "urn:test", events.RECEIVED, now, referral, synthetic=True).headers()
        topic = AUDITED[number % len(AUDITED)]
        await producer.send(topic, b"value %d" % number, referral.encode(), headers=list(headers))
    await producer.stop()


async def in_kafka(system: Stack) -> dict[tuple[str, int, int], ConsumerRecord[bytes, bytes]]:
    return {(r.topic, r.partition, r.offset): r for r in await system.records(*topics.AUDITED_TOPICS)}


async def in_audit(system: Stack) -> list[tuple[str, int, int]]:
    return [tuple(row) for row in await system.fetch(ROWS)]


async def all_audited(system: Stack) -> bool:
    """Whether every record of Kafka is exactly one row, and the chains over them stand."""

    async def same() -> bool:
        rows = await in_audit(system)
        return sorted(rows) == sorted(await in_kafka(system))  # asserted, a picture of 10,000 rows takes half a minute

    await eventually(same, 40)
    connection = await audit_store.connect(system.database.dsn("frontdoor_auditor"))
    seen = await verify(connection, [], lambda _: None)
    await connection.close()
    return not seen.findings


async def test_every_record_is_a_row_with_its_bytes(system: Stack) -> None:
    await produce(system, 200)
    system.start("audit")
    assert await all_audited(system)
    records = await in_kafka(system)
    rows = await system.fetch(
        'SELECT topic, partition, "offset", key, value, kafka_time FROM audit.record WHERE gap_to IS NULL'
    )
    for row in rows:
        record = records[row["topic"], row["partition"], row["offset"]]
        assert (row["key"], row["value"], row["kafka_time"]) == (record.key, record.value, record.timestamp)


async def test_killed_between_the_rows_and_the_head_it_loses_and_doubles_nothing(system: Stack) -> None:
    system.start("audit")
    for _ in range(3):
        blocker = await asyncpg.connect(system.database.dsn())
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE audit.head IN EXCLUSIVE MODE")
            await produce(system, 50)
            await eventually(lambda: system.fetch(WAITS_FOR_A_LOCK))
            system.kill("audit")
        await blocker.close()
        system.start("audit")
        assert await all_audited(system)


async def test_killed_again_and_again_under_load_it_loses_and_doubles_nothing(system: Stack) -> None:
    load = asyncio.create_task(produce(system, 6000))
    while not load.done():
        await asyncio.to_thread(system.start, "audit")
        await eventually(partial(grown, system, len(await in_audit(system)), load))
        await asyncio.to_thread(system.kill, "audit")
    await load
    await asyncio.to_thread(system.start, "audit")
    assert await all_audited(system)


async def grown(system: Stack, before: int, load: asyncio.Task[None]) -> bool:
    return load.done() or len(await in_audit(system)) > before


async def test_the_heads_alone_say_where_to_read_on(system: Stack) -> None:
    """Kafka's committed offsets may be behind (a commit was lost, someone rewound) or ahead (a restored database)."""
    await produce(system, 60)
    system.start("audit", session_timeout=6)
    assert await all_audited(system)
    assert system.stop("audit") == 0
    for wanted in ("rewound", "ahead"):
        await produce(system, 60)
        await commit(system, wanted)
        system.start("audit", session_timeout=6)
        assert await all_audited(system)
        assert system.stop("audit") == 0


async def commit(system: Stack, wanted: str) -> None:
    """Commits the beginning or the end of every partition for the group."""
    places = [TopicPartition(topic, partition) for topic in AUDITED for partition in range(4)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=system.kafka.bootstrap, group_id=topics.AUDIT_GROUP, enable_auto_commit=False
    )
    await consumer.start()
    ends = await consumer.end_offsets(places)
    consumer.assign(places)
    offsets = {place: OffsetAndMetadata(0 if wanted == "rewound" else end, "") for place, end in ends.items()}

    async def committed() -> bool:
        with suppress(CommitFailedError):  # the static member that was stopped still counts for a few seconds
            await consumer.commit(offsets)
            return True
        return False

    await eventually(committed)
    assert all([await consumer.committed(place) == offset.offset for place, offset in offsets.items()])
    await consumer.stop()


async def test_asked_to_stop_under_load_it_stops_in_order_and_goes_on_later(system: Stack) -> None:
    system.start("audit")
    load = asyncio.create_task(produce(system, 12_000))
    await eventually(partial(grown, system, 0, load))
    assert not load.done()
    assert await asyncio.to_thread(system.stop, "audit") == 0
    await load
    await asyncio.to_thread(system.start, "audit")
    assert await all_audited(system)


async def test_heads_are_published_and_audited_and_rest_when_nothing_moves(system: Stack) -> None:
    await produce(system, 10)
    system.start("audit", heads_seconds=0.5)

    async def told() -> set[str]:
        rows = await system.fetch("SELECT value FROM audit.record WHERE type = $1", events.AUDIT_HEADS)
        newest = [from_json(AuditHeads, row["value"]) for row in rows][-1:]
        return {head.topic for heads in newest for head in heads.heads}

    await eventually(lambda: all_told(told))
    assert await all_audited(system)
    await eventually(lambda: rests(system), 30)


async def all_told(told: Callable[[], Awaitable[set[str]]]) -> bool:
    return await told() >= set(AUDITED)


async def rests(system: Stack) -> bool:
    """Whether no row comes in the time of four announcements; one may still be on its way at first."""
    count = len(await in_audit(system))
    before = (await system.fetch("SELECT now()"))[0][0]
    await eventually(lambda: seconds_passed(system, before, 2))
    return len(await in_audit(system)) == count


async def seconds_passed(system: Stack, since: dt.datetime, seconds: float) -> bool:
    now: dt.datetime = (await system.fetch("SELECT now()"))[0][0]
    return (now - since).total_seconds() > seconds


async def refusal(system: Stack, **settings: Any) -> str:
    owned = system.begin("audit", **settings)
    await eventually(lambda: not owned.runs)
    return owned.log().splitlines()[-1]


async def test_it_refuses_to_start_on_another_number_of_partitions(system: Stack) -> None:
    assert "FRONTDOOR_PARTITIONS 5" in await refusal(system, partitions=5)


async def test_it_refuses_a_topic_that_ends_before_its_head_until_the_generation_is_raised(system: Stack) -> None:
    await produce(system, 30)
    system.start("audit", stream="here")
    assert await all_audited(system)
    system.stop("audit")
    await system.fetch("UPDATE audit.head SET \"offset\" = 1000000 WHERE topic = 'referrals.received'")
    told = await refusal(system, stream="here")
    assert "ends at offset" in told
    assert "raise FRONTDOOR_TOPIC_GENERATION" in told
    system.start("audit", stream="here", topic_generation=2)
    everything = len(await in_kafka(system))
    streams = "SELECT 1 FROM audit.record WHERE stream = 'here.2' AND gap_to IS NULL HAVING count(*) >= $1"
    assert await eventually(lambda: system.fetch(streams, everything))


async def test_what_kafka_dropped_before_audit_came_is_one_gap_row_and_the_rest_follows(system: Stack) -> None:
    await produce(system, 120)
    place = TopicPartition(topics.RECEIVED, 0)
    settings = ServiceSettings.model_validate({"postgres_dsn": "", **system.settings})
    async with admin(settings) as client:
        await client.delete_records({place: RecordsToDelete(before_offset=3)})
    system.start("audit")
    gap = 'SELECT "offset", gap_to FROM audit.record WHERE gap_to IS NOT NULL'
    assert [tuple(row) for row in await eventually(lambda: system.fetch(gap))] == [(0, 2)]
    assert await all_audited(system)
    metrics = (await system.get("/metrics", to="audit")).text
    assert 'frontdoor_audit_gap_records_total{topic="referrals.received"} 3.0' in metrics
