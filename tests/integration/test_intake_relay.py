"""What was taken reaches Kafka in order, whatever was away; what triage decided comes back."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaProducer

from shared.cloudevents import from_plain, header, to_json
from shared.events import Decision
from tests.builders import MONDAY_10AM, an_id
from tests.intake import a_body
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

pytestmark = pytest.mark.timeout(240)  # a broker may take its time to come back on a busy machine


async def taken(stack: Stack, count: int, to: str = "intake") -> list[str]:
    """Referrals, each followed by two amendments, all at once."""

    async def one(number: int) -> str:
        answer = await stack.post("/referrals", a_body(message_id=f"{to}-{number}"), to=to)
        referral_id = str(answer.json()["referral_id"])
        for phq9 in (10, 20):
            await stack.post(f"/referrals/{referral_id}/amendments", {"presentation": {"phq9": phq9}}, to=to)
        return referral_id

    return list(await asyncio.gather(*(one(number) for number in range(count))))


async def published(stack: Stack) -> bool:
    """Whether nothing waits in the outbox."""
    rows = await stack.fetch("SELECT count(*) AS waiting FROM intake.outbox WHERE published_at IS NULL")
    return bool(rows[0]["waiting"] == 0)


async def sequences(stack: Stack) -> dict[str, list[int]]:
    """First occurrences of each referral's causes in Kafka, in their order."""
    found: dict[str, list[int]] = defaultdict(list)
    for record in await stack.records("referrals.received"):
        sequence = int(header(record.headers, "ce_sequence") or 0)
        if sequence not in found[key := (record.key or b"").decode()]:
            found[key].append(sequence)
    return dict(found)


async def test_referrals_are_taken_while_kafka_is_away_and_published_in_order_when_it_is_back(stack: Stack):
    stack.kafka.halt()
    stack.start("intake")
    referrals = await taken(stack, 12)
    assert (await stack.get("/ready")).status_code == 200
    assert (await stack.fetch("SELECT count(*) AS waiting FROM intake.outbox"))[0]["waiting"] == 36
    await asyncio.to_thread(stack.kafka.again)
    await eventually(lambda: published(stack), 90)
    assert await sequences(stack) == {referral_id: [1, 2, 3] for referral_id in referrals}
    stored = {
        (row["partition"], row["offset"]): str(row["event_id"])
        for row in await stack.fetch("SELECT * FROM intake.accounting")
    }
    seen = {(r.partition, r.offset): header(r.headers, "ce_id") for r in await stack.records("referrals.received")}
    assert stored.items() <= seen.items()


async def test_another_relay_takes_over_from_a_frozen_one(stack: Stack):
    role = f"ALTER ROLE frontdoor_intake IN DATABASE {stack.database.name}"
    await stack.fetch(f"{role} SET idle_session_timeout = '3s'")
    stack.start("intake")
    await taken(stack, 1)
    await eventually(lambda: published(stack), 90)
    stack.start("intake", instance="2")
    stack.process("intake").pause()
    referrals = await taken(stack, 2, to="intake-2")
    await eventually(lambda: published(stack), 30)
    assert "relay active" in stack.logs("intake-2")
    stack.process("intake").resume()
    answer = await stack.post(f"/referrals/{referrals[0]}/amendments", {"presentation": {"gad7": 9}})
    assert answer.status_code == 202, "what was frozen goes on as any other"
    await eventually(lambda: published(stack), 30)
    found = await sequences(stack)
    assert [found[referral_id] for referral_id in referrals] == [[1, 2, 3, 4], [1, 2, 3]]


async def test_what_triage_decided_is_the_status_and_what_is_no_decision_is_parked(stack: Stack):
    stack.start("intake")
    (mine,) = await taken(stack, 1)
    fields: dict[str, Any] = {
        **dict.fromkeys(("decision_id", "cause_id"), an_id("decision")),
        **dict.fromkeys(("received_at", "decided_at", "due_at"), MONDAY_10AM),
        **dict.fromkeys(("destination", "service"), "talking-therapies-step-2"),
        "cause_type": "frontdoor.referral.received.v1",
        "kind": "route",
        "status": "routed",
        "urgency": "3",
        "care_setting": "primary-care",
        "team_type": "A01",
        "gate": "sample",
        "response": "6 weeks",
    }
    decision = from_plain(Decision, {"referral_id": mine, "sequence": 1, "locality": "lambeth", **fields})
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka.bootstrap)
    await producer.start()
    await producer.send_and_wait("referrals.routed.primary-care", b"no decision", key=mine.encode(), partition=0)
    await producer.send_and_wait("referrals.routed.primary-care", to_json(decision), key=mine.encode(), partition=0)
    await producer.stop()

    async def routed() -> bool:
        return bool((await stack.get(f"/referrals/{mine}")).json()["status"] == "routed")

    await eventually(routed, 90)
    (letter,) = await stack.records("referrals.routed.primary-care.dlq.intake-status")
    assert (letter.value, header(letter.headers, "dlq-error-code")) == (b"no decision", "not-a-decision")
    told = await stack.get(f"/referrals/{mine}", key="team")
    assert told.status_code == 200


async def test_a_relay_that_waits_for_kafka_stops_when_it_is_told_to(stack: Stack):
    stack.start("intake")
    await taken(stack, 1)
    await eventually(lambda: published(stack), 90)
    stack.kafka.pause()
    await taken(stack, 3)
    assert await asyncio.to_thread(stack.stop, "intake") == 0
    assert "stopped late" not in stack.logs("intake")
    stack.kafka.resume()
