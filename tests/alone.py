"""A stack of a run's own outside pytest: a broker, a database server, nothing started (`make bench`, `make chaos`)."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import conftest
from tests.engine import ApacheKafka, ContainerPostgres, KafkaCluster
from tests.stack import Stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def alone(
    kind: type[Stack] = Stack, *, durable: bool = False, brokers: int = 1, **settings: Any
) -> AsyncIterator[Stack]:
    """The stack, with its topics on so many brokers; `durable`: PostgreSQL with fsync, where receipts are measured."""
    broker = ApacheKafka() if brokers == 1 else KafkaCluster(brokers)
    server = ContainerPostgres()
    if durable:
        server.with_command("postgres -c max_connections=300")
    server.start()  # first and alone: with it comes the reaper of what tests leave behind, which there may be but once
    broker.start()
    try:
        await conftest._make_template(server)
        database = await conftest._fresh(server)
        with tempfile.TemporaryDirectory() as folder:
            stack = kind(Path(folder), broker, database, settings)  # type: ignore[arg-type]  # a cluster halts node by node
            await stack.make_topics(replication=brokers)
            try:
                yield stack
            finally:
                stack.close()
    finally:
        broker.stop()
        server.stop()
