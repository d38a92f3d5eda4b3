"""The plumbing to Kafka, on a broker: what it must not leave behind, and what it must not make by asking."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared import topics
from shared.errors import Poison, Transient
from shared.kafka import Publisher, Record
from shared.kafka_admin import check_topics, create_topics
from shared.settings import ServiceSettings
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine import ApacheKafka

pytestmark = pytest.mark.kafka_real


@pytest.fixture
def kafka(make_kafka: Callable[..., ApacheKafka]) -> Iterator[ApacheKafka]:
    """A broker that makes a topic for whoever asks for it by name (Kafka's own default)."""
    broker = make_kafka(KAFKA_AUTO_CREATE_TOPICS_ENABLE="true")
    yield broker
    broker.stop()


@pytest.fixture
def settings(kafka: ApacheKafka) -> ServiceSettings:
    return ServiceSettings(
        postgres_dsn="postgresql://nowhere",
        kafka=kafka.bootstrap,
        partitions=1,
        instance="test",
        kafka_send_timeout=1,
        kafka_stop_timeout=5,
    )


def letter(value: bytes) -> Record:
    return Record(topics.RECEIVED, 0, b"key", value, ())


async def test_asking_whether_topics_are_there_does_not_make_them(
    kafka: ApacheKafka, settings: ServiceSettings
) -> None:
    with pytest.raises(Transient, match="topic-missing"):
        await check_topics(settings)
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()

    async def made() -> set[str]:
        return set(await client.list_topics())

    async def one_asked_by_name_is_made() -> bool:
        await client.describe_topics(["asked-by-name"])
        return "asked-by-name" in await made()

    assert await eventually(one_asked_by_name_is_made)
    there = await made()
    await client.close()
    assert not there & set(topics.AUDITED_TOPICS)


async def test_a_publisher_that_gives_up_leaves_nothing_behind_that_goes_on_trying(
    kafka: ApacheKafka, settings: ServiceSettings
) -> None:
    await create_topics(settings)
    before = asyncio.all_tasks()
    publisher = Publisher(settings)
    patient = Publisher(settings.model_copy(update={"kafka_send_timeout": 30.0}))
    (first,) = await patient.publish([letter(b"before")])
    await patient.close()
    await publisher.publish([letter(b"connected")])
    kafka.pause()
    try:
        for _ in range(2):
            with pytest.raises(Transient, match="kafka-away"):
                await publisher.publish([letter(b"given up")])
        assert asyncio.all_tasks() == before
    finally:
        kafka.resume()
    (last,) = await patient.publish([letter(b"after")])
    await patient.close()
    assert first is not None
    assert last is not None
    assert last - first in {2, 3}  # at most what was on the wire when the broker stopped answering


async def test_a_record_that_no_broker_takes_is_poison_and_one_just_below_is_published(
    settings: ServiceSettings,
) -> None:
    await create_topics(settings)
    publisher = Publisher(settings.model_copy(update={"kafka_send_timeout": 30.0}))
    with pytest.raises(Poison, match="too-large"):
        await publisher.publish([letter(b"small"), letter(b"x" * 1_048_576)])
    assert await publisher.publish([letter(b"small"), letter(b"x" * 1_048_400)]) == [0, 1]
    await publisher.close()
