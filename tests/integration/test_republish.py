"""Kafka loses its topics, PostgreSQL does not: what was lost is named, published again, and accounted for."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.frontdoor.reconcile import look
from shared import topics
from tests.intake import a_body
from tests.integration.pages import page
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


async def test_what_audit_never_saw_of_decisions_is_published_again_by_the_statement_of_its_page(stack: Stack) -> None:
    stack.start("intake", "triage", "audit")
    await taken(stack, *(f"seen {number}" for number in range(4)))
    await settled(stack, 4)
    assert await asyncio.to_thread(stack.stop, "audit") == 0
    await taken(stack, *(f"unseen {number}" for number in range(4)))
    await eventually(lambda: _sent_on(stack, 8))
    await lose_what_was_decided(stack)
    stack.start("audit")
    later = await until_reconcile_names(stack, 4)

    (statement,) = re.findall(r"```sql\n(.*?)```", page("audit-gap"), re.DOTALL)
    ids = ", ".join(f"'{referral}'" for referral in await unaccounted(stack))
    again = statement.strip().removesuffix(";").replace("'REFERRAL', 'REFERRAL'", ids).replace("1 minute", "0 seconds")
    assert len(await stack.fetch(f"{again} RETURNING event_id")) == 4
    await settled(stack, 8 + later)


async def until_reconcile_names(stack: Stack, count: int) -> int:
    """Sends until audit is past all that it did not see; how many more that were."""
    for sent in range(1, 40):
        await taken(stack, f"later {sent}")
        await eventually(lambda: _sent_on(stack, 8 + sent))  # noqa: B023  (awaited here)
        if len(await unaccounted(stack)) == count:
            return sent
    raise AssertionError(await unaccounted(stack))


async def unaccounted(stack: Stack) -> set[str]:
    """The referrals that reconcile names, of each nothing but what was decided."""
    named = (await look(stack.database.dsn("frontdoor_reader"))).unaccounted
    assert all("audit is past referrals.routed." in entry.why for entry in named)
    return {str(entry.referral_id) for entry in named}


async def lose_what_was_decided(stack: Stack) -> None:
    """As if all that was sent on had gone of age."""
    client = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
    await client.start()
    rows = await stack.fetch('SELECT topic, partition, max("offset") + 1 AS end FROM triage.output GROUP BY 1, 2')
    ends = {TopicPartition(row["topic"], row["partition"]): RecordsToDelete(row["end"]) for row in rows}
    await client.delete_records(ends)
    await client.close()


async def test_no_service_may_have_it_published_again(stack: Stack) -> None:
    refused = republish(stack, role="frontdoor_intake")
    assert refused.returncode == 2
    assert "(not-permitted)" in refused.stderr


async def _nothing_waits(stack: Stack) -> bool:
    return not await stack.fetch("SELECT FROM intake.outbox WHERE published_at IS NULL")


async def _decided(stack: Stack, count: int) -> bool:
    return len(await stack.fetch("SELECT FROM triage.decision")) == count


async def _sent_on(stack: Stack, causes: int) -> bool:
    """Whether so many causes are decided, and all that was made of them is in Kafka."""
    waits = await stack.fetch('SELECT FROM triage.output WHERE "offset" IS NULL')
    return await _decided(stack, causes) and not waits


async def _announced(stack: Stack, generation: int) -> bool:
    """The announcement of the rules is no referral: `settled` does not wait for it."""
    return bool(
        await stack.fetch(
            "SELECT FROM audit.record WHERE type = 'frontdoor.rules.activated.v1' AND stream LIKE $1", f"%.{generation}"
        )
    )
