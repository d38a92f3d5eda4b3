"""What tests stand on: a broker, a database server, a fresh database, and the whole stack (see `tests/stack.py`)."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import settings

from services.frontdoor.database import ROLES_FILE, prepare
from tests import engine
from tests.engine import ApacheKafka, ContainerPostgres
from tests.mesh_sandbox import MeshSandbox
from tests.processes import EmbeddedKafka, EmbeddedPostgres
from tests.stack import Database, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from tests.stack import Kafka, PostgresServer

TEMPLATE = "frontdoor_template"
_numbers = itertools.count(1)
settings.register_profile("unhurried", deadline=None)  # the machine may be busy; the time of a whole test is limited
settings.load_profile("unhurried")


def pytest_report_header() -> str:
    """Says on what this run stands."""
    why = engine.missing()
    return f"real parts: {f'embedded broker and PostgreSQL ({why})' if why else 'Apache Kafka and PostgreSQL in containers'}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test with a mark of `engine.MARKED` runs on that image or not at all; REQUIRE_KAFKA=1 forbids "not at all"."""
    for mark in engine.MARKED:
        if item.get_closest_marker(mark) and (why := engine.missing(mark)):
            if engine.REQUIRED:
                pytest.fail(f"REQUIRE_KAFKA=1, but {why}")
            pytest.skip(f"needs {' and '.join(engine.MARKED[mark])}: {why}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the services of its stack logged last."""
    report = yield
    stacks = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Stack)]
    if report.failed and stacks:
        report.sections += [(f"log of {name}", stacks[0].logs(name)[-5000:]) for name in stacks[0].ports]
    return report


@pytest.fixture(scope="session")
def make_kafka(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Kafka]:
    """Starts a broker; `env` are settings of Apache Kafka (`advertised` too). The caller stops it."""

    def make(**env: str) -> Kafka:
        if engine.missing() is None:
            return ApacheKafka(**env).start()
        assert not engine.REQUIRED, f"REQUIRE_KAFKA=1, but {engine.missing()}"
        broker = EmbeddedKafka(tmp_path_factory.mktemp("kafka"))
        broker.start()
        return broker

    return make


@pytest.fixture(scope="module")
def kafka(make_kafka: Callable[..., Kafka]) -> Iterator[Kafka]:
    """An empty broker for the tests of one module, which must bear each other's records."""
    broker = make_kafka()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A database server with a prepared template."""
    server = ContainerPostgres() if engine.missing() is None else EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    asyncio.run(_make_template(server))
    yield server
    server.stop()


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    """A fresh database with roles and schemas."""
    fresh = asyncio.run(_fresh(postgres))
    yield fresh
    asyncio.run(_drop(fresh))


@pytest.fixture(scope="module")
def shared_database(postgres: PostgresServer) -> Iterator[Database]:
    """One for all tests of a file, each of which keeps to rows of its own."""
    fresh = asyncio.run(_fresh(postgres))
    yield fresh
    asyncio.run(_drop(fresh))


@pytest.fixture
def stack(make_kafka: Callable[..., Kafka], database: Database, tmp_path: Path) -> Iterator[Stack]:
    """Everything of one test's own, nothing started but the broker and the database."""
    broker = make_kafka()
    whole = Stack(tmp_path, broker, database)
    asyncio.run(whole.make_topics())
    yield whole
    whole.close()
    broker.stop()


@pytest.fixture(scope="module")
def shared_stack(
    make_kafka: Callable[..., Kafka], postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """All services, running, for the tests of one module that look at their own referrals alone and break nothing."""
    broker, database = make_kafka(), asyncio.run(_fresh(postgres))
    whole = Stack(tmp_path_factory.mktemp("stack"), broker, database)
    asyncio.run(whole.make_topics())
    whole.start("intake", "triage", "audit")
    yield whole
    whole.close()
    broker.stop()
    asyncio.run(_drop(database))


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshSandbox]:
    """One for the whole run, over TLS; each test uses mailboxes of its own and leaves it running."""
    sandbox = MeshSandbox(tmp_path_factory.mktemp("mesh"), tls=True)
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def own_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshSandbox]:
    """One of a test's own, without TLS, to be stopped, killed, or reached through a proxy."""
    sandbox = MeshSandbox(tmp_path_factory.mktemp("mesh"))
    sandbox.start()
    yield sandbox
    if sandbox.runs:
        sandbox.kill()


async def _make_template(server: PostgresServer) -> None:
    superuser = await _connect(server)
    await superuser.execute(f"CREATE DATABASE {TEMPLATE}")
    await superuser.close()
    await prepare(server.dsn("postgres", TEMPLATE), {})


async def _fresh(server: PostgresServer) -> Database:
    database = Database(server, f"frontdoor_{next(_numbers)}")
    superuser = await _connect(server)
    await superuser.execute(f"CREATE DATABASE {database.name} TEMPLATE {TEMPLATE}")
    await superuser.close()
    await database.fetch("SELECT 1")
    connection = await asyncpg.connect(database.dsn())
    await connection.execute(ROLES_FILE.read_text())  # a template does not hand on who may connect
    await connection.close()
    return database


async def _drop(database: Database) -> None:
    superuser = await _connect(database.server)
    await superuser.execute(f"DROP DATABASE {database.name} WITH (FORCE)")
    await superuser.close()


async def _connect(server: PostgresServer, seconds: float = 60) -> asyncpg.Connection:
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        with suppress(OSError, TimeoutError, asyncpg.PostgresError):
            return await asyncpg.connect(server.dsn("postgres", "postgres"), timeout=5)
        assert asyncio.get_running_loop().time() < deadline, "PostgreSQL does not answer"
        await asyncio.sleep(0.1)
