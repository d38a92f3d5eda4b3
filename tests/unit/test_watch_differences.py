"""The watch names exactly what the account has not through, and says for how long that may be."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.frontdoor.account import Parked
from services.frontdoor.watch.differences import (
    ALLOWED,
    HOPS,
    IMPOSSIBLE,
    Difference,
    Kind,
    Known,
    Made,
    Seen,
    as_known,
    differences,
)
from shared.codes import Urgency
from shared.parked import step_id
from tests.accounts import MINUTE, NOW, RECEIVED, World, an_id

if TYPE_CHECKING:
    from uuid import UUID

    from services.frontdoor.account import Taken
    from shared.operations import Step

FATES = ("through", "unpublished", "lost at triage", "parked", "not sent on", "lost at audit", "unknown to audit")


def seen(world: World, receipts: set[UUID] | None = None) -> Seen:
    """What the watch reads of such a world."""
    made = [
        Made(o.cause_id, an_id(f"decision {o.cause_id}"), o.referral_id, NOW, o.published, o.event_id)
        for o in world.outputs
    ]
    places = {(event.partition, event.offset): event.event_id for event in world.taken if event.partition is not None}
    parked = {places[each.partition, each.offset]: each for each in world.parked if (0, each.offset) in places}
    strays = [each for each in world.parked if each not in parked.values()]
    events = {event.event_id: event for event in world.taken}
    return Seen(events, made, world.audited, receipts or set(), parked, strays)


def happens(world: World, fate: str) -> Taken:
    event = world.event(published=fate != "unpublished", audited=fate != "unknown to audit")
    if fate == "parked":
        world.decide(world.park(event))
    elif fate not in {"unpublished", "lost at triage"}:
        world.decide(event, published=fate != "not sent on", audited=fate != "lost at audit")
    return event


@given(st.lists(st.sampled_from(FATES), max_size=20))
async def test_it_names_what_the_account_has_not_through_and_nothing_else(fates: list[str]) -> None:
    world = World()
    for fate in fates:
        happens(world, fate)
    account = await world.account()
    not_through = [*account.parked, *account.in_flight, *account.unaccounted]
    assert sorted(str(each.id) for each in differences(seen(world))) == sorted(str(e.event_id) for e in not_through)


@pytest.mark.parametrize(
    ("fate", "kind"),
    [
        ("unpublished", Kind.NOT_PUBLISHED),
        ("lost at triage", Kind.NOT_DECIDED),
        ("parked", Kind.PARKED),
        ("not sent on", Kind.NOT_SENT_ON),
        ("lost at audit", Kind.NOT_AUDITED),
        ("unknown to audit", Kind.NOT_AUDITED),
    ],
)
def test_each_fate_has_its_kind(fate: str, kind: Kind) -> None:
    world = World()
    event = happens(world, fate)
    (found,) = differences(seen(world))
    assert (found.kind, found.cause_id, found.referral_id) == (kind, event.event_id, event.referral_id)


def test_a_parked_record_that_was_replayed_waits_for_audit_like_any_other() -> None:
    world = World()
    event = world.event(audited=False)
    world.decide(world.park(event))
    world.decide(event)
    assert [(each.kind, each.id) for each in differences(seen(world))] == [(Kind.NOT_AUDITED, event.event_id)]
    world.audited.add(event.event_id)
    assert differences(seen(world)) == []


def test_a_parked_event_that_somebody_edited_is_through_once_the_edited_one_is() -> None:
    world = World()
    event = world.event()
    world.decide(world.park(event))
    edited, again = event._replace(event_id=an_id("edited")), event._replace(event_id=an_id("again"))
    both = {edited.event_id: event.event_id, again.event_id: edited.event_id}
    assert {each.kind for each in differences(replace(seen(world), edits=both))} == {Kind.PARKED}
    world.decide(again)
    assert differences(replace(seen(world), edits=both)) == []


def worked(parked: Parked, step: Step, event: Taken | None = None) -> dict[UUID, UUID | None]:
    """A step that a person took, as audit shows it."""
    return {step_id(parked.cause_id, step): event.event_id if event else None}


def test_what_a_person_discarded_is_no_difference_any_more_whether_intake_took_it_or_nobody_did() -> None:
    world = World()
    event = world.event()
    world.decide(world.park(event))
    stranger = Parked(an_id("stranger"), None, RECEIVED, 3, 9, "no-event-id", NOW)
    world.parked.append(stranger)
    assert {each.id for each in differences(seen(world))} == {event.event_id, stranger.cause_id}
    steps = worked(world.parked[0], "discarded", event) | worked(stranger, "discarded")
    assert differences(replace(seen(world), worked=steps)) == []


def test_what_was_replayed_and_parked_again_waits_until_that_one_is_discarded_or_decided() -> None:
    world = World()
    event = world.event()
    world.decide(world.park(event))
    again = Parked(an_id("again"), event.referral_id, RECEIVED, 0, 9, "unreadable", NOW)
    world.parked.append(again)
    first = worked(world.parked[0], "replayed", event)
    assert {each.id for each in differences(replace(seen(world), worked=first))} == {event.event_id, again.cause_id}
    assert differences(replace(seen(world), worked=first | worked(again, "discarded", event))) == []
    second = first | worked(again, "replayed", event)
    assert {each.id for each in differences(replace(seen(world), worked=second))} == {event.event_id, again.cause_id}
    world.decide(event)
    assert differences(replace(seen(world), worked=second)) == []


def test_the_discard_of_a_copy_hides_neither_the_event_nor_its_own_dead_letter() -> None:
    world = World()
    lost, waiting = world.event(), world.event()
    world.decide(world.park(waiting))
    copies = [Parked(an_id(f"copy {n}"), None, RECEIVED, 3, n, "wrong-key", NOW) for n in (7, 8)]
    world.parked += copies
    steps = worked(copies[0], "discarded", lost) | worked(copies[1], "discarded", waiting)
    kinds = {each.id: each.kind for each in differences(replace(seen(world), worked=steps))}
    assert kinds == {lost.event_id: Kind.NOT_DECIDED, waiting.event_id: Kind.PARKED}


def test_an_edit_that_was_parked_and_discarded_takes_what_it_was_made_from_along() -> None:
    world = World()
    event = world.event()
    world.decide(world.park(event))
    edit = event._replace(event_id=an_id("edited"))
    again = Parked(an_id("again"), event.referral_id, RECEIVED, 0, 9, "unreadable", NOW)
    world.parked.append(again)
    steps = worked(world.parked[0], "edited", event) | worked(again, "discarded", edit)
    chain = replace(seen(world), edits={edit.event_id: event.event_id}, worked=steps)
    assert differences(chain) == []


def test_every_kind_says_where() -> None:
    assert set(HOPS) == set(Kind)


def test_a_decision_without_a_receipt_is_named_unless_it_is_the_hold_of_a_parked_record() -> None:
    world = World()
    world.decide(world.park(world.event()))
    forged = world.event()
    world.taken.pop()
    world.decide(forged)
    kinds = {each.id: each.kind for each in differences(seen(world))}
    assert kinds == {an_id(0): Kind.PARKED, forged.event_id: Kind.NO_RECEIPT}
    assert {each.kind for each in differences(seen(world, {forged.event_id}))} == {Kind.PARKED}


def test_two_decisions_for_one_cause_are_named_once_whatever_they_publish() -> None:
    world = World()
    event = happens(world, "through")
    both = seen(world)
    both.made = [row for each in both.made for row in (each, each._replace(decision_id=an_id("another")))]
    (found,) = differences(both)
    assert (found.kind, found.id) == (Kind.DECIDED_TWICE, event.event_id)


def test_a_parked_record_that_intake_never_sent_waits_too() -> None:
    world = World(parked=[Parked(an_id("hold"), None, RECEIVED, 3, 9, "no-event-id", NOW)])
    (found,) = differences(seen(world))
    assert (found.kind, found.id, found.referral_id) == (Kind.PARKED, an_id("hold"), None)


urgencies = st.sampled_from([*Urgency, None])
A_DIFFERENCE = Difference(Kind.NOT_DECIDED, an_id("event"), an_id("event"), an_id("ada"), NOW)


@given(urgencies, urgencies)
def test_it_is_as_urgent_as_the_more_urgent_of_what_was_asked_and_what_stands(
    asked: Urgency | None, standing: Urgency | None
) -> None:
    known = as_known(A_DIFFERENCE, Known(None, asked), Known("lambeth", standing))
    said = [urgency for urgency in (asked, standing) if urgency]
    assert known.urgency == (min(said, key=lambda urgency: urgency.severity) if said else None)
    assert known.locality == "lambeth"


@given(urgencies, st.sampled_from(sorted(set(Kind) - IMPOSSIBLE)), st.integers(0, 60 * 300))
def test_it_is_overdue_once_the_time_of_its_urgency_is_over_and_the_unknown_is_the_most_urgent(
    urgency: Urgency | None, kind: Kind, seconds: int
) -> None:
    difference = A_DIFFERENCE._replace(kind=kind, urgency=urgency)
    allowed = {"1": 60, "4": 60, "2": 900, "3": 14_400, None: 60}[urgency]
    assert difference.is_overdue(NOW + dt.timedelta(seconds=seconds)) == (seconds >= allowed)


@pytest.mark.parametrize("kind", sorted(IMPOSSIBLE))
def test_what_cannot_be_is_overdue_at_once(kind: Kind) -> None:
    assert A_DIFFERENCE._replace(kind=kind, urgency=Urgency.ROUTINE).is_overdue(NOW)


def test_less_urgent_never_means_less_time() -> None:
    times = [ALLOWED[urgency] for urgency in Urgency]
    assert times == sorted(times)
    assert times[0] == MINUTE
