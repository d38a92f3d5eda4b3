"""Kafka plumbing: client options, topics, and a publisher that is told the offset of everything it sent."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)
from aiokafka.partitioner import murmur2

from shared import topics
from shared.errors import FrontDoorError, Poison, Transient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiokafka import AIOKafkaConsumer, TopicPartition

    from shared.cloudevents import Headers
    from shared.settings import ServiceSettings

MAX_BATCH_BYTES: Final = 900_000  # under what a broker takes: a batch is closed before it comes near that

# The broker is there and says no: an operator must act. Until then it is waited for as well, for nothing is skipped.
REFUSALS: Final = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
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

    async def publish_apart(
        self, groups: Sequence[Sequence[Record]], within: float
    ) -> list[list[int | None] | FrontDoorError]:
        """Each group's offsets as `publish` gives them, or why not all of it was acknowledged in so many seconds."""
        try:
            async with asyncio.timeout(within):
                producer = await self._started()
        except (KafkaError, OSError, TimeoutError) as error:
            return [away(error) for _ in groups]
        outcomes = await asyncio.gather(*(_send_apart(producer, group, within) for group in groups))
        if any(isinstance(outcome, FrontDoorError) for outcome in outcomes):
            await self.close()
        return outcomes

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


async def _send_apart(
    producer: AIOKafkaProducer, records: Sequence[Record], within: float
) -> list[int | None] | FrontDoorError:
    try:
        async with asyncio.timeout(within):
            return await _send(producer, records)
    except (KafkaError, OSError, TimeoutError) as error:
        return away(error)
    except Poison as error:
        return error


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
            if builder.size() > (most := topics.most_bytes(record.topic)):
                raise Poison("too-large", f"a record for {record.topic} is over {most} bytes")
            batches.append(([], builder))
        batches[-1][0].append(place)
    for _, builder in batches:
        builder.close()
    return batches
