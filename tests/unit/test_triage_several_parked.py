"""Of whom several records cannot be read, they stay at the hub until the last is replayed or edited, or a person answers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from shared.codes import DecisionKind, HoldReason, Status, Urgency
from shared.events import HELD
from tests.builders import MONDAY_10AM, Person, an_id
from tests.deciding import a_ledger, decided, told_as, unsigned

if TYPE_CHECKING:
    from services.triage.causes import Seen

PSYCHOSIS, PLAN = {"code": "01"}, {"suicidal": "plan"}


def by_the_team(ada: Person, kind: str) -> Seen:
    return ada.outcome(kind, team="tt", answers_for=("talking-therapies",))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_in_whatever_order_they_are_replayed_only_the_last_ends_the_hold(order: tuple[int, ...]) -> None:
    ada = Person()
    causes = ada.received(), ada.amended(referrer={"urgency": "2"}), ada.amended(reason=PSYCHOSIS)
    parked = [ada.parked(cause, offset=offset) for offset, cause in enumerate(causes)]
    *_, first, second, last = decided(*parked, *(causes[number] for number in order))
    for held in (first, second):
        assert (held.kind, held.status, held.destination) == (DecisionKind.HOLD, Status.HELD, "hub")
        assert held.hold_reason is HoldReason.PARKED
    assert (last.kind, last.destination, last.urgency) == (DecisionKind.ROUTE, "focused-support", Urgency.URGENT)


def test_the_hub_sees_what_the_rules_make_of_what_could_be_read_and_why_the_person_is_held_still() -> None:
    ada = Person()
    received, missing = ada.received(reason=PSYCHOSIS), ada.amended()
    *_, held = decided(ada.parked(received), ada.parked(missing, offset=8), received)
    assert (held.proposed, bool(held.rows), told_as(held)) == ("focused-support", True, {"hub": HELD})
    assert "another record" in held.notes[-1]


def test_an_edited_record_takes_the_place_of_the_one_that_it_was_made_from() -> None:
    ada = Person()
    received, amended = ada.received(), ada.amended()
    nameless, named = ada.parked(), ada.parked(amended, offset=8)
    one = replace(received, cause_id=an_id("one"), edited_from=nameless.cause_id)
    other = replace(amended, cause_id=an_id("other"), edited_from=amended.cause_id)
    *_, held, last = decided(nameless, named, one, other)
    assert (held.hold_reason, last.kind) == (HoldReason.PARKED, DecisionKind.ROUTE)


def test_what_is_parked_again_is_still_one() -> None:
    ada = Person()
    received = ada.received()
    edited = replace(ada.parked(offset=9), event_id=an_id("edited"), edited_from=received.cause_id)
    mended = replace(received, cause_id=an_id("mended"), edited_from=an_id("edited"))
    again = ada.parked(received, offset=8)
    *_, last = decided(ada.parked(received), again, edited, mended)
    assert (last.kind, last.hold_reason) == (DecisionKind.ROUTE, None)


def test_who_is_in_danger_waits_for_no_other_record() -> None:
    ada = Person()
    received, missing = ada.received(risk=PLAN), ada.amended()
    *_, last = decided(ada.parked(received), ada.parked(missing, offset=8), received)
    assert (last.kind, last.destination, last.urgency) == (
        DecisionKind.ROUTE,
        "crisis-outreach",
        Urgency.VERY_URGENT,
    )


def test_a_team_that_accepted_in_one_of_them_has_the_person_again_once_the_other_is_read() -> None:
    ada = Person()
    received, accepted, news = ada.received(), by_the_team(ada, "accepted"), ada.amended()
    *_, held, last = decided(received, ada.parked(accepted), ada.parked(news, offset=8), accepted, news)
    assert (held.hold_reason, held.proposed) == (HoldReason.PARKED, "talking-therapies")
    assert held.accepted == ("talking-therapies",)
    assert (last.status, last.destination, last.hold_reason) == (Status.ACCEPTED, "talking-therapies", None)


def test_a_team_that_closed_in_one_of_them_is_told_no_more_and_the_hub_goes_on() -> None:
    ada = Person()
    received, closed, news = ada.received(), by_the_team(ada, "closed"), ada.amended()
    *_, held = decided(received, ada.parked(closed), ada.parked(news, offset=8), closed)
    assert (held.hold_reason, held.proposed, held.told) == (HoldReason.PARKED, None, ("hub",))


def test_a_cancellation_is_for_a_person_where_another_record_may_ask_for_help_still() -> None:
    ada = Person()
    received, news, cancelled = ada.received(), ada.amended(), ada.cancelled()
    *_, held, last = decided(received, ada.parked(news), ada.parked(cancelled, offset=8), cancelled, news)
    assert (held.kind, held.status, held.hold_reason) == (DecisionKind.HOLD, Status.HELD, HoldReason.AFTER_WITHDRAWAL)
    assert last.hold_reason is HoldReason.AFTER_WITHDRAWAL


def test_news_that_could_be_read_at_once_ends_nothing() -> None:
    ada = Person()
    received, missing = ada.received(), ada.amended()
    *_, held, news = decided(ada.parked(received), ada.parked(missing, offset=8), received, ada.amended())
    assert [each.hold_reason for each in (held, news)] == [HoldReason.PARKED] * 2


@pytest.mark.parametrize("kind", ["released", "rerouted", "advised"])
def test_a_person_at_the_hub_ends_the_hold_of_what_is_discarded_or_of_nothing_of_ours(kind: str) -> None:
    """Discarding sends triage nothing: what was discarded stays parked here until a person answers, and then no longer."""
    ada, ledger = Person(), a_ledger()
    causes = ada.received(), ada.parked(), ada.outcome(kind, to="focused-support")
    *_, answered = [ledger.take(cause, MONDAY_10AM) for cause in causes]
    assert (answered.hold_reason, ledger.standing[ada.referral_id].parked) == (None, ())
    later = ada.amended()
    *_, last = [ledger.take(cause, MONDAY_10AM) for cause in (ada.parked(later, offset=9), later)]
    assert last.hold_reason is not HoldReason.PARKED


def test_what_anybody_else_answers_leaves_it_parked() -> None:
    ada, ledger = Person(), a_ledger()
    for cause in (ada.received(), ada.parked(), unsigned(by_the_team(ada, "accepted"))):
        ledger.take(cause, MONDAY_10AM)
    assert len(ledger.standing[ada.referral_id].parked) == 1


def test_a_stranger_among_the_records_of_a_referral_lets_no_news_end_its_hold() -> None:
    """What nobody of ours wrote has no place of its own: the next event has the place that it seems to have taken."""
    ada = Person()
    causes: tuple[Seen, ...] = ada.received(), ada.parked(code="unknown-type"), ada.amended()
    assert decided(*causes)[-1].hold_reason is HoldReason.PARKED
