"""The active relay is killed while what it sent is on its way: another takes over, and each referral stays in order."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from shared import topics
from shared.cloudevents import header
from tests.chaos.proxy import KafkaProxy, Step
from tests.intake import a_body
from tests.stack import Stack
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.chaos.proxy import Side
    from tests.stack import Database, Kafka

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(240)]
SEND = Step("1", f"produce {topics.RECEIVED}")  # of the instance so named


@pytest.fixture
def proxy() -> Iterator[KafkaProxy]:
    made = KafkaProxy()
    yield made
    made.close()


@pytest.fixture
def behind(proxy: KafkaProxy, make_kafka: Callable[..., Kafka], database: Database, tmp_path: Path) -> Iterator[Stack]:
    """The stack, whose services reach the broker through the proxy alone."""
    broker = make_kafka(advertised=f"127.0.0.1:{proxy.port}")
    proxy.upstream_port = int(broker.bootstrap.rpartition(":")[2])
    stack = Stack(tmp_path, broker, database)
    asyncio.run(stack.make_topics())
    yield stack
    stack.close()
    broker.stop()


async def taken(stack: Stack, number: int) -> str:
    """A referral, followed by two amendments."""
    answer = await stack.post("/referrals", a_body(message_id=f"takeover-{number}"), to="intake-2")
    referral_id = str(answer.json()["referral_id"])
    for phq9 in (10, 20):
        await stack.post(f"/referrals/{referral_id}/amendments", {"presentation": {"phq9": phq9}}, to="intake-2")
    return referral_id


@pytest.mark.parametrize("side", ["request", "reply"])
async def test_the_active_relay_is_killed_with_sends_in_flight(behind: Stack, proxy: KafkaProxy, side: Side) -> None:
    behind.start("intake")
    await eventually(lambda: "relay active" in behind.logs("intake"))
    behind.start("intake", instance="2")
    in_flight = proxy.withhold(SEND, side)
    sending = asyncio.gather(*(taken(behind, number) for number in range(12)))
    await eventually(in_flight.is_set)
    assert "relay active" not in behind.logs("intake-2")
    behind.kill("intake")
    referrals = await sending
    await eventually(lambda: _published(behind), 90)
    assert "relay active" in behind.logs("intake-2")
    first: dict[str, list[int]] = {referral_id: [] for referral_id in referrals}
    copies: Counter[str | None] = Counter()
    for record in await behind.records(topics.RECEIVED):
        copies[event := header(record.headers, "ce_id")] += 1
        if copies[event] == 1:
            first[(record.key or b"").decode()].append(int(header(record.headers, "ce_sequence") or 0))
    assert set(map(tuple, first.values())) == {(1, 2, 3)}
    assert max(copies.values()) == (2 if side == "reply" else 1)


async def _published(stack: Stack) -> bool:
    return not await stack.fetch("SELECT FROM intake.outbox WHERE published_at IS NULL")
