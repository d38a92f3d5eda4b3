"""Kafka's topics as an administrator sees them: made, and checked against the settings."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared import topics
from shared.errors import Bug, Transient
from shared.kafka import away, client_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.settings import ServiceSettings


@asynccontextmanager
async def admin(settings: ServiceSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client; `Transient` while Kafka is away."""
    client = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=10_000)
    try:
        await client.start()
        yield client
    except (KafkaError, OSError, TimeoutError) as error:
        raise away(error) from error
    finally:
        with suppress(Exception):
            await asyncio.wait_for(client.close(), settings.kafka_stop_timeout)


async def cluster_id(settings: ServiceSettings) -> str:
    """The Kafka cluster's id."""
    async with admin(settings) as client:
        return str((await client.describe_cluster())["cluster_id"])


def partitions_of(topic: str, partitions: int) -> int:
    """How many partitions a topic has: operations one, every referral topic and its dead letters `partitions`."""
    return 1 if topic == topics.OPERATIONS else partitions


async def create_topics(settings: ServiceSettings, *, replication: int = 1, retention_days: float = 14) -> list[str]:
    """Makes the topics that are missing; returns their names. Existing ones are left as they are."""
    kept = {"retention.ms": str(int(retention_days * 86_400_000)), "cleanup.policy": "delete"}
    async with admin(settings) as client:
        there = set(await client.list_topics())
        missing = [name for name in topics.AUDITED_TOPICS if name not in there]
        new = [
            NewTopic(
                t,
                partitions_of(t, settings.partitions),
                replication,
                topic_configs=kept | {"max.message.bytes": str(topics.most_bytes(t))},
            )
            for t in missing
        ]
        if new:
            answer = await client.create_topics(new)
            for name, code, *_ in answer.topic_errors:
                if code and not issubclass(for_code(code), TopicAlreadyExistsError):
                    raise Bug("topic-refused", f"Kafka refused to make topic {name}: {for_code(code).__name__}")
        return missing


async def check_topics(settings: ServiceSettings) -> None:
    """Raises `Transient` where a topic is missing, `Bug` where its partition count differs from the setting."""
    async with admin(settings) as client:
        described = await client.describe_topics()  # all: asking for one by name makes it, where brokers may do that
    found = {t["topic"]: len(t["partitions"]) for t in described if not t["error_code"]}
    for name in topics.AUDITED_TOPICS:
        expected = partitions_of(name, settings.partitions)
        if name not in found:
            raise Transient(
                "topic-missing", f"topic {name} does not exist (or may not be seen): run `frontdoor topics`"
            )
        if found[name] != expected:
            raise Bug(
                "partitions-differ", f"topic {name} has {found[name]} partitions, FRONTDOOR_PARTITIONS {expected}"
            )
