"""A record that was parked before, and comes again from another place, is answered with what was decided then."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import asyncpg

from services.triage.causes import parked
from services.triage.store import Arrival, Store
from tests.builders import MONDAY_10AM, Person, a_record_of
from tests.deciding import LAMBETH, small_rules

if TYPE_CHECKING:
    from services.triage.causes import Seen
    from services.triage.store import Outputs
    from shared.events import Decision
    from tests.stack import Database


async def decide(database: Database, *causes: Seen, first: int = 0) -> tuple[Outputs, list[Decision]]:
    arrivals = [Arrival(cause, "referrals.received", 0, offset) for offset, cause in enumerate(causes, first)]
    async with asyncpg.create_pool(database.dsn("frontdoor_triage"), min_size=1, max_size=1) as pool:
        store = Store(pool, {"lambeth": LAMBETH}, "lambeth")
        return await store.decide(arrivals, {"lambeth": small_rules()}, MONDAY_10AM)


def spoilt(cause: Seen, offset: int, *, generation: int = 1, value: bytes = b"{") -> Seen:
    """The record of a cause as nobody can read it, from that offset."""
    record = dataclasses.replace(a_record_of(cause), offset=offset, value=value)
    return parked(record, "unreadable", generation)


async def standing(database: Database, person: Person) -> tuple[str, int]:
    """How the referral's newest decision stands, and how many there are."""
    rows = await database.fetch(
        "SELECT convert_from(document, 'UTF8')::json ->> 'status' AS status FROM triage.decision "
        "WHERE referral_id = $1 ORDER BY sequence DESC",
        person.referral_id,
    )
    return rows[0]["status"], len(rows)


async def test_whoever_was_dealt_with_long_ago_is_not_held_when_the_record_is_published_again(database: Database):
    ada = Person("ada")
    received = ada.received()
    held, _ = await decide(database, spoilt(received, 3))
    team: dict[str, Any] = {"team": "tt", "answers_for": ("talking-therapies",)}
    routed = ada.outcome("rerouted", to="talking-therapies")
    await decide(database, routed, ada.outcome("accepted", **team), ada.outcome("closed", **team))
    closed = await standing(database, ada)
    assert closed == ("closed", 4)
    again, decided = await decide(database, spoilt(received, 0, generation=2))
    assert (decided, again.event_ids) == ([], held.event_ids)
    assert [record.value for record in again.records] == [record.value for record in held.records]
    assert await standing(database, ada) == closed
    assert await database.fetch("SELECT FROM triage.held") == []


async def test_each_place_that_it_was_parked_from_is_on_record_once(database: Database):
    received = Person("ada").received()
    both = spoilt(received, 3), spoilt(received, 0, generation=2)
    for cause in (*both, *both):
        await decide(database, cause)
    rows = await database.fetch("SELECT cause_id, event_id FROM triage.parked ORDER BY parked_at")
    assert [tuple(row) for row in rows] == [(cause.cause_id, received.cause_id) for cause in both]
    assert len(await database.fetch("SELECT FROM triage.decision")) == 1


async def test_one_that_comes_twice_at_once_is_held_once(database: Database):
    received = Person("ada").received()
    outputs, decided = await decide(database, spoilt(received, 3), spoilt(received, 4))
    assert (len(decided), len(set(outputs.event_ids))) == (1, len(outputs.event_ids))
    assert len(await database.fetch("SELECT FROM triage.parked")) == 2


async def test_another_record_under_the_same_event_id_is_held_anew(database: Database):
    ada = Person("ada")
    received = ada.received()
    await decide(database, spoilt(received, 3))
    await decide(database, ada.outcome("accepted", answers_for=("hub",)))
    _, decided = await decide(database, spoilt(received, 9, value=b"{another"))
    assert [(decision.hold_reason, decision.referral_id) for decision in decided] == [("parked", ada.referral_id)]


async def test_a_record_that_says_of_no_event_to_be_it_is_held_wherever_it_comes_from(database: Database):
    ada = Person("ada")
    _, first = await decide(database, ada.parked(offset=3))
    _, second = await decide(database, ada.parked(offset=4))
    assert [len(first), len(second)] == [1, 1]


async def test_what_was_parked_before_its_bytes_were_kept_is_held_anew(database: Database):
    received = Person("ada").received()
    await decide(database, spoilt(received, 3))
    await database.fetch("UPDATE triage.parked SET event_id = NULL, digest = NULL")
    _, decided = await decide(database, spoilt(received, 0, generation=2))
    assert len(decided) == 1


async def test_the_hold_of_a_record_that_is_parked_again_stands_for_both_and_ends_with_the_replay(database: Database):
    ada = Person("ada")
    received = ada.received()
    await decide(database, spoilt(received, 3))
    await decide(database, spoilt(received, 5))
    assert await standing(database, ada) == ("held", 1)
    _, (last,) = await decide(database, received)
    assert last.hold_reason is None
