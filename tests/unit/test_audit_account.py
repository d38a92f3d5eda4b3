"""The account names what is not through, and tells a delay from a loss by stored offsets."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.frontdoor.account import Account, Entry, Parked, confirmed
from services.frontdoor.reconcile import lines
from shared.command_line import since_when
from shared.errors import Usage
from tests.accounts import MINUTE, NOW, RECEIVED, World, an_id

if TYPE_CHECKING:
    from uuid import UUID


def ids(entries: list[Entry]) -> set[UUID | None]:
    return {entry.event_id for entry in entries}


async def test_what_went_all_the_way_is_taken_decided_and_audited() -> None:
    world = World()
    for _ in range(7):
        world.decide(world.event())
    account = await world.account()
    assert account.as_json() == {
        "taken": 7, "decided": 7, "audited": 7, "parked": [], "in_flight": [], "unaccounted": []
    }  # fmt: skip
    assert lines(account)[-1] == "unaccounted 0"


async def test_what_the_relay_has_not_published_is_in_flight() -> None:
    world = World()
    event = world.event(published=False)
    account = await world.account()
    assert (account.taken, account.decided) == (1, 0)
    assert [(entry.event_id, entry.hop) for entry in account.in_flight] == [(event.event_id, "intake to Kafka")]


async def test_what_triage_has_not_come_to_is_in_flight_and_what_it_passed_over_is_unaccounted() -> None:
    world = World()
    passed_over = world.event()
    world.decide(world.event())
    ahead = world.event()
    account = await world.account()
    assert ids(account.in_flight) == {ahead.event_id}
    assert [(entry.event_id, entry.hop) for entry in account.unaccounted] == [(passed_over.event_id, "Kafka to triage")]


async def test_an_output_that_audit_has_not_come_to_is_in_flight_and_one_it_passed_over_is_unaccounted() -> None:
    world = World()
    passed_over = world.decide(world.event(), audited=False)
    world.decide(world.event())
    ahead = world.decide(world.event(), audited=False)
    account = await world.account()
    assert (account.taken, account.decided, account.audited) == (3, 3, 1)
    assert ids(account.in_flight) == {ahead.event_id}
    assert [(entry.event_id, entry.hop) for entry in account.unaccounted] == [(passed_over.event_id, "Kafka to audit")]


async def test_an_output_that_is_not_published_is_in_flight_unless_later_ones_were() -> None:
    world = World()
    overtaken = world.decide(world.event(), published=False)
    world.decide(world.event())
    waiting = world.decide(world.event(), published=False)
    account = await world.account()
    assert ids(account.in_flight) == {waiting.event_id}
    assert ids(account.unaccounted) == {overtaken.event_id}


async def test_an_event_that_audit_itself_passed_over_is_unaccounted_though_triage_decided_it() -> None:
    world = World()
    lost = world.event(audited=False)
    world.decide(lost)
    world.decide(world.event())
    late = world.event(audited=False)
    world.decide(late)
    account = await world.account()
    assert ids(account.unaccounted) == {lost.event_id}
    assert ids(account.in_flight) == {late.event_id}


async def test_a_parked_event_is_named_as_such_until_its_replay_decides_it() -> None:
    world = World()
    event = world.event()
    world.park(event)
    account = await world.account()
    assert ids(account.parked) == {event.event_id}
    assert not account.unaccounted
    world.decide(event)
    assert not (await world.account()).parked


async def test_a_record_parked_at_the_same_place_of_an_older_topic_excuses_nobody_else() -> None:
    world = World()
    lost = world.event()
    world.parked.append(Parked(an_id("hold"), an_id("someone else"), RECEIVED, 0, 0, "unreadable", NOW))
    world.decide(world.event())
    assert ids((await world.account()).unaccounted) == {lost.event_id}


async def test_a_parked_record_that_intake_never_sent_is_named_by_its_place() -> None:
    world = World(parked=[Parked(an_id("hold"), None, RECEIVED, 3, 9, "no-event-id", NOW)])
    account = await world.account()
    assert [entry.why for entry in account.parked] == ["no-event-id, from referrals.received partition 3 offset 9"]


async def test_the_hold_of_a_parked_record_must_be_audited_like_any_decision() -> None:
    world = World()
    lost = world.decide(world.park(world.event()), audited=False)
    world.decide(world.event())
    assert ids((await world.account()).unaccounted) == {lost.event_id}


async def test_an_event_that_triage_has_not_come_to_for_too_long_is_unaccounted_and_says_for_how_long() -> None:
    """Kafka lost what it held: the topic was made anew, and nothing will ever bring triage to the old offset."""
    world = World()
    world.event(minutes_ago=15)
    lost = world.event(minutes_ago=73)
    account = await world.account()
    assert len(account.in_flight) == 1
    assert [(entry.event_id, entry.why) for entry in account.unaccounted] == [
        (lost.event_id, f"triage has not come to {RECEIVED} partition 0 offset 1 yet, 73 minutes after it was taken")
    ]


async def test_nothing_is_in_flight_for_ever_wherever_it_is() -> None:
    world = World()
    unpublished = world.event(minutes_ago=60, published=False)
    lost = world.decide(world.event(minutes_ago=60), audited=False)
    waiting = world.decide(world.event(minutes_ago=60), published=False)
    lost_hold = world.decide(world.park(world.event(minutes_ago=60)), audited=False)
    account = await world.account()
    assert not account.in_flight
    assert ids(account.unaccounted) == {each.event_id for each in (unpublished, waiting, lost, lost_hold)}
    assert not (await world.account(patience=61 * MINUTE)).unaccounted


async def test_a_decision_that_no_receipt_is_behind_is_unaccounted_unless_it_is_the_hold_of_a_parked_record() -> None:
    world = World()
    world.decide(world.park(world.event()))
    forged = world.event()._replace(event_id=an_id("forged"))
    world.taken.pop()
    lost = world.decide(forged, audited=False)
    world.decide(forged)
    account = await world.account()
    assert next((entry.event_id, entry.why) for entry in account.unaccounted) == (
        forged.event_id,
        "decision without receipt",
    )
    assert ids(account.unaccounted) == {forged.event_id, lost.event_id}


async def test_of_a_part_of_the_events_no_decision_is_without_a_receipt() -> None:
    world = World()
    world.decide(world.event()._replace(event_id=an_id("taken before")), audited=False)
    world.taken.clear()
    assert (await world.account(whole=False)) == Account()


@given(st.lists(st.sampled_from(["through", "unpublished", "lost at triage", "lost at audit"]), max_size=20))
async def test_nothing_is_counted_twice_or_not_at_all(fates: list[str]) -> None:
    world = World()
    for fate in fates:
        event = world.event(published=fate != "unpublished")
        if fate in {"through", "lost at audit"}:
            world.decide(event, audited=fate == "through")
    world.decide(world.event())  # the newest is through, so what is missing before it is no delay
    account = await world.account()
    assert account.taken == len(fates) + 1
    assert account.audited == fates.count("through") + 1
    assert account.decided == account.audited + fates.count("lost at audit")
    assert len(account.in_flight) == fates.count("unpublished")
    assert len(account.unaccounted) == fates.count("lost at triage") + fates.count("lost at audit")


def test_only_what_two_looks_miss_is_unaccounted() -> None:
    stays, passes = (Entry(an_id(name), None, "Kafka to audit", "why") for name in ("stays", "passes"))
    new = Entry(an_id("new"), None, "Kafka to audit", "why")
    account = confirmed(Account(unaccounted=[stays, passes]), Account(unaccounted=[stays, new]))
    assert (account.unaccounted, account.in_flight) == ([stays], [new])


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("30m", NOW - dt.timedelta(minutes=30)),
        ("7d", NOW - dt.timedelta(days=7)),
        ("2026-11-23T12:00Z", NOW),
        ("2026-11-23", NOW - dt.timedelta(hours=12)),
        ("2026-11-23T13:00+01:00", NOW),
    ],
)
def test_since_is_a_time_or_a_span(text: str, time: dt.datetime) -> None:
    assert since_when(text, NOW) == time


@pytest.mark.parametrize("text", ["yesterday", "7w", "-1d", "9999999d"])
def test_since_anything_else_is_a_usage_error(text: str) -> None:
    with pytest.raises(Usage):
        since_when(text, NOW)


async def test_a_parked_event_that_somebody_edited_is_decided_by_way_of_what_was_sent_in_its_place() -> None:
    world = World()
    event = world.event()
    world.decide(world.park(event))
    again, last = an_id("edited"), an_id("edited again")
    world.decide(event._replace(event_id=last))
    account = await world.account(edits={again: event.event_id, last: again})
    assert (account.taken, account.decided, account.audited) == (1, 1, 1)
    assert (account.parked, account.in_flight, account.unaccounted) == ([], [], [])


async def test_an_edited_record_is_named_as_parked_until_it_is_decided() -> None:
    world = World()
    event = world.event()
    world.decide(world.park(event))
    account = await world.account(edits={an_id("edited"): event.event_id})
    assert ids(account.parked) == {event.event_id}


async def test_an_event_whose_own_id_could_not_be_read_is_decided_by_way_of_its_parked_record() -> None:
    world = World()
    event = world.event()
    parked = world.park(event)
    world.decide(parked)
    world.decide(event._replace(event_id=an_id("edited")))
    account = await world.account(edits={an_id("edited"): parked.event_id})
    assert (account.decided, account.parked, account.unaccounted) == (1, [], [])
