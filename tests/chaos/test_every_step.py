"""A service is killed between any two steps of one referral: nothing is lost, nothing is doubled, nobody is re-routed.

Steps are the writes of each service, found by watching one referral (and one record that can never work) go by. For
each, the request is withheld (it never happened), then the reply (it happened and nobody heard), and the service is
killed at that very moment.
"""

from __future__ import annotations

import asyncio
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from shared import topics
from shared.kafka import Publisher, Record
from shared.settings import ServiceSettings
from tests.chaos.once import everything_is_once
from tests.chaos.proxy import KafkaProxy, PostgresProxy, Step
from tests.engine import ApacheKafka, ContainerPostgres
from tests.stack import Stack
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from tests.chaos.proxy import Proxy, Side
    from tests.stack import Database, Kafka

    Send = Callable[[str], Coroutine[None, None, str | None]]
    Story = Callable[["Proxied", str | None], Awaitable[None]]

SMALL = Path(__file__).parents[1] / "samples" / "small-ruleset.yaml"
SERVICES = ("intake", "triage", "audit")
SIDES: tuple[Side, ...] = ("request", "reply")
HELD = """
SELECT (SELECT count(*) FROM triage.parked WHERE referral_id::text = $1 AND dlq_offset IS NOT NULL),
       (SELECT count(*) FROM triage.decision WHERE referral_id::text = $1 AND kind = 'hold'),
       (SELECT count(DISTINCT event_id) FROM audit.record WHERE referral_id::text = $1 AND type LIKE 'frontdoor.decision.%')
"""
BODY = {
    "person": {"name": {"given": "Ada", "family": "Example"}, "born": "1986-05-04", "postcode": "SW9 8JX"},
    "reason": {"code": "04"},
    "presentation": {"phq9": 12, "phq9_item9": 0},
    "risk": {"life_in_danger": "no", "suicidal": "none", "self_harm": "none", "to_others": "none"},
}

STEPS = {
    Step("intake", "INSERT INTO intake.seen"),  # the statement that takes the referral, receipt and outbox row included
    Step("intake", "produce referrals.received"),
    Step("intake", "UPDATE intake.outbox"),
    Step("triage", "COPY triage.decision"),
    Step("triage", "COPY triage.output"),
    Step("triage", "INSERT INTO triage.referral"),
    Step("triage", "COMMIT"),
    Step("triage", "produce referrals.routed.primary-care"),
    Step("triage", "UPDATE triage.output"),
    Step("triage", "offset commit"),
    Step("audit", "INSERT INTO audit.record"),
    Step("audit", "INSERT INTO audit.head"),
    Step("audit", "COMMIT"),
    Step("audit", "offset commit"),
    Step("intake", "INSERT INTO intake.status"),
    Step("intake", "offset commit"),
}
OF_NOBODY = Step("intake", "UPDATE intake.reply")  # whether a reply is out of date is asked all the time
PARKING_STEPS = {
    Step("triage", "INSERT INTO triage.parked"),
    Step("triage", "produce referrals.received.dlq.triage"),
    Step("triage", "UPDATE triage.parked"),
    Step("triage", "produce referrals.routed.front-door"),
}


class Proxied:
    """The stack behind two proxies; each service's instance has the service's own name."""

    def __init__(self, stack: Stack, kafka: KafkaProxy, postgres: PostgresProxy) -> None:
        self.stack, self.kafka, self.postgres = stack, kafka, postgres
        self._parked: set[str] = set()

    def begin(self, service: str) -> None:
        name = self.stack.database.name
        dsn = f"postgresql://frontdoor_{service}@127.0.0.1:{self.postgres.port}/{name}?sslmode=disable"
        self.stack.begin(service, service, postgres_dsn=dsn, kafka=f"127.0.0.1:{self.kafka.port}", partitions=4)

    async def start(self, *services: str) -> None:
        await self.stack.make_topics()
        for service in services:
            self.begin(service)
        for service in services:
            self.ready(service)

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

    async def park(self, key: str) -> str:
        """Puts a record that can never work where intake publishes, once; its referral's id."""
        if key not in self._parked:
            self._parked.add(key)
            publisher = Publisher(ServiceSettings.model_validate({"postgres_dsn": "", **self.stack.settings}))
            await publisher.publish([Record(topics.RECEIVED, 0, key.encode(), b"{", ())])
            await publisher.close()
        return key


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
    await proxied.start(*SERVICES)
    steps = await steps_of_one(proxied, proxied.post, whole_story, STEPS)
    assert set(steps) == STEPS
    for step, side in product(steps, SIDES):
        await killed_at(proxied, step, side, proxied.post, whole_story)
        with capsys.disabled():
            print(f"killed at {step.service:7} {side:8} {step.what}")
    await everything_is_once(proxied.stack)


@pytest.mark.kafka_real
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_kill_while_a_record_is_parked_loses_neither_the_record_nor_its_person(
    proxied: Proxied, capsys: pytest.CaptureFixture[str]
) -> None:
    await proxied.start("triage", "audit")
    await steps_of_one(proxied, proxied.park, held_at_the_hub, PARKING_STEPS)
    for step, side in product(sorted(PARKING_STEPS), SIDES):
        await killed_at(proxied, step, side, proxied.park, held_at_the_hub)
        with capsys.disabled():
            print(f"killed at {step.service:7} {side:8} {step.what}")


async def steps_of_one(proxied: Proxied, send: Send, story: Story, expected: set[Step]) -> list[Step]:
    """The steps of one that goes by undisturbed, once all that are expected went by (a commit follows the story)."""
    await story(proxied, await send(str(uuid4())))
    proxied.kafka.seen.clear()
    proxied.postgres.seen.clear()
    await story(proxied, await send(str(uuid4())))

    def seen() -> list[Step]:
        steps = [step for step in (*proxied.postgres.seen, *proxied.kafka.seen) if step.service in SERVICES]
        assert expected <= set(steps)
        return [step for step in dict.fromkeys(steps) if step != OF_NOBODY]

    found: list[Step] = await eventually(seen)
    return found


async def killed_at(proxied: Proxied, step: Step, side: Side, send: Send, story: Story) -> None:
    reached = proxied.proxy_of(step).withhold(step, side)
    key = str(uuid4())
    sending = asyncio.create_task(send(key))

    def the_step_is_reached() -> bool:
        assert reached.is_set(), f"{step} {side} was never reached"
        return True

    await eventually(the_step_is_reached, seconds=60)
    proxied.stack.kill(f"{step.service}-{step.service}")
    proxied.restart(step.service)
    first = await sending
    again = await eventually(lambda: send(key))
    assert first in {None, again}, f"{step} {side}: the same message got another referral"
    await story(proxied, again)


async def held_at_the_hub(proxied: Proxied, referral_id: str | None) -> None:
    """Waits until the record lies in its dead letters, is held once for a person, and both are audited."""

    async def held() -> bool:
        (row,) = await proxied.stack.fetch(HELD, referral_id)
        return tuple(row) == (1, 1, 1)

    await eventually(held, seconds=40)
    letters = await proxied.stack.records(topics.RECEIVED + ".dlq.triage")
    assert b"{" in {letter.value for letter in letters if letter.key == str(referral_id).encode()}


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
