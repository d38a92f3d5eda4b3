"""Kafka plumbing: client options, topics, and a publisher that is told the offset of everything it sent."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.partitioner import murmur2

from shared import topics
from shared.errors import Bug, Poison, Transient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiokafka import AIOKafkaConsumer, TopicPartition

    from shared.cloudevents import Headers
    from shared.settings import ServiceSettings

MAX_BATCH_BYTES: Final = 900_000  # under what a broker takes: a batch is closed before it comes near that
BROKER_BYTES: Final = 1_048_588  # of one batch, its framing counted: Kafka's default for message.max.bytes

# The broker is there and says no: an operator must act. Until then it is waited for as well, for nothing is skipped.
REFUSALS: Final = (
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)


class Record(NamedTuple):
    """One record to publish, to a named partition."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def client_options(settings: ServiceSettings) -> dict[str, Any]:
    """What every aiokafka client of this service is opened with."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka,
        "security_protocol": settings.kafka_security,
        "client_id": f"frontdoor-{settings.instance}",
    }
    if settings.kafka_security.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca_file)
    if settings.kafka_security.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        }
    return options


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, as Kafka's own default partitioner has it."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


def away(error: Exception) -> Transient:
    """What a failed call to Kafka means: it is away, or it refuses."""
    return Transient("kafka-refused" if isinstance(error, REFUSALS) else "kafka-away", type(error).__name__)


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
    configs = {"retention.ms": str(int(retention_days * 86_400_000)), "cleanup.policy": "delete"}
    async with admin(settings) as client:
        there = set(await client.list_topics())
        missing = [name for name in topics.AUDITED_TOPICS if name not in there]
        new = [NewTopic(t, partitions_of(t, settings.partitions), replication, topic_configs=configs) for t in missing]
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


async def log_bounds(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, tuple[int, int]]:
    """The first offset that each partition still has, and the one that its next record will get."""
    try:
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
    except (KafkaError, OSError, TimeoutError) as error:
        raise away(error) from error
    return {partition: (starts[partition], ends[partition]) for partition in partitions}


class Publisher:
    """An idempotent producer, made anew after any failure (it may be stuck behind a sequence that never arrived)."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None

    async def publish(self, records: Sequence[Record]) -> list[int | None]:
        """The offset of each record, in their order (None where the broker knew it already and did not say).

        Raises `Transient` when not all were acknowledged in time (any may have arrived), `Poison` for one too large.
        """
        if not records:
            return []
        try:
            async with asyncio.timeout(self._settings.kafka_send_timeout):
                return await _send(await self._started(), records)
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise away(error) from error

    async def close(self) -> None:
        """Ends the producer; what is not acknowledged by now is given up."""
        producer, self._producer = self._producer, None
        if producer:
            await _end(producer, self._settings.kafka_stop_timeout)

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **client_options(self._settings),
                acks="all",
                enable_idempotence=True,
                max_batch_size=MAX_BATCH_BYTES,
                max_request_size=4 * MAX_BATCH_BYTES,
                request_timeout_ms=int(self._settings.kafka_send_timeout * 1000),
            )
            try:
                await producer.start()
            except BaseException:
                await _end(producer, self._settings.kafka_stop_timeout)
                raise
            self._producer = producer
        return self._producer


async def _end(producer: AIOKafkaProducer, within: float) -> None:
    """Ends a producer at once, with all that it still holds.

    aiokafka's own stop waits for what cannot be delivered. Cut short by a deadline, it leaves the sender behind, which
    tries for ever (an idempotent producer's batches never expire) and delivers when nobody waits for it any more.
    """
    producer._closed = True  # noqa: SLF001  (else it says that nobody closed it)
    sender = producer._sender.sender_task  # noqa: SLF001  (nothing public ends it)
    ending: set[asyncio.Future[Any]] = {asyncio.ensure_future(producer.client.close())}
    if sender:
        sender.cancel()
        ending.add(sender)
    _, late = await asyncio.wait(ending, timeout=min(1.0, within))
    for task in late:  # the sender first waits for its requests in flight; a second cancel reaches those
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=within)


async def _send(producer: AIOKafkaProducer, records: Sequence[Record]) -> list[int | None]:
    groups: dict[tuple[str, int], list[int]] = {}
    for place, record in enumerate(records):
        groups.setdefault((record.topic, record.partition), []).append(place)
    sent: list[tuple[list[int], asyncio.Future[Any]]] = []
    for (topic, partition), group in groups.items():
        for places, batch in _batches(producer, records, group):
            sent.append((places, await producer.send_batch(batch, topic, partition=partition)))
    await asyncio.gather(*(future for _, future in sent))
    offsets: list[int | None] = [None] * len(records)
    for places, future in sent:
        if (base := future.result().offset) >= 0:
            for step, place in enumerate(places):
                offsets[place] = base + step
    return offsets


def _batches(producer: AIOKafkaProducer, records: Sequence[Record], places: list[int]) -> list[tuple[list[int], Any]]:
    """Fills batch builders with the records at `places`, which all go to one partition."""
    batches: list[tuple[list[int], Any]] = []
    for place in places:
        record = records[place]
        fields = {"key": record.key, "value": record.value, "timestamp": None, "headers": list(record.headers)}
        if not batches or batches[-1][1].append(**fields) is None:
            builder = producer.create_batch()
            builder.append(**fields)  # the first is taken whatever its size
            if builder.size() > BROKER_BYTES:
                raise Poison("too-large", f"a record for {record.topic} is over {BROKER_BYTES} bytes")
            batches.append(([], builder))
        batches[-1][0].append(place)
    for _, builder in batches:
        builder.close()
    return batches
