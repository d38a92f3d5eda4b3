"""Apache Kafka away, PostgreSQL restarted, instances killed: every yes that a sender saw is kept, decided once, audited."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.chaos.once import everything_is_once
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

SMALL = Path(__file__).parents[1] / "samples" / "small-ruleset.yaml"
pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def small(stack: Stack) -> Stack:
    """The stack with a rule set that a test can see through."""
    (stack.config / "rules/lambeth/ruleset.yaml").write_bytes(SMALL.read_bytes())
    return stack


def a_body(number: int) -> dict[str, object]:
    return {
        "person": {
            "name": {"given": "Ada", "family": f"Example {number}"},
            "born": "1986-05-04",
            "postcode": "SW9 8JX",
        },
        "reason": {"code": "04"},
        "presentation": {"phq9": 12, "phq9_item9": 0},
        "risk": {"life_in_danger": "no", "suicidal": "none", "self_harm": "none", "to_others": "none"},
    }


async def taken(stack: Stack, number: int, to: str = "intake") -> str:
    """Sends one referral, again and again under the same key as a GP system does, until it has a yes."""

    async def yes() -> str | None:
        try:
            answer = await stack.post("/referrals", a_body(number), to=to, Idempotency_Key=f"outage-{number}")
        except httpx.TransportError:
            return None
        assert answer.status_code in {202, 503}, answer.text
        return answer.json()["referral_id"] if answer.status_code == 202 else None

    return str(await eventually(yes, seconds=90))


async def decided(stack: Stack, count: int) -> None:
    async def all_of_them() -> bool:
        return len(await stack.fetch("SELECT FROM triage.decision")) == count

    await eventually(all_of_them, seconds=90)


async def test_kafka_is_away_for_a_minute_while_five_hundred_come_in(small: Stack) -> None:
    small.start("intake", "triage", "audit")
    await taken(small, 0)
    await decided(small, 1)
    small.kafka.halt()
    loop = asyncio.get_running_loop()
    back = loop.time() + 60
    ids = set()
    for start in range(1, 501, 10):
        ids |= set(await asyncio.gather(*[taken(small, number) for number in range(start, start + 10)]))
        await asyncio.sleep(max(0.0, (back - loop.time()) / (51 - start // 10)))
    assert len(ids) == 500
    waiting = await small.fetch("SELECT FROM intake.outbox WHERE published_at IS NULL")
    assert len(waiting) >= 500
    assert (await small.get("/ready")).status_code == 200
    small.kafka.again()
    await decided(small, 501)
    await everything_is_once(small)


async def test_postgresql_is_restarted_while_referrals_come_in(small: Stack) -> None:
    small.start("intake", "triage", "audit")
    sending = [asyncio.create_task(taken(small, number)) for number in range(40)]
    await eventually(lambda: any(task.done() for task in sending))
    await asyncio.to_thread(small.database.server.halt)
    sending += [asyncio.create_task(taken(small, number)) for number in range(40, 80)]
    await asyncio.to_thread(small.database.server.again)
    ids = await asyncio.gather(*sending)
    assert len(set(ids)) == 80
    await decided(small, 80)
    await everything_is_once(small)


async def test_two_of_each_service_share_the_work_and_one_of_each_may_be_killed(small: Stack) -> None:
    for instance in ("1", "2"):
        small.start("intake", "triage", "audit", instance=instance, session_timeout=6)
    names = ("intake", "intake-2")
    first = await asyncio.gather(*[taken(small, number, names[number % 2]) for number in range(60)])
    await decided(small, 60)
    for service in ("triage", "audit"):
        await eventually(partial(_both_worked, small, service))
    rest = [asyncio.create_task(taken(small, number, "intake")) for number in range(60, 120)]
    for name in ("intake-2", "triage-2", "audit-2"):
        small.kill(name)
    ids = {*first, *await asyncio.gather(*rest)}
    assert len(ids) == 120
    await decided(small, 120)
    await everything_is_once(small)


async def _both_worked(stack: Stack, service: str) -> bool:
    pages = [(await stack.get("/metrics", to=name)).text for name in (service, f"{service}-2")]
    lines = [[x for x in page.splitlines() if x.startswith("frontdoor_consumed_records_total")] for page in pages]
    return all(sum(float(x.rsplit(" ", 1)[1]) for x in found) > 0 for found in lines)
