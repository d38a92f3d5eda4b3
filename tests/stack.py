"""The real thing for tests: the services as processes, with a broker and a database of their own.

    async def test_...(stack: Stack):
        stack.start("intake", "triage", "audit")
        answer = await stack.post("/referrals", {...})              # as the source "gp"
        stack.kill("triage")
        await stack.post(f"/referrals/{id}/outcomes", {...}, key="hub")
        stack.start("triage")
        row = await eventually(lambda: stack.fetch("SELECT ... FROM triage.decision"))

Further instances: `stack.start("triage", instance="2")` is `triage-2` to `kill`, `stop`, `pause`, `logs`. The broker and
the database have `halt` (in order), `again`, `pause`, `resume`. Configuration is a copy in `stack.config`: change it
before the start, or the rules at any time.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg
import httpx
import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.frontdoor.embedded.part import Part
from services.frontdoor.embedded.web import not_ready
from shared.kafka_admin import create_topics, partitions_of
from shared.settings import ServiceSettings
from tests.engine import ApacheKafka, ContainerPostgres, free_port
from tests.processes import EmbeddedKafka, EmbeddedPostgres, Owned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiokafka import ConsumerRecord

    Kafka = ApacheKafka | EmbeddedKafka
    PostgresServer = ContainerPostgres | EmbeddedPostgres

DEPLOY: Final = Path(__file__).parents[1] / "deploy"
WHAT: Final = {"watch": ("services.frontdoor", "watch")}  # what is no service of its own
KEYS: Final = {name: f"a-key-of-{name}" for name in ("gp", "other-gp", "synthetic", "team", "other-team", "hub")}


class Database(NamedTuple):
    """A fresh database with roles and schemas, on a server that may be shared."""

    server: PostgresServer
    name: str

    def dsn(self, role: str = "postgres") -> str:
        """How to connect as a role: `postgres`, or one of Front Door's (`frontdoor_intake`, ...)."""
        return self.server.dsn(role, self.name)

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows, as the superuser."""
        connection = await asyncpg.connect(self.dsn())
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()


class Stack:
    """See the module's text. `settings` are FRONTDOOR_* settings of every service, by lower-case name."""

    def __init__(
        self, folder: Path, kafka: Kafka, database: Database, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.kafka, self.database = kafka, database
        self.folder, self.config = folder, folder / "config"
        self.settings: dict[str, Any] = {"partitions": 4, "kafka": kafka.bootstrap, **(settings or {})}
        self.ports: dict[str, int] = {}
        self._owned: dict[str, Owned] = {}
        _write_config(self.config)

    async def make_topics(self, replication: int = 1) -> None:
        """Makes the topics, as `frontdoor topics` does."""
        settings = ServiceSettings.model_validate({"postgres_dsn": "", **self.settings})
        await create_topics(settings, replication=replication)

    def begin(self, service: str, instance: str = "1", **settings: Any) -> Owned:
        """Starts a service without waiting until it is ready; `settings` are its own FRONTDOOR_* settings."""
        name = service if instance == "1" else f"{service}-{instance}"
        self._owned[name] = Owned(self._part(service, name, instance, self.settings | settings))
        self._owned[name].begin()
        return self._owned[name]

    def start(self, *services: str, instance: str = "1", **settings: Any) -> None:
        """Starts services at once and waits until all are ready."""
        for owned in [self.begin(service, instance, **settings) for service in services]:
            owned.until_ready()

    def process(self, name: str) -> Owned:
        """The process of a service or instance."""
        return self._owned[name]

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self._owned[name].kill()

    def stop(self, name: str) -> int:
        """SIGTERM, and the exit code."""
        return self._owned[name].stop()

    def logs(self, name: str) -> str:
        """All that it logged, over all its starts."""
        return self._owned[name].log()

    def url(self, name: str = "intake") -> str:
        """Where a service or instance listens."""
        return f"http://127.0.0.1:{self.ports[name]}"

    async def post(self, path: str, body: Any, key: str = "gp", to: str = "intake", **headers: str) -> httpx.Response:
        """Posts JSON (or bytes as they are) as the sender `key` of `KEYS`; headers by name, `_` for `-`."""
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        async with self._client(key, headers, to) as client:
            return await client.post(path, **sent)

    async def get(self, path: str, key: str = "gp", to: str = "intake", **headers: str) -> httpx.Response:
        """Gets as the sender `key`."""
        async with self._client(key, headers, to) as client:
            return await client.get(path)

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows of the database, as the superuser."""
        return await self.database.fetch(sql, *arguments)

    async def records(self, *topics: str) -> list[ConsumerRecord[bytes, bytes]]:
        """Every record that the topics hold now, in order per partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            places = [
                TopicPartition(t, p) for t in topics for p in range(partitions_of(t, self.settings["partitions"]))
            ]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            found: list[ConsumerRecord[bytes, bytes]] = []
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += batch
            return found
        finally:
            await consumer.stop()

    def close(self) -> None:
        """Kills what still runs."""
        for owned in self._owned.values():
            if owned.runs:
                owned.kill()

    def _client(self, key: str, headers: Mapping[str, str], to: str) -> httpx.AsyncClient:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Authorization", f"Bearer {KEYS.get(key, key)}")
        return httpx.AsyncClient(base_url=self.url(to), headers=sent, timeout=30)

    def _part(self, service: str, name: str, instance: str, settings: Mapping[str, Any]) -> Part:
        port = self.ports.setdefault(name, free_port())
        given = {
            "postgres_dsn": self.database.dsn(f"frontdoor_{service}") if service != "watch" else "",
            "reader_dsn": self.database.dsn("frontdoor_reader"),
            "data": "",
            "instance": instance,
            "host": "127.0.0.1",
            "port": port,
            "log_format": "json",
            "person_secret": "a secret of tests",
            **{what: self.config / f"{what}.yaml" for what in ("sources", "teams", "localities")},
            "rules": self.config / "rules",
            **settings,
        }
        return Part(
            name=name,
            command=(sys.executable, "-m", *WHAT.get(service, (f"services.{service}",))),
            where=f"127.0.0.1:{port}",
            not_ready=lambda: not_ready("127.0.0.1", port),
            log=self.folder / f"{name}.log",
            environment={f"FRONTDOOR_{setting.upper()}": str(value) for setting, value in given.items()},
        )


def _write_config(config: Path) -> None:
    """Senders with the keys of `KEYS`, and a copy of the localities and rules."""
    config.mkdir()
    shutil.copytree(DEPLOY / "rules", config / "rules")
    shutil.copy(DEPLOY / "localities.yaml", config / "localities.yaml")
    everywhere = sorted(yaml.safe_load((config / "rules/lambeth/ruleset.yaml").read_bytes())["destinations"])
    sources = {name: {"synthetic": name == "synthetic"} for name in ("gp", "other-gp", "synthetic")}
    teams = {
        "team": {"destinations": [name for name in everywhere if name != "hub"]},
        "other-team": {"destinations": ["memory-service"]},
        "hub": {"destinations": ["hub"], "hub": True},
    }
    for what, entries in (("sources", sources), ("teams", teams)):
        known = {
            name: {"name": name, "keys": [hashlib.sha256(KEYS[name].encode()).hexdigest()], "rate_per_minute": 60_000}
            for name in entries
        }
        document = {what: {name: known[name] | entry for name, entry in entries.items()}}  # type: ignore[operator]  # mixed values
        (config / f"{what}.yaml").write_text(yaml.safe_dump(document))
