"""Reads all that Kafka holds, and keeps what the database lacks of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.frontdoor.refill.found import (
    Activated,
    Published,
    Taken,
    Unread,
    activated,
    cause_of_intake,
    identity,
    published,
    taken,
    unread,
)
from shared import topics
from shared.cloudevents import header
from shared.errors import Usage
from shared.kafka import away, client_options, log_bounds
from shared.kafka_admin import partitions_of
from shared.lagging.measure import meter
from shared.postgres import queries

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Iterable, Sequence
    from uuid import UUID

    from shared.settings import ServiceSettings

SQL: Final = queries("services.frontdoor.refill")
DECISION: Final = "frontdoor.decision"  # what the id of a decision is derived by
PARKED: Final = topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP)
WRITERS: Final = (topics.TRIAGE_GROUP, topics.STATUS_GROUP)
PATIENCE: Final = 90.0  # seconds: a member that left is listed until its session has run out


@dataclass
class Lacking:
    """What Kafka has and the database lacks: decisions by cause (each with its outputs by id), events of intake by id.

    `causes` are the events that those decisions are on, `letters` dead letters of triage by the id of the parked record;
    `other` are events that the database has with another content, `newest` the time of Kafka's newest. `unreceived` are
    decisions, by their cause, on events of intake of which the database has no receipt; `seen`, those that Kafka has.
    """

    decisions: dict[UUID, dict[UUID, Published]] = field(default_factory=dict)
    events: dict[UUID, Taken] = field(default_factory=dict)
    causes: dict[UUID, Taken] = field(default_factory=dict)
    letters: dict[UUID, Unread] = field(default_factory=dict)
    activations: dict[int, Activated] = field(default_factory=dict)
    other: dict[UUID, Taken] = field(default_factory=dict)
    unreceived: dict[UUID, Published] = field(default_factory=dict)
    seen: set[UUID] = field(default_factory=set)
    newest: dt.datetime | None = None


async def lacking(connection: Any, settings: ServiceSettings) -> Lacking:
    """Decisions first: of the events those count too that one of them is on."""
    found = Lacking()
    async for records in portions(settings, [*topics.ROUTED.values()]):
        await _note_decisions(connection, found, [it for r in records if (it := published(r, DECISION))])
    async for records in portions(settings, [PARKED]):
        stream = topics.stream_name("", settings.topic_generation)
        for record in records:
            if letter := unread(record, stream):
                found.letters.setdefault(letter.letter.id, letter)
    async for records in portions(settings, [topics.RECEIVED]):
        found.seen |= found.unreceived.keys() & {identity(r)[0] for r in records}
        await _note_events(connection, found, [one for r in records if (one := taken(r))])
    async for records in portions(settings, [topics.OPERATIONS]):
        known = {rules.id: rules for r in records if (rules := activated(r))}
        there = {row["id"] for row in await connection.fetch(SQL.activations, list(known))}
        found.activations |= {number: rules for number, rules in known.items() if number not in there}
    return found


async def _note_decisions(connection: Any, found: Lacking, those: Sequence[Published]) -> None:
    causes = {one.decision.cause_id for one in those}
    there = {row["id"] for row in await connection.fetch(SQL.known_causes, list(causes))}
    for one in those:
        if one.decision.cause_id not in there:
            found.decisions.setdefault(one.decision.cause_id, {}).setdefault(one.event_id, one)
    ours = {one.decision.cause_id: one for one in those if cause_of_intake(one)}
    digests = [header(one.headers, "ce_receiptdigest") for one in ours.values()]
    received = {row["id"] for row in await connection.fetch(SQL.receipts_known, [*ours], digests)}
    found.unreceived |= {cause: one for cause, one in ours.items() if cause not in received}


async def _note_events(connection: Any, found: Lacking, those: Sequence[Taken]) -> None:
    digests = {one.event_id: header(one.headers, "ce_receiptdigest") for one in those if one.of_intake}
    there = {row["id"] for row in await connection.fetch(SQL.known_events, list(digests))}
    other = {row["event_id"] for row in await connection.fetch(SQL.other_receipts, [*digests], [*digests.values()])}
    for one in those:
        if one.event_id in digests and one.event_id not in there:
            before = found.events.setdefault(one.event_id, one)
            if one.readable and not before.readable:
                found.events[one.event_id] = one
        if one.event_id in other:
            found.other.setdefault(one.event_id, one)
        if one.event_id in found.decisions and one.readable:
            found.causes.setdefault(one.event_id, one)
        found.newest = max(found.newest or one.at, one.at)


async def portions(settings: ServiceSettings, names: Iterable[str]) -> AsyncIterator[list[Any]]:
    """All records of these topics, to where they end now, in the order of each partition; `Transient` if Kafka is away."""
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=1 << 22,
    )
    try:
        await consumer.start()
        places = [TopicPartition(n, p) for n in names for p in range(partitions_of(n, settings.partitions))]
        bounds = await log_bounds(consumer, places)
        left = {place for place, (start, end) in bounds.items() if start < end}
        consumer.assign(list(left) or places)
        while left:
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                yield [record for record in records if record.offset < bounds[place][1]]
            left = {place for place in left if await consumer.position(place) < bounds[place][1]}
    except (KafkaError, OSError) as error:
        raise away(error) from error
    finally:
        await consumer.stop()


async def nobody_works(settings: ServiceSettings) -> None:
    """Waits until triage and intake's status have left their groups; `Usage` where they run."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    async with meter(settings) as measured:
        while members := sorted(
            m.name for g, look in (await measured.look()).items() if g in WRITERS for m in look.members
        ):
            if asyncio.get_running_loop().time() > deadline:
                raise Usage("services-run", f"stop intake and triage first: {', '.join(members)} still work")
            await asyncio.sleep(1)


async def follow_anew(settings: ServiceSettings) -> None:
    """Has intake follow every decision again that Kafka holds: what it knows already changes nothing."""
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=topics.STATUS_GROUP, enable_auto_commit=False)
    try:
        await consumer.start()
        places = [TopicPartition(n, p) for n in topics.ROUTED.values() for p in range(settings.partitions)]
        consumer.assign(places)
        starts = await consumer.beginning_offsets(places)
        await consumer.commit(starts)
    except (KafkaError, OSError) as error:
        raise away(error) from error
    finally:
        await consumer.stop()
