"""Triage as a process on a real broker and a real database: once, in order, and nothing vanishes."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from shared import events, topics
from shared.cloudevents import from_json, header
from shared.events import Decision
from tests.builders import Person
from tests.feeding import as_record, publish, routed, send
from tests.signing import signed
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiokafka import ConsumerRecord

    from tests.stack import Stack

SMALL = Path(__file__).parents[1] / "samples" / "small-ruleset.yaml"
NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
SHORT_SESSION: dict[str, Any] = {"session_timeout": 6}


async def rewind(stack: Stack) -> None:
    """Puts the group `triage` back to the beginning, once its members are gone."""
    places = [TopicPartition(topics.RECEIVED, p) for p in range(stack.settings["partitions"])]

    async def back() -> bool:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=stack.kafka.bootstrap, group_id=topics.TRIAGE_GROUP, enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign(places)
            await consumer.commit({place: OffsetAndMetadata(0, "") for place in places})
        except KafkaError:
            return False
        else:
            return True
        finally:
            await consumer.stop()

    await eventually(back, seconds=40)


def content(records: Iterable[ConsumerRecord[bytes, bytes]]) -> set[tuple[object, ...]]:
    return {(r.topic, r.partition, r.key, r.value, tuple(r.headers)) for r in records}


@pytest.mark.kafka_real
async def test_a_rewound_group_republishes_its_own_bytes_and_reroutes_nobody_even_under_new_rules(small: Stack) -> None:
    people = [Person(f"person {n}") for n in range(20)]
    await send(small, *[person.received() for person in people])
    small.start("triage", **SHORT_SESSION)
    before = await routed(small, 20)
    assert small.stop("triage") == 0
    rules = SMALL.read_text().replace('version: "small.1"', 'version: "small.2"')
    rules = rules.replace("| 10 or more | talking-therapies ", "| 10 or more | focused-support   ")
    rules = rules.replace("phq9 = 12 | 2 | talking-therapies", "phq9 = 12 | 2 | focused-support").replace(
        "phq9 = 10         | 3        | talking-therapies", "phq9 = 10         | 3        | focused-support"
    )
    (small.config / "rules/lambeth/ruleset.yaml").write_text(signed(rules))
    await rewind(small)
    small.start("triage", **SHORT_SESSION)
    after = await routed(small, 40)
    assert content(after) == content(before)
    assert len(await small.fetch("SELECT FROM triage.decision")) == 20
    await eventually(lambda: _stored(small, "small.2"))
    await send(small, Person("newcomer").received())
    assert {from_json(Decision, r.value).destination for r in await routed(small, 41)} >= {"focused-support"}


async def test_each_record_of_a_decision_goes_to_the_partition_that_its_cause_came_from(small: Stack) -> None:
    small.start("triage")
    people = [Person(f"person {n}") for n in range(12)]
    await send(small, *[person.received() for person in people])
    records = await routed(small, 12)
    causes = {r.key: r.partition for r in await small.records(topics.RECEIVED)}
    assert {r.key: r.partition for r in records} == causes
    rows = await small.fetch('SELECT event_id::text, topic, partition, "offset" FROM triage.output')
    landed = {(header(r.headers, "ce_id"), r.topic, r.partition, r.offset) for r in records}
    stored = await eventually(lambda: _published(small, 12))
    assert {tuple(row.values()) for row in stored} == landed
    assert len(rows) == 12


async def _stored(stack: Stack, version: str) -> bool:
    return bool(
        await stack.fetch("SELECT FROM triage.activation JOIN triage.ruleset USING (hash) WHERE version = $1", version)
    )


async def _published(stack: Stack, count: int) -> object:
    rows = await stack.fetch(
        'SELECT event_id::text, topic, partition, "offset" FROM triage.output WHERE published_at IS NOT NULL'
    )
    return rows if len(rows) == count else None


async def test_an_amendment_that_raises_urgency_supersedes_and_a_late_one_never_lowers(small: Stack) -> None:
    small.start("triage")
    ada = Person("ada")
    first, third = ada.received(sequence=1), ada.amended(sequence=3, risk={"suicidal": "plan"})
    await send(small, first, third, ada.amended(sequence=2, presentation={"phq9": 0}))
    records = await routed(small, 4)
    decisions = {d.sequence: d for d in (from_json(Decision, r.value) for r in records)}
    assert [decisions[n].destination for n in (1, 2, 3)] == ["talking-therapies", "crisis-outreach", "crisis-outreach"]
    assert [decisions[n].urgency for n in (1, 2, 3)] == ["3", "4", "4"]
    assert decisions[3].late


async def test_a_record_that_can_never_work_is_parked_byte_for_byte_and_its_person_is_held(small: Stack) -> None:
    small.start("triage")
    ada, bea = Person("ada"), Person("bea")
    good = as_record(small, ada.received())
    odd = (
        ("ce_type", events.RECEIVED.encode()),
        ("ce_id", str(ada.referral_id).encode()),
        ("\xe9t\xe9", b"\xff\xfe"),
        ("none", None),
    )
    broken = good._replace(value=b'{"referral_id": "cut'.ljust(1_047_900), headers=odd)  # the most that its topic takes
    await publish(small, [broken, as_record(small, bea.received())])
    (letter,) = await eventually(lambda: _some(small, topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP), 1))
    assert (letter.key, letter.value, tuple(letter.headers)[:4]) == (broken.key, broken.value, odd)
    assert header(letter.headers, "dlq-error-code") == "unreadable"
    assert header(letter.headers, "dlq-original-topic") == topics.RECEIVED
    held = {r.key: from_json(Decision, r.value) for r in await routed(small, 2)}
    assert held[broken.key].hold_reason == "parked"
    assert held[broken.key].referral_id == ada.referral_id
    assert held[str(bea.referral_id).encode()].kind == "route"


async def _some(stack: Stack, topic: str, count: int) -> object:
    found = await stack.records(topic)
    return found if len(found) >= count else None


async def test_a_service_that_finds_most_records_unreadable_stops_rather_than_park_everyone(small: Stack) -> None:
    record = as_record(small, Person("ada").received())
    await publish(small, [record._replace(value=b"%d" % n) for n in range(40)])
    owned = small.begin("triage", fuse_window=30)
    assert await eventually(lambda: _ended(owned), seconds=40) == 1
    assert await small.records(topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP)) == []


async def test_whoever_starts_it_again_has_no_more_people_parked_unless_they_ask_for_it(small: Stack) -> None:
    """By a window of 10: five could be read and five not; the next that cannot be read is one too many, also after a restart."""
    dead, record = topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP), as_record(small, Person("ada").received())
    small.start("triage", fuse_window=10)
    await send(small, *(Person(f"person {n}").received() for n in range(5)))
    await routed(small, 5)
    await publish(small, [record._replace(value=b"%d" % n) for n in range(5)])
    await eventually(lambda: _some(small, dead, 5))
    assert await asyncio.to_thread(small.stop, "triage") == 0
    await publish(small, [record._replace(value=b"6")])
    owned = small.begin("triage", fuse_window=10)
    assert await eventually(lambda: _ended(owned), seconds=40) == 1
    assert len(await small.records(dead)) == 5
    small.start("triage", fuse_window=10, fuse_share=1)
    await eventually(lambda: _some(small, dead, 6))
    assert await asyncio.to_thread(small.stop, "triage") == 0
    small.start("triage", fuse_window=10)
    await send(small, Person("bea").received())
    await routed(small, 12)


async def _ended(owned: object) -> int | None:
    return getattr(owned, "exit_code", None)


@pytest.mark.kafka_real
async def test_two_instances_share_the_work(small: Stack) -> None:
    small.start("triage", instance="1")
    small.start("triage", instance="2")
    await eventually(lambda: _both_assigned(small))
    people = [Person(f"person {n}") for n in range(60)]
    await send(small, *[person.received() for person in people])
    assert len(await routed(small, 60)) == 60
    assert len(await small.fetch("SELECT FROM triage.decision")) == 60

    async def shared() -> bool:
        shares = [_consumed((await small.get("/metrics", to=name)).text) for name in ("triage", "triage-2")]
        return sum(shares) == 60 and min(shares) > 0

    await eventually(shared)


async def _both_assigned(stack: Stack) -> bool:
    return all('"count": 2' in stack.logs(name) for name in ("triage", "triage-2"))


def _consumed(metrics: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith("frontdoor_consumed_records_total")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
