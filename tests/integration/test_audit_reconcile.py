"""The account over the real views of three schemas, each written as its service writes it."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from services.audit.chain import Place
from services.audit.columns import entry
from services.audit.store import Store
from services.frontdoor.reconcile import Scope, look, reconcile
from shared import events, topics
from shared.cloudevents import Envelope
from shared.codes import CareSetting
from shared.errors import Usage
from tests.builders import MONDAY_10AM, ARecord, an_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from tests.stack import Database

HUB = topics.ROUTED[CareSetting.FRONT_DOOR]
REFERRAL = "INSERT INTO intake.referral VALUES ($1, 'gp', 'lambeth', true, $2, 1)"
RECEIPT = (
    "INSERT INTO intake.receipt (event_id, referral_id, sequence, kind, sender, synthetic, received_at, digest, answer) "
    "VALUES ($1, $2, 1, 'received', 'gp', true, $3, '', '')"
)
OUTBOX = (
    "INSERT INTO intake.outbox (event_id, referral_id, topic, value, headers, created_at, published_at, partition, "
    "\"offset\") VALUES ($1, $2, 'referrals.received', '', '', now(), now(), 0, $3)"
)
DECISION = (
    "INSERT INTO triage.decision VALUES ($1, $2, $3, (SELECT count(*) FROM triage.decision), 'hold', 'hub', '2', NULL, '', now())"
)  # fmt: skip
OUTPUT = "INSERT INTO triage.output VALUES ($1, $2, $3, 0, '', now(), $4)"


class Town:
    """Events one after the other in partition 0, each followed as far as the test says."""

    def __init__(self, database: Database, pool: asyncpg.Pool) -> None:
        self.database, self.pool, self.events = database, pool, 0

    async def event(self, *, published: bool = True, decided: bool = True, ago: dt.timedelta = dt.timedelta()) -> UUID:
        received_at = dt.datetime.now(dt.UTC) - ago
        event, referral, offset = an_id(f"event {self.events}"), an_id(f"referral {self.events}"), self.events
        self.events += 1
        await self._run(REFERRAL, referral, received_at)
        await self._run(RECEIPT, event, referral, received_at)
        if published:
            await self._run(OUTBOX, event, referral, offset)
        if decided:
            await self._run(DECISION, event, an_id(f"decision {offset}"), referral)
            await self._run(OUTPUT, an_id(f"output {offset}"), event, HUB, offset)
        return event

    async def audit(self, topic: str, *names: str) -> None:
        """Audits records of these event names, in order, as the next of a topic."""
        place = Place("stream.1", topic, 0)
        store = Store(self.pool)
        heads = await store.heads(place.stream)
        first = heads[place].offset + 1 if place in heads else 0
        entries = []
        for offset, name in enumerate(names, first):
            headers = Envelope(an_id(name), "urn:test", events.RECEIVED, MONDAY_10AM).headers()
            entries.append(entry(ARecord(topic, 0, offset, None, b"{}", headers)))
        await store.append(place.stream, {place: entries}, MONDAY_10AM, {})

    async def _run(self, sql: str, *arguments: Any) -> None:
        await self.database.fetch(sql, *arguments)


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    async with asyncpg.create_pool(database.dsn("frontdoor_audit"), min_size=1, max_size=4) as pool:
        yield Town(database, pool)


def frontdoor(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"FRONTDOOR_READER_DSN": database.dsn("frontdoor_reader")}
    command = [sys.executable, "-m", "services.frontdoor", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


async def test_everything_through_is_a_clean_account(town: Town, database: Database) -> None:
    for _ in range(3):
        await town.event()
    await town.audit(topics.RECEIVED, "event 0", "event 1", "event 2")
    await town.audit(HUB, "output 0", "output 0", "output 1", "output 2")
    done = frontdoor(database, "reconcile", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "taken": 3, "decided": 3, "audited": 3, "parked": [], "in_flight": [], "unaccounted": []
    }  # fmt: skip


async def test_what_was_lost_on_the_way_to_audit_is_named_and_the_exit_code_tells(
    town: Town, database: Database
) -> None:
    for _ in range(3):
        await town.event()
    await town.audit(topics.RECEIVED, "event 0", "event 1", "event 2")
    await town.audit(HUB, "output 0", "something else", "output 2")
    done = frontdoor(database, "reconcile", "--json")
    account = json.loads(done.stdout)
    assert (done.returncode, account["audited"]) == (1, 2)
    assert [entry["event_id"] for entry in account["unaccounted"]] == [str(an_id("output 1"))]
    assert frontdoor(database, "reconcile").stdout.splitlines()[-1] == "unaccounted 1"


async def test_what_is_on_its_way_is_in_flight(town: Town, database: Database) -> None:
    await town.event()
    await town.event(decided=False)
    await town.event(published=False, decided=False)
    await town.audit(topics.RECEIVED, "event 0")
    account = await look(database.dsn("frontdoor_reader"))
    assert (account.taken, account.decided, account.audited) == (3, 1, 0)
    hops = {entry.event_id: entry.hop for entry in account.in_flight}
    assert hops == {
        an_id("output 0"): "Kafka to audit",
        an_id("event 1"): "Kafka to triage",
        an_id("event 2"): "intake to Kafka",
    }
    assert not account.unaccounted


async def test_what_triage_passed_over_is_unaccounted_unless_it_is_parked(town: Town, database: Database) -> None:
    lost, parked = await town.event(decided=False), await town.event(decided=False)
    await town.event()
    await town.audit(topics.RECEIVED, "event 0", "event 1", "event 2")
    await town.audit(HUB, "output 2", "output 2", "output 2")
    await database.fetch(
        "INSERT INTO triage.parked VALUES ($1, NULL, 'referrals.received', 0, 1, 'unreadable', '')", an_id("hold")
    )
    account = await reconcile(database.dsn("frontdoor_reader"))
    assert [entry.event_id for entry in account.unaccounted] == [lost]
    assert [(entry.event_id, entry.why.split(",")[0]) for entry in account.parked] == [(parked, "unreadable")]


async def test_what_waits_for_triage_longer_than_it_may_is_unaccounted_and_the_option_says_how_long_that_is(
    town: Town, database: Database
) -> None:
    await town.event()
    lost = await town.event(decided=False, ago=dt.timedelta(hours=1))
    await town.audit(topics.RECEIVED, "event 0", "event 1")
    await town.audit(HUB, "output 0")
    done = frontdoor(database, "reconcile", "--json")
    assert [entry["event_id"] for entry in json.loads(done.stdout)["unaccounted"]] == [str(lost)]
    assert done.returncode == 1
    assert frontdoor(database, "reconcile", "--late", "2h").stdout.splitlines()[-2:] == ["in flight 1", "unaccounted 0"]
    assert frontdoor(database, "reconcile", "--late", "soon").returncode == 2


async def test_a_decision_whose_cause_intake_never_took_is_named(town: Town, database: Database) -> None:
    await town.event()
    await database.fetch(DECISION, an_id("forged"), an_id("decision"), an_id("referral 0"))
    await database.fetch(OUTPUT, an_id("output 1"), an_id("forged"), HUB, 1)
    await town.audit(topics.RECEIVED, "event 0")
    await town.audit(HUB, "output 0", "output 1")
    (entry,) = (await reconcile(database.dsn("frontdoor_reader"))).unaccounted
    assert (entry.event_id, entry.why) == (an_id("forged"), "decision without receipt")


async def test_of_some_referrals_nothing_else_is_looked_at(town: Town, database: Database) -> None:
    await town.event(decided=False, ago=dt.timedelta(hours=1))
    await town.event()
    account = await look(database.dsn("frontdoor_reader"), Scope(referrals=(an_id("referral 1"),)))
    assert (account.taken, account.decided, account.unaccounted) == (1, 1, [])


async def test_since_looks_at_the_newer_events_alone(town: Town, database: Database) -> None:
    month = dt.timedelta(days=30)
    await town.event(ago=month)
    await town.event(ago=month, decided=False)
    await town.event()
    await town.audit(topics.RECEIVED, "event 0", "event 1", "event 2")
    await town.audit(HUB, "something else", "something else", "output 2")
    account = await reconcile(database.dsn("frontdoor_reader"), Scope(dt.datetime.now(dt.UTC) - dt.timedelta(days=1)))
    assert (account.taken, account.decided, account.audited) == (1, 1, 1)
    assert not account.unaccounted


async def test_many_events_are_followed_in_portions(database: Database) -> None:
    """More rows than a portion of a stream, the ids in no order of time."""
    count = 6000
    await database.fetch(
        "INSERT INTO intake.referral SELECT gen_random_uuid(), 'gp', 'lambeth', true, now(), 1 FROM generate_series(1, $1)",
        count,
    )
    await database.fetch(
        "INSERT INTO intake.receipt (event_id, referral_id, sequence, kind, sender, synthetic, received_at, digest, answer) "
        "SELECT gen_random_uuid(), referral_id, 1, 'received', 'gp', true, now(), '', '' FROM intake.referral"
    )
    await database.fetch(
        "INSERT INTO intake.outbox (event_id, referral_id, topic, value, headers, created_at, published_at, partition, "
        "\"offset\") SELECT event_id, referral_id, 'referrals.received', '', '', now(), now(), 0, "
        "row_number() OVER () - 1 FROM intake.receipt"
    )
    await database.fetch(
        "INSERT INTO triage.decision SELECT event_id, gen_random_uuid(), referral_id, 1, 'hold', 'hub', '2', NULL, '', "
        "now() FROM intake.receipt"
    )
    await database.fetch(
        "INSERT INTO triage.output SELECT gen_random_uuid(), cause_id, 'referrals.routed.front-door', 0, '', now(), "
        "row_number() OVER () - 1 FROM triage.decision"
    )
    account = await look(database.dsn("frontdoor_reader"))
    assert (account.taken, account.decided, account.audited) == (count, count, 0)
    assert len(account.in_flight) == 2 * count


async def test_a_database_that_is_not_there_or_not_ours_is_a_usage_error(database: Database) -> None:
    with pytest.raises(Usage):
        await look("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Usage):
        await look(database.dsn("frontdoor_disposer"))
    assert frontdoor(database, "reconcile", "--since", "soon").returncode == 2
