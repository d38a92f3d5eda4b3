"""Looks at every consumer group as Kafka knows it, from outside: a group that stands still cannot say so itself.

Commits are read before the ends of the partitions: the other order makes lag negative. Each group is asked about in a
request of its own, and its error code looked at: aiokafka reads an answer about several wrongly, and takes a group that
its broker is still loading for one without commits.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.commit import OffsetFetchRequest

from shared import topics
from shared.errors import Transient
from shared.kafka import away, client_options, log_bounds
from shared.kafka_admin import admin
from shared.lagging.looks import Look, Member, Place, Position, Waiting
from shared.lagging.retention import Retention
from shared.lagging.verdict import Judgement, Looks
from shared.postgres import backoff

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiokafka.admin import AIOKafkaAdminClient

    from shared.settings import ServiceSettings

PATIENCE: Final = 15.0  # seconds that one look may take
READING: Final = 3.0  # seconds in which the records that wait are read, for their times

# A broker that has just started, or been given the group by another, knows it in a moment.
_IN_A_MOMENT: Final = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)
_MADE_BY_KAFKA: Final = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")  # what a member's id ends with


class Meter:
    """Looks at the groups over two clients that stay open."""

    def __init__(
        self, client: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, places: Mapping[str, set[Place]]
    ) -> None:
        self._client, self._consumer, self._places = client, consumer, places
        self._read: dict[tuple[Place, int], Waiting] = {}
        self._retention = Retention(client)

    async def look(self) -> dict[str, Look]:
        """A look at each group, by its name; `Transient` where Kafka is away or refuses."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._look()
        except (KafkaError, OSError, TimeoutError) as error:
            raise away(error) from error

    async def _look(self) -> dict[str, Look]:
        groups = {group: await self._known(group) for group in topics.GROUPS}
        every = sorted({place for places in self._places.values() for place in places})
        found = await log_bounds(self._consumer, [TopicPartition(*place) for place in every])
        bounds = {(tp.topic, tp.partition): log for tp, log in found.items()}
        kept = await self._retention.seconds()
        positions = {
            group: {
                place: Position(commits.get(place), *bounds[place], kept=kept.get(place[0]))
                for place in sorted(self._places[group])
            }
            for group, (_, _, commits) in groups.items()
        }
        wanted = {(place, p.following) for each in positions.values() for place, p in each.items() if p.waits}
        await self._read_first(wanted)
        now = time.time()
        return {
            group: Look(
                now,
                state,
                members,
                {
                    place: p._replace(first=self._read.get((place, p.following)))
                    for place, p in positions[group].items()
                },
            )
            for group, (state, members, _) in groups.items()
        }

    async def _known(self, group: str) -> tuple[str, tuple[Member, ...], dict[Place, int]]:
        """State, members and commits of one group, as soon as its broker knows them."""
        attempt = 0
        while True:
            try:
                return await self._group(group)
            except _IN_A_MOMENT:
                attempt += 1
                await asyncio.sleep(backoff(attempt, most=1.0))

    async def _group(self, group: str) -> tuple[str, tuple[Member, ...], dict[Place, int]]:
        node = await self._client.find_coordinator(group)
        committed = await self._asked(node, OffsetFetchRequest(group, None))
        _refused(committed.error_code)
        commits = {}
        for topic, partitions in committed.topics:
            for partition, offset, _, code in partitions:
                _refused(code)
                if offset >= 0:
                    commits[topic, partition] = offset
        described = await self._asked(node, DescribeGroupsRequest([group]))
        ((code, _, state, _, _, members, *_),) = described.groups
        _refused(code)
        return state, tuple(_member(*member) for member in members), commits

    async def _asked(self, node: int, request: Any) -> Any:
        return await self._client._send_request(request, node)  # noqa: SLF001  (nothing public shows the error codes)

    async def _read_first(self, wanted: set[tuple[Place, int]]) -> None:
        """Learns of each record that waits first when it was written. What cannot be read stays unknown."""
        self._read = {known: waiting for known, waiting in self._read.items() if known in wanted}
        missing = sorted(wanted - self._read.keys())
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(READING):
                while missing:
                    now = dict(reversed(missing))  # of a partition in which two groups stand apart, one at a time
                    await self._read_each(now)
                    missing = [known for known in missing if known not in now.items()]

    async def _read_each(self, wanted: Mapping[Place, int]) -> None:
        """Reads whole batches, one a partition: of one half read aiokafka leaves a cycle, to the collector's last round."""
        missing = {TopicPartition(*place): offset for place, offset in wanted.items()}
        self._consumer.assign(list(missing))
        try:
            for tp, offset in missing.items():
                self._consumer.seek(tp, offset)
            while missing:
                batches = await self._consumer.getmany(*missing, timeout_ms=int(READING * 1000))
                self._consumer.pause(*batches)  # or the next batch would be fetched, and lie there unread
                for tp, (first, *_) in batches.items():
                    offset = missing.pop(tp)
                    if first.timestamp >= 0:  # -1: the record says nothing of its time
                        self._read[(tp.topic, tp.partition), offset] = Waiting(first.timestamp / 1000, _text(first.key))
        finally:
            self._consumer.unsubscribe()


@asynccontextmanager
async def meter(settings: ServiceSettings) -> AsyncIterator[Meter]:
    """A meter of the groups; `Transient` while Kafka is away, or where a topic is missing."""
    async with admin(settings) as client:
        consumer = AIOKafkaConsumer(
            **client_options(settings),
            enable_auto_commit=False,
            request_timeout_ms=10_000,
            max_partition_fetch_bytes=4096,  # one batch is sent whatever its size, and one record is asked for
            fetch_max_bytes=65_536,
        )
        try:
            places = _of_each_group(await client.describe_topics())
            await consumer.start()
            yield Meter(client, consumer, places)
        finally:
            with suppress(Exception):
                await asyncio.wait_for(consumer.stop(), settings.kafka_stop_timeout)


class Watch:
    """Looks at the groups again and again, and remembers; `close` ends it."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._looks: dict[str, Looks] = defaultdict(Looks)
        self._open = AsyncExitStack()
        self._meter: Meter | None = None

    async def look(self) -> dict[str, tuple[Look, Judgement]]:
        """Each group as it is now, and what that says; `Transient` where Kafka is away. The next look tries anew."""
        try:
            if self._meter is None:
                self._meter = await self._open.enter_async_context(meter(self._settings))
            looks = await self._meter.look()
        except Transient:
            await self.close()
            raise
        return {group: (look, self._looks[group].add(look)) for group, look in looks.items()}

    @property
    def furthest(self) -> dict[str, dict[Place, int]]:
        """How far each group ever was in each partition, as far as was seen."""
        return {group: looks.furthest for group, looks in self._looks.items()}

    def remember(self, furthest: Mapping[str, Mapping[Place, int]]) -> None:
        """What somebody else saw who looked before: a commit that is behind that went back."""
        for group, places in furthest.items():
            self._looks[group].remember(places)

    async def close(self) -> None:
        """Closes what is open."""
        self._meter = None
        await self._open.aclose()


def _of_each_group(described: list[dict[str, Any]]) -> dict[str, set[Place]]:
    there = {
        t["topic"]: {(t["topic"], p["partition"]) for p in t["partitions"]} for t in described if not t["error_code"]
    }
    for name in topics.AUDITED_TOPICS:
        if name not in there:
            raise Transient("topic-missing", f"topic {name} does not exist (or may not be seen)")
    return {group: set().union(*(there[name] for name in names)) for group, names in topics.GROUPS.items()}


def _member(member_id: str, _: str, __: str, ___: bytes, assignment: bytes) -> Member:
    assigned = ConsumerProtocolMemberAssignment.decode(assignment).partitions() if assignment else []
    return Member(_MADE_BY_KAFKA.sub("", member_id), frozenset((tp.topic, tp.partition) for tp in assigned))


def _refused(code: int) -> None:
    if code:
        raise for_code(code)


def _text(key: bytes | None) -> str | None:
    """A key as text; keys are ids made here, and what another wrote is not repeated."""
    return key.decode() if key and re.fullmatch(rb"[0-9a-f-]{36}", key) else None
