"""Services wait out a restart of PostgreSQL; what comes back under the same address may be an older state of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.frontdoor.database import prepare
from tests.engine import ContainerPostgres
from tests.feeding import publish
from tests.integration.restoring import poison, post, refer, through
from tests.stack import Database, Stack
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.stack import Kafka

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(300)]

DATA = "/var/lib/postgresql/data"


class OwnServer(ContainerPostgres):
    """A server whose files can be put back as they were."""

    def files(self) -> bytes:
        """All of them; it has stopped in order."""
        stream, _ = self.get_wrapped_container().get_archive(DATA)
        return b"".join(stream)

    def put_back(self, files: bytes) -> None:
        """As they were; it has stopped in order, so that it reads none that came later."""
        assert self.get_wrapped_container().put_archive(DATA.rpartition("/")[0], files)


@pytest.fixture
def server() -> Iterator[OwnServer]:
    with OwnServer() as server:
        yield server


@pytest.fixture
def own(make_kafka: Callable[..., Kafka], server: OwnServer, tmp_path: Path) -> Iterator[Stack]:
    """A stack whose whole server is the test's own."""
    broker, database = make_kafka(), Database(server, "postgres")
    stack = Stack(tmp_path, broker, database)
    asyncio.run(prepared(stack))
    yield stack
    stack.close()
    broker.stop()


async def prepared(stack: Stack) -> None:
    async def answers() -> bool:
        try:
            return bool(await stack.fetch("SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            return False

    await eventually(answers, 60)
    await prepare(stack.database.dsn(), {})
    await stack.make_topics()


async def amended(stack: Stack, referral: str, phq9: int) -> None:
    """As a sender does it: again, until it is taken."""
    told = {"presentation": {"phq9": phq9}}
    await eventually(lambda: post(stack, f"/referrals/{referral}/amendments", told, "gp"), 60)


async def test_services_that_waited_out_a_restore_decide_and_publish_nothing_on_an_older_database(
    own: Stack, server: OwnServer
) -> None:
    own.start("intake", "triage")
    before = await refer(own, "before the copy")
    await through(own, audit=False)
    await asyncio.to_thread(server.halt)
    copy = await asyncio.to_thread(server.files)
    await asyncio.to_thread(server.again)
    await amended(own, before, 24)
    await through(own, audit=False)
    published = len(await own.records("referrals.received"))
    await asyncio.to_thread(server.halt)
    await asyncio.to_thread(server.put_back, copy)
    await asyncio.to_thread(server.again)
    await amended(own, before, 3)
    await eventually(lambda: "database-behind" in own.logs("intake"), 60)
    assert len(await own.records("referrals.received")) == published, "nothing goes out under a place given before"
    decided = len(await own.fetch("SELECT FROM triage.decision"))
    await publish(own, [poison(own, before)])
    await eventually(lambda: not own.process("triage").runs, 60)
    assert own.process("triage").exit_code == 1
    assert "frontdoor refill" in own.logs("triage")
    assert len(await own.fetch("SELECT FROM triage.decision")) == decided
    assert own.process("intake").runs, "referrals are taken all the same"
