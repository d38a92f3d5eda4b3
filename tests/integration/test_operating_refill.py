"""PostgreSQL comes back from last night's copy while Kafka is ahead: what is lost is named, what was decided stands."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from shared import topics
from shared.kafka_admin import admin
from shared.settings import ServiceSettings
from tests.builders import Person
from tests.chaos.seeded.checkers import every_cause_has_exactly_one_decision, every_referral_is_in_order
from tests.chaos.seeded.run import Story
from tests.chaos.seeded.witness import all_seen
from tests.feeding import publish
from tests.intake import CLERK, NURSE
from tests.integration.restoring import (
    TABLES,
    answer,
    as_intake_wrote,
    dump,
    held,
    holds,
    new_rules,
    poison,
    post,
    refer,
    restore,
    taken_as,
    through,
)
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(400)]

SESSION = 6  # seconds after which Kafka lists a member no more that has left


class Night(NamedTuple):
    """A system at rest before its database was lost, with referrals from before the copy and from after it."""

    stack: Stack
    before: list[str]
    after: list[str]
    stood: dict[str, set[tuple[Any, ...]]]


def refill(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    told = {
        "FRONTDOOR_ADMIN_DSN": stack.database.dsn(),
        "FRONTDOOR_KAFKA": stack.kafka.bootstrap,
        "FRONTDOOR_PARTITIONS": str(stack.settings["partitions"]),
    }
    command = [sys.executable, "-m", "services.frontdoor", "refill", *arguments]
    return subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False)


@pytest.fixture
async def night(stack: Stack) -> Night:
    """The services are stopped, and the database is as it was before what came last."""
    stack.start("intake", "triage", "audit", session_timeout=SESSION)
    before = [await refer(stack, f"before {number}", phq9=10 + number) for number in range(6)]
    await answer(stack, before[0], kind="accepted", by=NURSE)
    await through(stack)
    copied = f"{stack.database.name}_copy"
    await dump(stack, copied)
    after = [await refer(stack, "after 0", suicidal="plan")]
    after += [await refer(stack, f"after {number}", phq9=10 + number) for number in range(1, 5)]
    await refer(stack, "an emergency", urgency="1")
    await post(stack, f"/referrals/{before[1]}/amendments", {"presentation": {"phq9": 24}}, "gp")
    await answer(stack, before[2], kind="returned", by=CLERK, reason="01", onward="hub-review")
    await answer(stack, after[0], kind="accepted", by=NURSE)
    await post(stack, f"/referrals/{after[1]}/cancellations", {"reason": "withdrawn"}, "gp")
    await publish(stack, [poison(stack, before[3]), poison(stack, after[2])])
    new_rules(stack)
    await eventually(lambda: stack.fetch("SELECT FROM triage.activation WHERE id = 2 AND announced_at IS NOT NULL"))
    await refer(stack, "by the new rules")
    await through(stack, parked=2)
    stood = await held(stack)
    for service in ("intake", "triage", "audit"):
        await asyncio.to_thread(stack.stop, service)
    await restore(stack, copied)
    return Night(stack, before, after, stood)


async def test_what_was_decided_stands_byte_for_byte_and_who_lost_their_words_is_named(night: Night) -> None:
    stack = night.stack
    stopped = await held(stack)
    dry = json.loads(refill(stack, "--dry-run", "--json").stdout)
    assert await held(stack) == stopped, "a rehearsal changes nothing"
    done = refill(stack, "--json")
    assert done.returncode == 1, done.stderr
    named = json.loads(done.stdout)
    assert {**named, "dry_run": True} == dry
    assert set(night.after) < {one["referral_id"] for one in named["referrals"]}
    assert (len(named["referrals"]), named["referrals"][0]["urgency"]) == (7, "1"), "an emergency stands first"
    assert {(one["referral_id"], one["kind"]) for one in named["messages"]} == {
        (night.before[1], "amended"),
        (night.before[2], "returned"),
    }
    assert (named["parked"], named["activations"], named["held_otherwise"]) == (2, 1, [])
    now = await held(stack)
    for table in TABLES:
        if table != "intake.status":
            assert now[table] == night.stood[table], table
    assert refill(stack).stdout == "nothing is lacking: the database has all that Kafka has\n"
    await goes_on(night)


async def goes_on(night: Night) -> None:
    """With the services running again: what comes next about anybody has its own place, and is decided in its order."""
    stack = night.stack
    stack.start("intake", "triage", "audit", session_timeout=SESSION)
    statuses = night.stood["intake.status"]
    await eventually(lambda: holds(stack, "intake.status", statuses), 60)
    await post(stack, f"/referrals/{night.before[1]}/amendments", {"presentation": {"phq9": 25}}, "gp")
    await answer(stack, night.after[0], kind="closed", by=NURSE, reason="treated")
    await post(stack, f"/referrals/{night.before[2]}/cancellations", {"reason": "withdrawn"}, "gp")
    again = await refer(stack, "after 3", phq9=13)
    assert again not in night.after, "what is sent again is taken with who it is about"
    await through(stack, parked=2)
    late = "SELECT FROM triage.decision WHERE convert_from(document, 'UTF8')::json ->> 'late' = 'true'"
    assert not await stack.fetch(late)
    seen = await all_seen(stack.kafka.bootstrap, stack.database.dsn())
    receipts = {str(row["event_id"]) for row in seen.receipts}
    real = [r for r in seen.records[topics.RECEIVED] if dict(r.headers)["ce_id"].decode() in receipts]
    seen.records[topics.RECEIVED] = real
    assert [*every_cause_has_exactly_one_decision(Story(0), seen)] == []
    assert [*every_referral_is_in_order(Story(0), seen)] == []


async def test_it_waits_until_the_services_have_stopped_and_says_so(small: Stack) -> None:
    small.start("intake", "triage", session_timeout=SESSION)
    await refer(small, "one")
    await through(small, audit=False)
    running = asyncio.create_task(asyncio.to_thread(refill, small))
    for service in ("intake", "triage"):
        await asyncio.to_thread(small.stop, service)
    assert (await running).returncode == 0
    assert (await running).stdout == "nothing is lacking: the database has all that Kafka has\n"


async def test_no_service_decides_or_publishes_on_a_database_that_kafka_is_ahead_of(night: Night) -> None:
    stack = night.stack
    stood = {table: rows for table, rows in (await held(stack)).items() if table.startswith("triage.decision")}
    stack.start("intake", session_timeout=SESSION)
    referral = await refer(stack, "taken all the same")
    await eventually(lambda: "database-behind" in stack.logs("intake"))
    assert await stack.fetch(
        "SELECT FROM intake.outbox WHERE referral_id::text = $1 AND published_at IS NULL", referral
    )
    await publish(stack, [poison(stack, night.before[0])])
    triage = stack.begin("triage", session_timeout=SESSION)
    await eventually(lambda: not triage.runs, 60)
    assert triage.exit_code == 1
    assert "frontdoor refill" in stack.logs("triage")
    assert stood == {"triage.decision": (await held(stack))["triage.decision"]}
    await asyncio.to_thread(stack.stop, "intake")
    assert refill(stack).returncode == 1
    stack.start("intake", "triage", "audit", session_timeout=SESSION)
    await through(stack, parked=3)


async def test_what_a_service_took_before_it_was_refilled_is_named_and_nothing_is_overwritten(night: Night) -> None:
    stack = night.stack
    stack.start("intake", session_timeout=SESSION, kafka="127.0.0.1:1")
    await post(stack, f"/referrals/{night.before[1]}/amendments", {"presentation": {"phq9": 3}}, "gp")
    await post(stack, f"/referrals/{night.before[2]}/cancellations", {"reason": "withdrawn"}, "gp")
    await asyncio.to_thread(stack.stop, "intake")
    kept = await stack.fetch(
        "SELECT event_id, digest FROM intake.receipt WHERE sequence = 2 AND referral_id = ANY($1::uuid[])",
        night.before[1:3],
    )
    named = json.loads(refill(stack, "--json").stdout)
    ids = [row["event_id"] for row in kept]
    assert (
        await stack.fetch("SELECT event_id, digest FROM intake.receipt WHERE event_id = ANY($1::uuid[])", ids) == kept
    )
    amended = next(str(row["event_id"]) for row in kept if str(row["event_id"]) in named["held_otherwise"])
    assert amended
    assert len(named["held_otherwise"]) == 2, "the amendment of another content, and the return that lost its place"
    assert set(named["not_restored"].values()) == {"taken-since"}
    assert refill(stack).stdout == "nothing is lacking: the database has all that Kafka has\n"
    await everybody_else_goes_on(stack)


async def everybody_else_goes_on(stack: Stack) -> None:
    """What is named to a person keeps nobody else: who is referred now reaches Kafka."""
    stack.start("intake", session_timeout=SESSION)
    new = await refer(stack, "after the refill")
    published = "SELECT FROM intake.outbox WHERE referral_id::text = $1 AND published_at IS NOT NULL"
    await eventually(lambda: stack.fetch(published, new))


async def test_who_is_known_by_headers_or_a_decision_alone_is_named_and_keeps_nobody_waiting(small: Stack) -> None:
    small.start("intake", "triage", session_timeout=SESSION)
    forgotten, garbled = Person("forgotten", at=dt.datetime.now(dt.UTC)), Person("garbled", at=dt.datetime.now(dt.UTC))
    gone = forgotten.received()
    await publish(small, [as_intake_wrote(small, gone)])
    await eventually(lambda: decided(small, 1))
    async with admin(ServiceSettings.model_validate({"postgres_dsn": "", **small.settings})) as client:
        partitions = range(small.settings["partitions"])
        await client.delete_records({TopicPartition(topics.RECEIVED, p): RecordsToDelete(-1) for p in partitions})
    first, amendment = garbled.received(), garbled.amended(presentation={"phq9": 20})
    await publish(small, [as_intake_wrote(small, first, b"{"), as_intake_wrote(small, amendment)])
    await eventually(lambda: decided(small, 3))
    for service in ("intake", "triage"):
        await asyncio.to_thread(small.stop, service)
    named = json.loads(refill(small, "--json").stdout)
    assert {(one["referral_id"], one["sender"]) for one in named["referrals"]} == {
        (str(forgotten.referral_id), "not recorded"),
        (str(garbled.referral_id), "gp"),
    }
    assert named["not_restored"] == {str(taken_as(gone)): "gone"}
    places = await small.fetch("SELECT referral_id, source, locality, sequence FROM intake.referral")
    assert {tuple(row) for row in places} == {
        (forgotten.referral_id, "not recorded", "lambeth", 1),
        (garbled.referral_id, "gp", "lambeth", 2),
    }
    assert refill(small).stdout == "nothing is lacking: the database has all that Kafka has\n"
    await everybody_else_goes_on(small)


async def decided(stack: Stack, count: int) -> bool:
    return len(await stack.fetch("SELECT FROM triage.decision")) == count
