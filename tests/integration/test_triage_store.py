"""What triage stores, without Kafka."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from msgspec.structs import replace

import services.triage
from services.triage import hub
from services.triage.store import Arrival, Store
from shared.cloudevents import header
from shared.health import Health
from tests.builders import MONDAY_10AM, Person
from tests.deciding import LAMBETH, small_rules, small_rules_but
from tests.waiting import eventually

if TYPE_CHECKING:
    from services.triage.causes import Seen
    from services.triage.rules import RuleSet
    from tests.stack import Database

MIGRATIONS = Path(services.triage.__file__).parent / "migrations"
HELD, PARKED, QUEUE = (MIGRATIONS / f"{name}.sql" for name in ("0004_held", "0006_parked", "0007_hub_queue"))


async def test_what_was_decided_and_never_published_is_published_in_the_order_of_each_referral(database: Database):
    arrivals = []
    for number in range(20):
        person = Person(f"person {number}")
        causes = person.received(), person.amended(reason={"code": "01"}), person.cancelled()
        arrivals += [Arrival(cause, "referrals.received", 0, 3 * number + place) for place, cause in enumerate(causes)]
    by_index = {"enable_seqscan": "off", "enable_bitmapscan": "off"}  # as PostgreSQL reads a table that has grown
    async with asyncpg.create_pool(database.dsn("frontdoor_triage"), server_settings=by_index) as pool:
        store = Store(pool, {"lambeth": LAMBETH}, "lambeth")
        first, _ = await store.decide(arrivals, {"lambeth": small_rules()}, MONDAY_10AM)
        again, decided = await store.decide(arrivals, {"lambeth": small_rules()}, MONDAY_10AM)
    assert (decided, set(again.event_ids)) == ([], set(first.event_ids))
    sequences: dict[bytes | None, list[int]] = defaultdict(list)
    for record in again.records:
        sequences[record.key].append(int(header(record.headers, "ce_sequence") or 0))
    assert all(numbers == sorted(numbers) for numbers in sequences.values())


async def decide(database: Database, now: dt.datetime, *causes: Seen, rules: RuleSet | None = None) -> None:
    arrivals = [Arrival(cause, "referrals.received", 0, offset) for offset, cause in enumerate(causes)]
    async with asyncpg.create_pool(database.dsn("frontdoor_triage")) as pool:
        await Store(pool, {"lambeth": LAMBETH}, "lambeth").decide(arrivals, {"lambeth": rules or small_rules()}, now)


async def held(database: Database) -> list[tuple[str, str, dt.datetime, bool]]:
    """Why, how urgent, since when, and whether a person should have looked by now."""
    rows = await database.fetch("SELECT hold_reason, urgency, held_since, due_at < now() AS overdue FROM triage.held")
    return [tuple(row) for row in rows]


async def test_the_hubs_queue_holds_who_waits_since_the_hold_began_whatever_comes_within_it(database: Database):
    now = dt.datetime.now(dt.UTC)
    ada, minute = Person("ada", at=now), dt.timedelta(minutes=1)
    await decide(database, now, Person("bea", at=now).received(), ada.received(risk={"suicidal": "not recorded"}))
    await decide(database, now + minute, ada.conflicting())
    ((reason, _, since, overdue),) = await held(database)
    assert (reason, since, overdue) == ("safety", now, False)
    await decide(database, now + 2 * minute, ada.outcome("released", destination="peer-support-programme"))
    assert await held(database) == []


async def queue(database: Database) -> dict[str, dt.datetime]:
    """Why referrals wait for a person at the hub, and since when."""
    rows = await database.fetch("SELECT reason, since FROM triage.hub_queue")
    return {row["reason"]: row["since"] for row in rows}


async def test_all_that_waits_for_a_person_at_the_hub_is_in_its_queue_until_it_is_answered(database: Database):
    now = dt.datetime.now(dt.UTC)
    ada, bea, cyd, dan = (Person(name, at=now) for name in ("ada", "bea", "cyd", "dan"))
    crisis = "crisis-outreach: {name: Crisis Outreach, care setting: "
    rules = small_rules_but((f"{crisis}secondary-care", f"{crisis}front-door"))
    causes = (
        ada.received(risk={"suicidal": "not recorded"}),
        bea.received(risk={"suicidal": "plan"}),
        cyd.received(),
        dan.received(),
        dan.outcome("accepted", team="tt", answers_for=("talking-therapies",)),
    )
    await decide(database, now, *causes, rules=rules)
    assert await queue(database) == {"safety": now, "sent-to-hub": now}
    over = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    await database.fetch("UPDATE triage.referral SET due_at = $1 WHERE unanswered IS NOT NULL", over)
    assert await queue(database) == {"safety": now, "sent-to-hub": now, "unanswered": over}
    kept = await database.fetch("SELECT * FROM triage.referral ORDER BY referral_id")
    await anew(
        database,
        QUEUE,
        "DROP VIEW triage.hub_queue",
        "ALTER TABLE triage.referral DROP unanswered, DROP unanswered_since",
    )
    assert [row["unanswered"] for row in kept] == [
        row["unanswered"] for row in await database.fetch("SELECT * FROM triage.referral ORDER BY referral_id")
    ]
    for person, team, named in ((bea, "crisis", "crisis-outreach"), (cyd, "tt", "talking-therapies")):
        await decide(database, now, person.outcome("accepted", team=team, answers_for=(named,)), rules=rules)
    assert await queue(database) == {"safety": now}


async def anew(database: Database, migration: Path, *undone: str) -> None:
    """A migration, as a database from before it goes through it."""
    for statement in undone:
        await database.fetch(statement)
    connection = await asyncpg.connect(database.dsn())
    await connection.execute(migration.read_text())
    await connection.close()


async def test_of_a_database_from_before_whoever_has_several_parked_records_is_for_a_person(database: Database):
    ada, bea = Person("ada"), Person("bea")
    await decide(database, MONDAY_10AM, ada.parked(offset=7), ada.parked(offset=8), bea.parked(offset=9))
    await anew(database, PARKED, "ALTER TABLE triage.referral DROP parked")
    rows = await database.fetch("SELECT referral_id, parked FROM triage.referral")
    assert {row["referral_id"]: len(row["parked"]) for row in rows} == {ada.referral_id: 2, bea.referral_id: 0}


async def test_who_waits_for_longer_than_their_urgency_allows_is_overdue(database: Database):
    await decide(database, MONDAY_10AM, Person().received(risk={"suicidal": "not recorded"}))
    await database.fetch("UPDATE triage.referral SET due_at = now() - interval '1 second'")
    async with asyncpg.create_pool(database.dsn("frontdoor_triage")) as pool:
        (row,) = await Store(pool, {"lambeth": LAMBETH}, "lambeth").hub_queue()
    assert (row["reason"], row["referrals"], row["overdue"], row["oldest"]) == (
        "safety",
        1,
        1,
        MONDAY_10AM,
    )


async def test_a_made_up_crisis_waits_at_the_hub_apart_from_a_person_who_does(database: Database):
    crisis = "crisis-outreach: {name: Crisis Outreach, care setting: "
    rules = small_rules_but((f"{crisis}secondary-care", f"{crisis}front-door"))
    rehearsed, real = (Person(name).received(risk={"suicidal": "plan"}) for name in ("rehearsed", "real"))
    told = Person("told").parked()  # what cannot be read and says nothing of itself is somebody
    await decide(database, MONDAY_10AM, rehearsed, replace(real, synthetic=False), told, rules=rules)
    stop = asyncio.Event()
    async with asyncpg.create_pool(database.dsn("frontdoor_triage")) as pool, asyncio.TaskGroup() as tasks:
        tasks.create_task(hub.follow(Store(pool, {"lambeth": LAMBETH}, "lambeth"), Health(60), stop))
        await eventually(overdue_at_the_hub)
        stop.set()
    assert overdue_at_the_hub() == {
        ("sent-to-hub", "4", "true"): 1,
        ("sent-to-hub", "4", "false"): 1,
        ("parked", "2", "false"): 1,
    }


def overdue_at_the_hub() -> dict[tuple[str, str, str], float]:
    """As the alert is told: by reason, urgency and whether they are made up."""
    samples = [sample for family in hub.OVERDUE.collect() for sample in family.samples]
    return {(each.labels["reason"], each.labels["urgency"], each.labels["synthetic"]): each.value for each in samples}


async def test_the_queue_of_a_database_from_before_is_what_it_would_have_been(database: Database):
    ada, later = Person("ada"), MONDAY_10AM + dt.timedelta(hours=1)
    await decide(database, MONDAY_10AM, ada.received(risk={"suicidal": "not recorded"}), Person("bea").received())
    await decide(database, later, ada.conflicting())
    await database.fetch("INSERT INTO triage.referral VALUES (gen_random_uuid(), gen_random_uuid(), 1)")
    kept = await held(database)
    undone = "ALTER TABLE triage.referral DROP hold_reason CASCADE, DROP held_since CASCADE, DROP due_at CASCADE"
    await anew(database, HELD, undone)
    assert await held(database) == kept
    assert [since for _, _, since, _ in kept] == [MONDAY_10AM]


async def test_what_it_made_of_the_newest_records_is_known_after_a_restart(database: Database):
    ada, bea = Person("ada"), Person("bea")
    await decide(database, MONDAY_10AM, ada.received())
    await decide(database, MONDAY_10AM + dt.timedelta(hours=1), bea.parked(offset=9))
    async with asyncpg.create_pool(database.dsn("frontdoor_triage")) as pool:
        store = Store(pool, {"lambeth": LAMBETH}, "lambeth")
        assert await store.newest(10) == [None, ("referrals.received", 0, 0)]
        assert await store.newest(1) == [("referrals.received", 0, 0)]
