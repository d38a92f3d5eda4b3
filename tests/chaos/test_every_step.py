"""A service is killed between any two steps of one referral: nothing is lost, nothing is doubled, nobody is re-routed.

Steps are the writes of each service, found by watching one referral go by. For each, the request is withheld (it
never happened), then the reply (it happened and nobody heard), and the service is killed at that very moment.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from tests.chaos.once import everything_is_once
from tests.chaos.proxy import KafkaProxy, PostgresProxy, Step
from tests.engine import ApacheKafka, ContainerPostgres
from tests.stack import Stack
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.proxy import Proxy, Side
    from tests.stack import Database, Kafka

SMALL = Path(__file__).parents[1] / "samples" / "small-ruleset.yaml"
SERVICES = ("intake", "triage", "audit")
BODY = {
    "person": {"name": {"given": "Ada", "family": "Example"}, "born": "1986-05-04", "postcode": "SW9 8JX"},
    "reason": {"code": "04"},
    "presentation": {"phq9": 12, "phq9_item9": 0},
    "risk": {"life_in_danger": "no", "suicidal": "none", "self_harm": "none", "to_others": "none"},
}


class Proxied:
    """The stack behind two proxies; each service's instance has the service's own name."""

    def __init__(self, stack: Stack, kafka: KafkaProxy, postgres: PostgresProxy) -> None:
        self.stack, self.kafka, self.postgres = stack, kafka, postgres

    def begin(self, service: str) -> None:
        name = self.stack.database.name
        dsn = f"postgresql://frontdoor_{service}@127.0.0.1:{self.postgres.port}/{name}?sslmode=disable"
        self.stack.begin(service, service, postgres_dsn=dsn, kafka=f"127.0.0.1:{self.kafka.port}", partitions=4)

    def ready(self, service: str) -> None:
        self.stack.process(f"{service}-{service}").until_ready()

    def restart(self, service: str) -> None:
        self.kafka.release()
        self.postgres.release()
        self.begin(service)
        self.ready(service)

    def proxy_of(self, step: Step) -> Proxy:
        return self.kafka if step.what.startswith(("produce", "offset")) else self.postgres

    async def post(self, key: str) -> str | None:
        """The referral's id; None where no answer came."""
        try:
            answer = await self.stack.post("/referrals", BODY, to="intake-intake", Idempotency_Key=key)
        except httpx.TransportError:
            return None
        return answer.json()["referral_id"] if answer.status_code == 202 else None


@pytest.fixture
def proxied(make_kafka: Callable[..., Kafka], database: Database, tmp_path: Path) -> Iterator[Proxied]:
    kafka, postgres = KafkaProxy(), PostgresProxy()
    broker = make_kafka(advertised=f"127.0.0.1:{kafka.port}")
    assert isinstance(broker, ApacheKafka)
    assert isinstance(database.server, ContainerPostgres)
    kafka.upstream_port, postgres.upstream_port = broker.port, database.server.port
    stack = Stack(tmp_path, broker, database)
    (stack.config / "rules/lambeth/ruleset.yaml").write_bytes(SMALL.read_bytes())
    yield Proxied(stack, kafka, postgres)
    stack.close()
    kafka.close()
    postgres.close()
    broker.stop()


@pytest.mark.kafka_real
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_kill_at_any_step_loses_and_doubles_nothing(
    proxied: Proxied, capsys: pytest.CaptureFixture[str]
) -> None:
    await proxied.stack.make_topics()
    for service in SERVICES:
        proxied.begin(service)
    for service in SERVICES:
        proxied.ready(service)
    covered = []
    for step in await steps_of_one_referral(proxied):
        sides: tuple[Side, ...] = ("request", "reply")
        for side in sides:
            await killed_at(proxied, step, side)
            covered.append(f"{step.service:7} {side:8} {step.what}")
            with capsys.disabled():
                print("killed at", covered[-1])
    assert {line.split()[0] for line in covered} == set(SERVICES)
    await everything_is_once(proxied.stack)


async def steps_of_one_referral(proxied: Proxied) -> list[Step]:
    """The steps of one referral that goes by undisturbed."""
    await whole_story(proxied, await proxied.post("warm"))
    proxied.kafka.seen.clear()
    proxied.postgres.seen.clear()
    await whole_story(proxied, await proxied.post("watched"))
    seen = [step for step in (*proxied.postgres.seen, *proxied.kafka.seen) if step.service in SERVICES]
    return list(dict.fromkeys(seen))


async def killed_at(proxied: Proxied, step: Step, side: Side) -> None:
    reached = proxied.proxy_of(step).withhold(step, side)
    key = str(uuid4())
    posting = asyncio.create_task(proxied.post(key))

    def the_step_is_reached() -> bool:
        assert reached.is_set(), f"{step} {side} was never reached"
        return True

    await eventually(the_step_is_reached, seconds=60)
    proxied.stack.kill(f"{step.service}-{step.service}")
    proxied.restart(step.service)
    first = await posting
    again = await eventually(lambda: proxied.post(key))
    assert first in {None, again}, f"{step} {side}: the same message got another referral"
    await whole_story(proxied, again)


async def whole_story(proxied: Proxied, referral_id: str | None) -> None:
    """Waits until the referral is taken, decided, published, audited and known to its sender."""
    assert referral_id

    async def told() -> bool:
        rows = await proxied.stack.fetch(
            "SELECT count(*) FROM audit.record WHERE referral_id::text = $1 AND type LIKE 'frontdoor.decision.%'",
            referral_id,
        )
        answer = await proxied.stack.get(f"/referrals/{referral_id}", to="intake-intake")
        return bool(rows[0]["count"]) and answer.json()["status"] == "routed"

    await eventually(told, seconds=40)
