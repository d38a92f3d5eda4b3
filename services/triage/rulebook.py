"""The rules in force: stored whole in the database, so that every instance agrees and a restart forgets nothing.

The rules folder is an inbox. A new file there passes the gate in a child process, is stored, and comes into force by
a row in `triage.activation`; one that is refused is recorded as such, and what runs goes on.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter

from services.triage import gate_process
from services.triage.rules import Refused, RuleSet, read
from services.triage.store import SQL
from services.triage.told import Told
from shared import events, topics
from shared.cloudevents import Envelope, from_plain, to_json
from shared.errors import Transient
from shared.events import NAMESPACE, RulesActivated, RulesRefused, derived_id
from shared.kafka import Publisher, Record
from shared.localities import REQUIRED_ROLES, default_locality
from shared.log import get_logger
from shared.postgres import transient

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from pathlib import Path

    from services.triage.settings import TriageSettings
    from shared.health import Health
    from shared.localities import Locality
    from shared.postgres import Pool
    from shared.referral import Coded

REFUSED = Counter(
    "frontdoor_rules_refused",
    "Rule files refused by this instance, once for each code of a finding",
    ("locality", "code"),
)
SOURCE = "urn:frontdoor:triage"
NO_RULES = "no-rules"
USUAL = sys.getswitchinterval()
YIELDING = 0.0005  # seconds for which a thread keeps the interpreter
SHOWN = 20  # findings of one file that are logged; the event holds them all


class Rulebook:
    """Knows the rule set in force in each locality, and watches the folder for new ones."""

    def __init__(
        self,
        settings: TriageSettings,
        pool: Pool,
        publisher: Publisher,
        health: Health,
        localities: Mapping[str, Locality],
    ) -> None:
        self._localities, self._default = localities, default_locality(localities)
        self._settings, self._pool, self._publisher, self._health = settings, pool, publisher, health
        self._compiled: dict[str, RuleSet] = {}
        self._refused: dict[tuple[str, str], list[dict[str, str]]] = {}
        self._offered: dict[str, str] = {}
        self._told = Told()

    async def in_force(self) -> dict[str, RuleSet]:
        """The rule set in force in each locality now; `Transient` while the default locality has none."""
        with transient():
            rows = await self._pool.fetch(SQL.in_force)
        if self._default not in {row["locality"] for row in rows}:
            raise Transient(NO_RULES, f"no rule set is in force yet for the default locality {self._default}")
        found = {row["locality"]: await self._rule_set(row["hash"]) for row in rows}
        for row in rows:
            self._told.in_force(found[row["locality"]], row["since"])
        return found

    async def _rule_set(self, digest: str) -> RuleSet:
        if digest not in self._compiled:
            with transient():
                text = await self._pool.fetchval(SQL.ruleset_text, digest)
            await self._compile(digest, text)
        return self._compiled[digest]

    async def _compile(self, digest: str, text: bytes) -> None:
        """Approvals are those that were required when it passed its gate: what is asked today is asked of new files.

        `Transient` where this version reads it no more: referrals wait in Kafka until a set that it reads is in force.
        """
        sys.setswitchinterval(YIELDING)  # decisions go on meanwhile, and need the interpreter many times each
        try:
            self._compiled[digest] = await asyncio.to_thread(read, text, f"rule set {digest[:12]}", roles=None)
        except Refused as refused:
            raise Transient("rules-unreadable", f"rule set {digest[:12]} in force: {refused.findings[0]}") from refused
        finally:
            sys.setswitchinterval(USUAL)

    async def watch(self, stop: asyncio.Event) -> None:
        """Looks at the folder, and announces what came into force or was refused, until `stop`."""
        self._health.check("rules", ok=False, why="the rules folder was not looked at yet")
        while not stop.is_set():
            self._health.tick("rules")
            files = await asyncio.to_thread(self._files)
            for file in files:
                await self._tried(self._offer(file, file.parent.name))  # one locality's file keeps no other's waiting
            await self._tried(self._announce())
            await self._note_ready(files)
            try:
                await asyncio.wait_for(stop.wait(), self._settings.rules_poll)
            except TimeoutError:
                continue
        self._health.forget("rules")

    def _files(self) -> list[Path]:
        """In a thread of its own: a folder on a network may hang."""
        return sorted(self._settings.rules.glob("*/ruleset.yaml"))

    async def _tried(self, work: Coroutine[Any, Any, None]) -> None:
        self._health.tick("rules")
        try:
            await work
        except Transient as error:
            get_logger().warning("waiting", step="rules", code=error.code)

    async def _note_ready(self, files: Sequence[Path]) -> None:
        try:
            self._health.check("rules", ok=bool(await self.in_force()))
        except Transient as error:
            why = self._why_none(files) if error.code == NO_RULES else f"waiting: {error.code}: {error.detail}"
            self._health.check("rules", ok=False, why=why)

    def _why_none(self, files: Sequence[Path]) -> str:
        """Why the default locality has no rules in force."""
        refused = self._refused.get((self._default, self._offered.get(self._default, "")))
        if refused:
            return (
                f"the file of {self._default} was refused: {refused[0]['message']} ({len(refused)} findings in the log)"
            )
        if not any(file.parent.name == self._default for file in files):
            return f"no file {self._settings.rules / self._default / 'ruleset.yaml'}"
        return f"no rule set of {self._default} is in force yet"

    async def _offer(self, file: Path, locality: str) -> None:
        """Activates or refuses a file; one that was refused is looked at again after a restart (the gate may be newer)."""
        try:
            text = await asyncio.to_thread(file.read_bytes)
        except OSError:
            return  # being swapped: the next look finds it
        digest = hashlib.sha256(text).hexdigest()
        before, self._offered[locality] = self._offered.get(locality), digest
        with transient():
            known = await self._pool.fetchval(SQL.known, digest, locality)
        if known and before != digest:
            await self._seen_again(locality, digest, file, changed=before is not None)
        if refused := self._refused.get((locality, digest), []):
            if before != digest:  # the same faulty file again, after another
                _tell_refused(locality, file, refused)
            return
        if known:
            return
        place = self._localities.get(locality)
        roles = place.approvals if place else REQUIRED_ROLES
        verdict = await gate_process.verdict(text, file, locality, roles, self._settings.rules_gate_timeout)
        if verdict["findings"]:
            await self._refuse(locality, digest, file, verdict["findings"])
        else:
            await self._activate(locality, digest, text, file, verdict)

    async def _seen_again(self, locality: str, digest: str, file: Path, *, changed: bool) -> None:
        """A set that passed before: put back while we watched it is in force again; else a difference is said aloud.

        At a start nothing is known of when the file was put there (an instance with an old copy may start last), and
        after a rollback the folder brings back nothing that was in force before: only a new version, or a command does.
        """
        with transient():
            if await self._pool.fetchval(SQL.newest, locality) == digest:
                return
            why = "an earlier file was put back"
            if changed and await self._pool.fetchval(SQL.put_back, locality, digest, "rules folder", why):
                get_logger().info("rules activated", locality=locality, hash=digest, why=why)
                return
        why = "an earlier set than the one in force: to bring it back, use `frontdoor rules rollback --to`"
        get_logger().error("rules file is not in force", locality=locality, hash=digest, file=file.name, why=why)

    async def _activate(self, locality: str, digest: str, text: bytes, file: Path, verdict: dict[str, Any]) -> None:
        since = dt.datetime.fromisoformat(verdict["effective_from"])
        with transient():
            taken = await self._pool.fetchval(SQL.version_taken, locality, verdict["version"], digest)
        if taken:
            why = f"version {verdict['version']} is taken by other content: give the changed file a version of its own"
            await self._refuse(locality, digest, file, [{"code": "parse", "message": why, "column": "version"}])
            return
        await self._compile(digest, text)  # before it is in force: no decision waits for it
        with transient():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(SQL.store_ruleset, digest, locality, verdict["version"], text):
                    await connection.execute(SQL.activate, locality, digest, since, "rules folder", verdict["reason"])
                    log = get_logger().bind(locality=locality, version=verdict["version"], hash=digest)
                    log.info("rules activated", why=f"in force from {since.isoformat()}")

    async def _refuse(self, locality: str, digest: str, file: Path, findings: list[dict[str, str]]) -> None:
        for code in {finding["code"] for finding in findings}:
            REFUSED.labels(locality, code).inc()
        _tell_refused(locality, file, findings)
        with transient():
            await self._pool.execute(SQL.refuse, locality, digest, file.name, json.dumps(findings))
        self._refused[locality, digest] = findings

    async def _announce(self) -> None:
        with transient():
            activated = await self._pool.fetch(SQL.unannounced_activations)
            refused = await self._pool.fetch(SQL.unannounced_refusals)
        for row in activated:
            fields = {**row, "text": row["text"].decode()}
            await self._publish(events.RULES_ACTIVATED, str(row["id"]), from_plain(RulesActivated, fields))
            with transient():
                await self._pool.execute(SQL.announced_activation, row["id"])
        for row in refused:
            fields = {**row, "findings": json.loads(row["findings"])}
            await self._publish(events.RULES_REFUSED, row["locality"] + row["hash"], from_plain(RulesRefused, fields))
            with transient():
                await self._pool.execute(SQL.announced_refusal, row["locality"], row["hash"])

    async def _publish(self, event_type: str, name: str, payload: Coded) -> None:
        self._health.tick("rules")
        envelope = Envelope(derived_id(NAMESPACE, event_type, name), SOURCE, event_type, dt.datetime.now(dt.UTC))
        await self._publisher.publish([Record(topics.OPERATIONS, 0, None, to_json(payload), envelope.headers())])


def _tell_refused(locality: str, file: Path, findings: list[dict[str, str]]) -> None:
    for finding in findings[:SHOWN]:
        get_logger().error(
            "rules refused",
            locality=locality,
            file=file.name,
            code=finding["code"],
            table=finding.get("table"),
            row=finding.get("row"),
            column=finding.get("column"),
            line=finding.get("line"),
            why=finding["message"],
            cure=finding.get("cure"),
        )
