"""What a look at the groups tells, on a broker: commits before ends, and the time of the record at the commit."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import PartitionRecords

from shared import topics
from shared.errors import Transient
from shared.kafka_admin import create_topics
from shared.lagging.measure import Watch
from shared.lagging.verdict import Verdict
from shared.settings import ServiceSettings
from tests.builders import an_id
from tests.engine import free_port
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.lagging.looks import Position
    from tests.stack import Kafka

P0, P1 = TopicPartition(topics.RECEIVED, 0), TopicPartition(topics.RECEIVED, 1)
KEY = str(an_id("ada"))


@pytest.fixture
async def settings(kafka: Kafka) -> ServiceSettings:
    settings = ServiceSettings(postgres_dsn="", kafka=kafka.bootstrap, partitions=2)
    await create_topics(settings)
    return settings


@pytest.fixture
async def watch(settings: ServiceSettings) -> AsyncIterator[Watch]:
    watch = Watch(settings)
    yield watch
    await watch.close()


@pytest.fixture
async def producer(kafka: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_batch_size=900_000)
    await producer.start()
    yield producer
    await producer.stop()


@asynccontextmanager
async def a_member(kafka: Kafka, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Of a group that has no other, with partitions of its own choice."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([P0, P1])
    try:
        yield consumer
    finally:
        await consumer.stop()


async def test_commits_are_read_before_ends_so_that_no_group_seems_to_be_ahead(
    kafka: Kafka, watch: Watch, producer: AIOKafkaProducer
) -> None:
    async def works() -> None:
        async with a_member(kafka, topics.AUDIT_GROUP) as member:
            while True:
                sent = await producer.send_and_wait(topics.RECEIVED, b"{}", partition=0)
                await member.commit({P0: sent.offset + 1})

    work, committed = asyncio.create_task(works()), 0
    for _ in range(60):
        look, judged = (await watch.look())[topics.AUDIT_GROUP]
        position = look.positions[P0]
        assert position.committed is None or position.end >= position.committed
        committed = position.committed or 0
        assert Verdict.DATA_LOST not in [finding.verdict for finding in judged.findings]
    assert not work.done()
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    assert committed


async def test_the_time_of_a_group_is_that_of_the_record_at_its_commit_wherever_another_group_stands(
    kafka: Kafka, watch: Watch, producer: AIOKafkaProducer
) -> None:
    end = (await watch.look())[topics.TRIAGE_GROUP][0].positions[P1].end
    hour_ago = int((time.time() - 3600) * 1000)
    batch = producer.create_batch()
    for minute in range(60):  # one batch, and larger than what is asked for at once
        batch.append(key=KEY.encode(), value=b"x" * 1000, timestamp=hour_ago + minute * 60_000)
    await (await producer.send_batch(batch, topics.RECEIVED, partition=1))
    for group, done in ((topics.TRIAGE_GROUP, 10), (topics.AUDIT_GROUP, 40)):
        async with a_member(kafka, group) as member:
            await member.commit({P1: end + done})
    seen = await watch.look()
    for group, minutes, records in ((topics.TRIAGE_GROUP, 50, 50), (topics.AUDIT_GROUP, 20, 20)):
        look, judged = seen[group]
        assert (look.positions[P1].records, judged.oldest) == (records, P1)
        assert judged.seconds == pytest.approx(minutes * 60, abs=30)
        first = look.positions[P1].first
        assert first
        assert first.key == KEY


async def test_what_was_fetched_for_a_look_is_gone_after_it_without_the_garbage_collector(
    kafka: Kafka, watch: Watch, producer: AIOKafkaProducer
) -> None:
    async with a_member(kafka, topics.TRIAGE_GROUP) as member:
        member.pause(P0, P1)  # it commits, and fetches nothing that would be counted
        for place in (P0, P1):
            for _ in range(3):
                batch = producer.create_batch()
                for _ in range(60):
                    batch.append(key=KEY.encode(), value=b"x" * 1000, timestamp=None)
                await (await producer.send_batch(batch, topics.RECEIVED, partition=place.partition))
        ends = await member.end_offsets([P0, P1])
        await watch.look()
        gc.collect()
        gc.disable()
        try:
            for record in range(1, 60, 6):  # each look finds the group elsewhere, so that it must read
                await member.commit({place: end - 180 + record for place, end in ends.items()})
                looked = (await watch.look())[topics.TRIAGE_GROUP][0].positions
                assert all(looked[place].first for place in (P0, P1))
            assert [type(each) for each in gc.get_objects() if isinstance(each, PartitionRecords)] == []
        finally:
            gc.enable()


@pytest.mark.kafka_real
async def test_a_broker_that_is_just_back_is_not_taken_for_one_where_nothing_was_committed(
    kafka: Kafka, settings: ServiceSettings, producer: AIOKafkaProducer
) -> None:
    async with a_member(kafka, topics.AUDIT_GROUP) as member:
        sent = await producer.send_and_wait(topics.RECEIVED, b"{}", partition=0)
        await member.commit({P0: sent.offset})
    await asyncio.to_thread(kafka.halt)
    await asyncio.to_thread(kafka.again)
    watch = Watch(settings)

    async def looked() -> Position | None:
        try:
            return (await watch.look())[topics.AUDIT_GROUP][0].positions[P0]
        except Transient:
            return None

    position = await eventually(looked, 60)
    await watch.close()
    assert position.committed == sent.offset


async def test_a_key_that_is_no_id_is_not_repeated(watch: Watch, producer: AIOKafkaProducer, kafka: Kafka) -> None:
    async with a_member(kafka, topics.TRIAGE_GROUP) as member:
        sent = await producer.send_and_wait(topics.RECEIVED, b"{}", key=b"Ada Example", partition=0)
        await member.commit({P0: sent.offset})
    first = (await watch.look())[topics.TRIAGE_GROUP][0].positions[P0].first
    assert first
    assert first.key is None


async def test_a_watch_that_finds_no_broker_says_so_and_finds_it_when_it_is_there(settings: ServiceSettings) -> None:
    nowhere = Watch(settings.model_copy(update={"kafka": f"127.0.0.1:{free_port()}"}))
    with pytest.raises(Transient, match="kafka-away"):
        await nowhere.look()
    nowhere._settings = settings
    assert set(await nowhere.look()) == set(topics.GROUPS)
    await nowhere.close()
