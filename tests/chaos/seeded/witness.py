"""Sees, from outside and with none of our code, what Kafka and PostgreSQL hold; and watches commits while a run goes on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiokafka import ConsumerRecord

    Records = list[ConsumerRecord[bytes, bytes]]

GROUPS: Final = ("triage", "audit", "intake-status")
LARGEST: Final = 4_000_000  # bytes of one fetch of a partition
EVERY: Final = 1.0  # seconds between two looks at the commits


class Seen(NamedTuple):
    """All that there is: every record by topic, rows by what they are of, offsets committed and ends."""

    records: dict[str, Records]
    receipts: list[Any]
    decisions: list[Any]
    outputs: list[Any]
    audited: list[Any]
    ends: dict[TopicPartition, int]
    committed: dict[str, dict[TopicPartition, int]]


class Commits:
    """Watches what the groups commit; `back` names each that went back."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap, self._last = bootstrap, dict[tuple[str, TopicPartition], int]()
        self.back: list[str] = []
        self.looks = 0

    async def watch(self, stop: asyncio.Event) -> None:
        """Looks every second; while Kafka is away there is nothing to see."""
        while not stop.is_set():
            with suppress(KafkaError, OSError, TimeoutError):
                for group, offsets in (await committed(self._bootstrap)).items():
                    for place, offset in offsets.items():
                        self._note(group, place, offset)
                self.looks += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)

    def _note(self, group: str, place: TopicPartition, offset: int) -> None:
        before = self._last.get((group, place), 0)
        if offset < before:
            self.back.append(f"{group} {place.topic} {place.partition} went from {before} to {offset}")
        self._last[group, place] = offset


@asynccontextmanager
async def asking(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An administrator's client, for one question."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=60_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def committed(bootstrap: str) -> dict[str, dict[TopicPartition, int]]:
    """What each group has committed."""
    async with asking(bootstrap) as admin:
        found = {group: await admin.list_consumer_group_offsets(group) for group in GROUPS}
    return {
        group: {place: o.offset for place, o in offsets.items() if o.offset >= 0} for group, offsets in found.items()
    }


async def all_seen(bootstrap: str, dsn: str) -> Seen:
    """Everything, from the beginning of every topic to its end."""
    done = await committed(bootstrap)
    records, ends = await _records(bootstrap)
    connection = await asyncpg.connect(dsn)
    try:
        return Seen(
            records=records,
            receipts=await connection.fetch("SELECT event_id, referral_id, sequence, kind, sender FROM intake.receipt"),
            decisions=await connection.fetch(
                "SELECT cause_id, decision_id, referral_id, sequence FROM triage.decision"
            ),
            outputs=await connection.fetch("SELECT event_id, cause_id, topic, partition FROM triage.output"),
            audited=await connection.fetch(
                'SELECT topic, partition, "offset", key, value, gap_to FROM audit.record ORDER BY 1, 2, 3'
            ),
            ends=ends,
            committed=done,
        )
    finally:
        await connection.close()


async def _places(bootstrap: str) -> list[TopicPartition]:
    """Every partition there is, but Kafka's own."""
    async with asking(bootstrap) as admin:
        described = await admin.describe_topics()
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
        if not topic["topic"].startswith("__")
    ]


async def _records(bootstrap: str) -> tuple[dict[str, Records], dict[TopicPartition, int]]:
    places = await _places(bootstrap)
    options = {"auto_offset_reset": "earliest", "max_partition_fetch_bytes": LARGEST}
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, **options)
    await consumer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: dict[str, Records] = defaultdict(list)
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for place, batch in (await consumer.getmany(timeout_ms=300)).items():
                found[place.topic] += [record for record in batch if record.offset < ends[place]]
        return found, ends
    finally:
        await consumer.stop()
