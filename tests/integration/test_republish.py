"""Kafka loses its topics, PostgreSQL does not: what was lost is named, published again, and accounted for."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from services.frontdoor.reconcile import look
from shared import topics
from tests.intake import a_body
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.timeout(300)]


async def taken(stack: Stack, *names: str) -> None:
    for name in names:
        answer = await stack.post("/referrals", a_body(message_id=name))
        assert answer.status_code == 202, answer.text


async def published(stack: Stack) -> None:
    await eventually(lambda: _nothing_waits(stack))


async def settled(stack: Stack, count: int) -> None:
    """Waits until so many are taken, decided and audited, and nothing is left over."""

    async def through() -> bool:
        account = (await look(stack.database.dsn("frontdoor_reader"))).as_json()
        nothing: dict[str, Any] = {"parked": [], "in_flight": [], "unaccounted": []}
        assert account == {"taken": count, "decided": count, "audited": count, **nothing}
        return True

    await eventually(through, 60)


async def lose_every_topic(stack: Stack) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
    await client.start()
    await client.delete_topics(list(topics.AUDITED_TOPICS))

    async def gone() -> bool:
        return not set(await client.list_topics()) & set(topics.AUDITED_TOPICS)

    await eventually(gone)
    await client.close()
    await stack.make_topics()


def republish(stack: Stack, *arguments: str, role: str = "postgres") -> subprocess.CompletedProcess[str]:
    told = {"FRONTDOOR_ADMIN_DSN": stack.database.dsn(role), "FRONTDOOR_KAFKA": stack.kafka.bootstrap}
    command = [sys.executable, "-m", "services.frontdoor", "republish", *arguments]
    return subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False)


async def test_what_kafka_lost_is_published_again_and_accounted_for_also_beside_newer_records(stack: Stack) -> None:
    stack.start("intake", "triage", "audit")
    await taken(stack, *(f"through {number}" for number in range(6)))
    await settled(stack, 6)
    for service in ("triage", "audit"):
        assert await asyncio.to_thread(stack.stop, service) == 0
    await taken(stack, *(f"lost {number}" for number in range(4)))
    await published(stack)
    assert json.loads(republish(stack, "--json").stdout) == {"events": 0, "outputs": 0, "dry_run": False}
    assert await asyncio.to_thread(stack.stop, "intake") == 0

    await lose_every_topic(stack)
    stack.start("intake", "triage", "audit", topic_generation=2)
    await taken(stack, *(f"new {number}" for number in range(8)))
    await eventually(lambda: _decided(stack, 14))

    expected = {"events": 10, "outputs": 6}
    dry = republish(stack, "--dry-run", "--json")
    assert json.loads(dry.stdout) == {**expected, "dry_run": True}, dry.stderr
    again = republish(stack, role="frontdoor_owner")
    assert again.stdout == "10 events of intake and 6 of triage are published again\n", again.stderr
    await settled(stack, 18)
    assert json.loads(republish(stack, "--json").stdout) == {"events": 0, "outputs": 0, "dry_run": False}
    await eventually(lambda: _announced(stack, generation=2))


async def test_no_service_may_have_it_published_again(stack: Stack) -> None:
    refused = republish(stack, role="frontdoor_intake")
    assert refused.returncode == 2
    assert "(not-permitted)" in refused.stderr


async def _nothing_waits(stack: Stack) -> bool:
    return not await stack.fetch("SELECT FROM intake.outbox WHERE published_at IS NULL")


async def _decided(stack: Stack, count: int) -> bool:
    return len(await stack.fetch("SELECT FROM triage.decision")) == count


async def _announced(stack: Stack, generation: int) -> bool:
    """The announcement of the rules is no referral: `settled` does not wait for it."""
    return bool(
        await stack.fetch(
            "SELECT FROM audit.record WHERE type = 'frontdoor.rules.activated.v1' AND stream LIKE $1", f"%.{generation}"
        )
    )
