"""What the replay of a parked record makes of its referral: what the record would have, and never less urgent."""

from __future__ import annotations

from msgspec.structs import replace

from shared.codes import DecisionKind, HoldReason, Status, Urgency
from shared.events import KEPT
from tests.builders import MONDAY_10AM, Person
from tests.deciding import a_ledger, decided, told_as

PSYCHOSIS = {"code": "01"}


def test_the_replay_of_an_amendment_is_decided_by_the_rules_and_ends_the_parking() -> None:
    ada = Person()
    received, amended = ada.received(), ada.amended(reason=PSYCHOSIS)
    *_, last = decided(received, ada.parked(amended), amended)
    assert (last.kind, last.destination, last.urgency) == (DecisionKind.ROUTE, "focused-support", Urgency.URGENT)


def test_it_is_decided_on_the_latest_facts_where_news_came_since() -> None:
    ada = Person()
    received, missing, later = ada.received(), ada.amended(), ada.amended(reason=PSYCHOSIS)
    *_, held, last = decided(received, ada.parked(missing), later, missing)
    assert held.hold_reason is HoldReason.PARKED
    assert (last.kind, last.destination, last.urgency) == (DecisionKind.ROUTE, "focused-support", Urgency.URGENT)


def test_its_own_facts_are_the_latest_where_only_an_answer_came_since() -> None:
    ada, ledger = Person(), a_ledger()
    received, missing = ada.received(), ada.amended(reason=PSYCHOSIS)
    for cause in (received, ada.parked(missing), ada.outcome("information-requested")):
        ledger.take(cause, MONDAY_10AM)
    last = ledger.take(missing, MONDAY_10AM)
    assert last.destination == "focused-support"
    latest = ledger.standing[ada.referral_id].latest_facts()
    assert latest is not None
    assert latest.reason.code == "01"


def test_news_that_comes_while_a_record_is_missing_is_held_however_much_of_it_there_is() -> None:
    ada = Person()
    received, parked = ada.received(), ada.parked()
    *_, last = decided(received, parked, ada.amended(sequence=3), ada.amended(sequence=4))
    assert last.hold_reason is HoldReason.PARKED


def test_facts_that_were_disposed_of_do_not_come_back_with_a_replay() -> None:
    ada, ledger = Person(), a_ledger()
    received, missing = ada.received(), ada.amended()
    for cause in (received, ada.parked(missing), ada.amended()):
        ledger.take(cause, MONDAY_10AM)
    disposed = replace(ledger.standing[ada.referral_id], latest=None, person_key=None)
    ledger.standing[ada.referral_id] = disposed
    ledger.take(missing, MONDAY_10AM)
    assert ledger.standing[ada.referral_id].latest is None


def test_the_replay_of_an_acceptance_leaves_the_person_with_the_team() -> None:
    ada = Person()
    accepted = ada.outcome("accepted", sequence=2, team="tt", answers_for=("talking-therapies",))
    *_, last = decided(ada.received(sequence=1), ada.parked(accepted), accepted)
    assert (last.kind, last.status, last.destination) == (DecisionKind.KEEP, Status.ACCEPTED, "talking-therapies")
    assert (last.hold_reason, last.proposed, last.told) == (None, None, ("talking-therapies",))
    assert (last.urgency, told_as(last)) == (Urgency.URGENT, {"talking-therapies": KEPT})


def test_the_replay_of_a_closure_closes() -> None:
    ada = Person()
    closed = ada.outcome("closed", sequence=2, team="tt", answers_for=("talking-therapies",))
    *_, last = decided(ada.received(sequence=1), ada.parked(closed), closed)
    assert (last.status, last.hold_reason, last.told) == (Status.CLOSED, None, ())


def test_an_acceptance_that_comes_while_another_record_is_missing_waits_with_the_rest() -> None:
    ada = Person()
    accepted = ada.outcome("accepted", sequence=3, team="tt", answers_for=("talking-therapies",))
    *_, last = decided(ada.received(sequence=1), ada.parked(), accepted)
    assert (last.status, last.hold_reason) == (Status.HELD, HoldReason.PARKED)


def test_no_replay_lowers_urgency() -> None:
    ada = Person()
    received, lowered = (
        ada.received(sequence=1, referrer={"urgency": "2"}),
        ada.outcome("urgency-lowered", 2, urgency="3"),
    )
    *_, last = decided(received, ada.parked(lowered), lowered)
    assert last.urgency is Urgency.URGENT


def test_the_replay_of_a_cancellation_withdraws_nobody_of_whom_there_is_later_news() -> None:
    ada = Person()
    received, cancelled, later = ada.received(), ada.cancelled(), ada.amended()
    *_, last = decided(received, ada.parked(cancelled), later, cancelled)
    assert (last.kind, last.hold_reason) == (DecisionKind.KEEP, HoldReason.PARKED)
