"""What triage makes of parked records, their replays, and people it knows from before, as sentences."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from services.triage.causes import read
from services.triage.history import History
from shared.codes import CareSetting, DecisionKind, HoldReason, Urgency
from shared.errors import Poison
from tests.builders import MONDAY_10AM, Person, a_record_of, an_id
from tests.deciding import a_ledger, decided


def test_a_parked_record_leaves_its_person_at_the_hub() -> None:
    (decision,) = decided(Person().parked())
    assert (decision.kind, decision.hold_reason, decision.urgency) == (
        DecisionKind.HOLD,
        HoldReason.PARKED,
        Urgency.URGENT,
    )
    assert decision.referral_id == Person().referral_id


def test_later_events_of_a_parked_referral_are_held_too() -> None:
    ada = Person(sequence=1)
    *_, last = decided(ada.parked(), ada.amended())
    assert (last.kind, last.hold_reason, last.proposed) == (DecisionKind.HOLD, HoldReason.PARKED, "talking-therapies")


def test_the_replay_of_a_parked_record_decides_by_the_rules_on_the_latest_facts_and_never_lowers() -> None:
    ada = Person(sequence=1)
    amended, received = ada.amended(reason={"code": "01"}, referrer={"urgency": "2"}), ada.received(sequence=1)
    *_, last = decided(ada.parked(received), amended, received)
    assert (last.kind, last.destination, last.urgency) == (DecisionKind.ROUTE, "focused-support", Urgency.URGENT)


def test_a_replay_supersedes_parking_holds_only() -> None:
    ada = Person(sequence=1)
    received = ada.received()
    held = decided(ada.parked(received), ada.conflicting(), received)[-1]
    assert held.hold_reason is HoldReason.CONFLICT


def test_history_known_only_by_a_weak_link_is_for_a_person() -> None:
    history = {"p" * 64: History(current_team="focused-support")}
    (firm,) = decided(Person().received(), persons=history)
    assert (firm.kind, firm.destination) == (DecisionKind.ROUTE, "focused-support")
    (weak,) = decided(Person().received(person_link="demographics"), persons=history)
    assert (weak.kind, weak.hold_reason, weak.proposed) == (DecisionKind.HOLD, HoldReason.GATE, "focused-support")


def test_whoever_was_accepted_by_a_secondary_team_comes_back_to_it() -> None:
    ada, again = Person(), Person("ada again")
    causes = (
        ada.received(reason={"code": "01"}),
        ada.outcome("accepted", answers_for=("focused-support",)),
        again.received(),
    )
    assert decided(*causes)[-1].destination == "focused-support"


def test_a_team_goes_on_having_the_person_while_the_hub_holds_the_referral() -> None:
    ada, ledger = Person(), a_ledger()
    open_there = ada.received(reason={"code": "01"}), ada.outcome("accepted", answers_for=("focused-support",))
    for cause in (*open_there, ada.conflicting()):
        ledger.take(cause, MONDAY_10AM)
    assert ledger.standing[ada.referral_id].open_team == "focused-support"
    assert ledger.take(Person("ada again").received(), MONDAY_10AM).destination == "focused-support"


def test_a_team_that_was_withdrawn_from_has_the_person_no_more() -> None:
    ada, again = Person(), Person("ada again")
    open_there = ada.received(reason={"code": "01"}), ada.outcome("accepted", answers_for=("focused-support",))
    assert decided(*open_there, ada.cancelled(), again.received())[-1].destination == "talking-therapies"


def test_the_same_cause_and_destination_always_give_the_same_ids() -> None:
    first, second = decided(Person().received()), decided(Person().received())
    assert first[0].outputs[0].event_id == second[0].outputs[0].event_id
    assert first[0].care_setting is CareSetting.PRIMARY_CARE


def test_parking_leaves_a_hold_that_only_a_person_ends_as_it_is() -> None:
    ada = Person()
    causes = ada.received(sequence=1, risk={"suicidal": "not recorded"}), ada.parked(), ada.amended(sequence=2)
    replayed = replace(ada.received(sequence=2), cause_id=an_id("edited"))
    assert [d.hold_reason for d in decided(*causes, replayed)] == [HoldReason.SAFETY] * 4


def test_parking_after_a_withdrawal_is_released_by_no_replay() -> None:
    ada = Person()
    *_, last = decided(ada.received(), ada.cancelled(), ada.parked(), ada.received(sequence=3))
    assert last.hold_reason is HoldReason.AFTER_WITHDRAWAL


@pytest.mark.parametrize(
    ("field", "value"),
    [("sequence", 2**31), ("received_at", "2026-11-23T10:00:00"), ("received_at", "9999-12-31T23:59:59Z")],
)
def test_what_parses_and_cannot_be_worked_with_is_poison(field: str, value: object) -> None:
    record = a_record_of(Person().received())
    record.value = json.dumps(json.loads(record.value or b"") | {field: value}).encode()
    with pytest.raises(Poison, match=field):
        read(record)
