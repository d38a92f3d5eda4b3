"""Intake is killed between any two steps of one message of MESH: nothing is lost, and nothing is twice a referral.

For each step the request is withheld (it never happened), then the reply (it happened and nobody heard), and the process
is killed at that very moment. Then it is started anew, and the message comes again, unless it was acknowledged.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pytest
import yaml

from tests.chaos.mesh_proxy import ACKNOWLEDGED, ANSWERED, RETRIEVED, MeshProxy
from tests.chaos.proxy import PostgresProxy, Step
from tests.engine import ContainerPostgres
from tests.intake import a_body
from tests.stack import Stack
from tests.waiting import eventually

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.chaos.proxy import Side
    from tests.mesh_sandbox import MeshSandbox
    from tests.stack import Database, Kafka

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(400)]
SIDES: tuple[Side, ...] = ("request", "reply")
TAKEN = Step(
    "intake", "INSERT INTO intake.seen"
)  # the statement that takes a referral, receipt and outbox row included
KEPT = Step("intake", "INSERT INTO intake.invalid")
DSN = "postgresql://frontdoor_intake@127.0.0.1:{port}/{name}?sslmode=disable"


class Between(NamedTuple):
    """Intake with a proxy on each side: towards MESH, and towards PostgreSQL."""

    stack: Stack
    mesh: MeshSandbox
    to_mesh: MeshProxy
    to_postgres: PostgresProxy
    ours: str
    gp: str

    def start(self, instance: str = "1") -> None:
        dsn = DSN.format(port=self.to_postgres.port, name=self.stack.database.name)
        url = f"http://127.0.0.1:{self.to_mesh.port}"
        settings = self.mesh.settings(self.ours, mesh_url=url, postgres_dsn=dsn)
        self.stack.start("intake", instance=instance, **settings)

    def send(self, body: bytes) -> str:
        with self.mesh.client(self.gp) as client:
            return str(client.send_message(self.ours, body, workflow_id="REFERRALS"))

    def is_reached(self, reached: threading.Event, what: str) -> Callable[[], bool]:
        def probe() -> bool:
            assert reached.is_set(), f"{what} was never reached: {self.stack.logs('intake')[-3000:]}"
            return True

        return probe

    async def counts(self) -> tuple[int, int, int]:
        (row,) = await self.stack.fetch(
            "SELECT (SELECT count(*) FROM intake.receipt), (SELECT count(*) FROM intake.outbox),"
            " (SELECT count(*) FROM intake.invalid)"
        )
        return tuple(row)

    def answers(self, message_id: str) -> list[dict[str, Any]]:
        return [answer for answer in self.mesh.answers(self.gp) if answer["local_id"] == message_id]


@pytest.fixture
def between(own_mesh: MeshSandbox, kafka: Kafka, database: Database, tmp_path: Path) -> Iterator[Between]:
    assert isinstance(database.server, ContainerPostgres)
    to_mesh, to_postgres = MeshProxy(own_mesh.port), PostgresProxy(database.server.port)
    stack, ours, gp = Stack(tmp_path, kafka, database), own_mesh.mailbox(), own_mesh.mailbox()
    file = stack.config / "sources.yaml"
    sources = yaml.safe_load(file.read_text())
    sources["sources"]["gp"]["mesh"] = {"mailboxes": [gp]}
    file.write_text(yaml.safe_dump(sources))
    yield Between(stack, own_mesh, to_mesh, to_postgres, ours, gp)
    stack.close()
    for proxy in (to_mesh, to_postgres):
        proxy.close()


REFERRAL, RUBBISH = orjson.dumps(a_body()), b"no referral"


@pytest.mark.parametrize(
    ("body", "durably", "grown"), [(REFERRAL, TAKEN, (1, 1, 0)), (RUBBISH, KEPT, (0, 0, 1))], ids=["taken", "invalid"]
)
async def test_a_kill_between_any_two_steps_loses_nothing_and_takes_nothing_twice(
    between: Between, body: bytes, durably: Step, grown: tuple[int, int, int]
) -> None:
    between.start()
    expected = (0, 0, 0)
    for step, side in product((RETRIEVED, durably, ANSWERED, ACKNOWLEDGED), SIDES):
        proxy = between.to_mesh if step.service == "mesh" else between.to_postgres
        reached = proxy.withhold(step, side)
        message_id = between.send(body)
        await eventually(between.is_reached(reached, f"{step} {side}"), 60)
        between.stack.kill("intake")
        for cut in (between.to_mesh, between.to_postgres):
            cut.release()
        between.start()
        await eventually(lambda: not between.mesh.waiting(between.ours), 60)
        expected = tuple(was + more for was, more in zip(expected, grown, strict=True))  # type: ignore[assignment]  # three of them, as before
        assert await between.counts() == expected, f"{step} {side}"
        answers = between.answers(message_id)
        assert len(answers) == (2 if (step, side) in {(ANSWERED, "reply"), (ACKNOWLEDGED, "request")} else 1), (
            step,
            side,
        )
        assert len({str(answer) for answer in answers}) == 1, "a repeat of an answer is recognisable"


async def test_one_of_two_instances_polls_and_the_other_takes_over_when_that_one_is_killed(between: Between) -> None:
    between.start()
    await eventually(lambda: "mesh poller active" in between.stack.logs("intake"))
    between.start("2")
    for _ in range(5):
        between.send(REFERRAL)
    await eventually(lambda: not between.mesh.waiting(between.ours), 60)
    assert "mesh poller active" not in between.stack.logs("intake-2")
    between.stack.kill("intake")
    between.send(REFERRAL)
    await eventually(lambda: not between.mesh.waiting(between.ours), 60)
    assert "mesh poller active" in between.stack.logs("intake-2")
    assert await between.counts() == (6, 6, 0)
    assert len(between.mesh.answers(between.gp)) == 6


async def test_a_frozen_poller_loses_its_place(between: Between) -> None:
    role = f"ALTER ROLE frontdoor_intake IN DATABASE {between.stack.database.name}"
    await between.stack.fetch(f"{role} SET idle_session_timeout = '3s'")
    between.start()
    await eventually(lambda: "mesh poller active" in between.stack.logs("intake"))
    between.start("2")
    between.stack.process("intake").pause()
    between.send(REFERRAL)
    await eventually(lambda: not between.mesh.waiting(between.ours), 60)
    assert "mesh poller active" in between.stack.logs("intake-2")
    between.stack.process("intake").resume()
    between.send(REFERRAL)
    await eventually(lambda: not between.mesh.waiting(between.ours), 60)
    assert await between.counts() == (2, 2, 0)


async def test_while_postgresql_is_away_nothing_is_acknowledged_and_afterwards_all_is_taken_in_order(
    between: Between,
) -> None:
    between.start()
    await eventually(lambda: "mesh poller active" in between.stack.logs("intake"))
    server = between.stack.database.server
    server.pause()
    try:
        sent = [between.send(orjson.dumps(a_body(message_id="1", presentation={"phq9": score}))) for score in (5, 6)]
        await eventually(lambda: "postgres-away" in between.stack.logs("intake"), 60)
        assert between.mesh.waiting(between.ours) == sent
    finally:
        server.resume()
    await eventually(lambda: not between.mesh.waiting(between.ours), 60)
    assert [answer["subject"] for answer in between.mesh.answers(between.gp)] == ["202", "409"]


async def test_who_is_not_let_in_waits_and_logs_no_secret(between: Between) -> None:
    wrong = {"mesh_shared_key": "the-wrong-secret", "mesh_url": between.mesh.url}
    message_id = between.send(REFERRAL)
    between.stack.start("intake", **between.mesh.settings(between.ours, **wrong))
    await eventually(lambda: '"why": "status 403"' in between.stack.logs("intake"))
    assert (await between.stack.get("/ready")).status_code == 200
    taken = await between.stack.post("/referrals", a_body())
    assert taken.status_code == 202
    metrics = (await between.stack.get("/metrics")).text
    for secret in ("the-wrong-secret", 'password"', "NHSMESH"):
        assert secret not in between.stack.logs("intake") + metrics
    assert between.mesh.waiting(between.ours) == [message_id]
