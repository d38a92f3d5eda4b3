"""What triage makes of causes, one after another: the rules of promise 3 as sentences."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from shared.codes import DecisionKind, HoldReason, Status, Urgency
from shared.events import HELD, KEPT, ROUTED, WITHDRAWN
from tests.builders import MONDAY_10AM, Person
from tests.deciding import decided, small_rules, told_as


def test_a_referral_goes_where_the_rules_send_it() -> None:
    (decision,) = decided(Person().received())
    assert (decision.kind, decision.status, decision.destination) == (
        DecisionKind.ROUTE,
        Status.ROUTED,
        "talking-therapies",
    )
    assert told_as(decision) == {"talking-therapies": ROUTED}
    assert decision.outputs[0].topic == "referrals.routed.primary-care"
    assert decision.rows == ("D08",)
    assert decision.rules is not None
    assert decision.rules.hash == small_rules().hash
    assert decision.facts["phq9"] == 12


def test_what_was_not_recorded_is_left_out_of_the_facts() -> None:
    (decision,) = decided(Person().received(presentation={"gad7": None}))
    assert "gad7" not in decision.facts


def test_the_referrers_urgency_is_a_floor() -> None:
    (decision,) = decided(Person().received(referrer={"urgency": "2"}))
    assert decision.urgency is Urgency.URGENT


def test_an_unanswered_risk_question_holds_the_proposed_route_for_a_person_the_same_day() -> None:
    (decision,) = decided(Person().received(risk={"suicidal": "not recorded"}))
    assert (decision.kind, decision.hold_reason) == (DecisionKind.HOLD, HoldReason.SAFETY)
    assert (decision.destination, decision.proposed) == ("hub", "talking-therapies")
    assert decision.urgency is Urgency.URGENT
    assert told_as(decision) == {"hub": HELD}


def test_a_hold_never_stops_a_crisis_route() -> None:
    (decision,) = decided(Person().received(risk={"suicidal": "plan", "self_harm": "not recorded"}))
    assert (decision.kind, decision.destination, decision.urgency) == (DecisionKind.ROUTE, "crisis-outreach", "4")
    assert decision.due_at == MONDAY_10AM + dt.timedelta(hours=4)


def test_safeguarding_is_told_at_once_even_while_the_route_waits_for_a_person() -> None:
    (decision,) = decided(Person().received(risk={"suicidal": "not recorded", "domestic_abuse": "yes"}))
    assert told_as(decision) == {"hub": HELD, "safeguarding": ROUTED}


def test_a_destination_with_a_gate_before_waits_for_a_person() -> None:
    ada = Person()
    held, released = decided(
        ada.received(reason={"code": "not recorded"}, presentation={"main_problem": "social"}),
        ada.outcome("released"),
    )
    assert (held.hold_reason, held.proposed) == (HoldReason.GATE, "peer-support-programme")
    assert (released.kind, released.destination) == (DecisionKind.ROUTE, "peer-support-programme")


def test_a_closed_destination_comes_to_the_hub_loudly() -> None:
    (decision,) = decided(Person().received(reason={"code": "03"}))
    assert (decision.hold_reason, decision.proposed) == (HoldReason.CLOSED_DESTINATION, "closed-service")


def test_what_no_rule_fits_waits_for_a_person_within_one_working_day() -> None:
    (decision,) = decided(Person().received(reason={"code": "not recorded"}, presentation={"main_problem": "other"}))
    assert (decision.kind, decision.hold_reason, decision.proposed) == (DecisionKind.HOLD, HoldReason.UNMATCHED, None)
    assert decision.due_at == dt.datetime(2026, 11, 24, 17, tzinfo=dt.UTC)


def test_an_amendment_that_raises_urgency_supersedes_and_the_first_team_is_told() -> None:
    ada = Person()
    first, second = decided(ada.received(), ada.amended(risk={"suicidal": "plan"}))
    assert (second.kind, second.destination, second.urgency) == (DecisionKind.ROUTE, "crisis-outreach", "4")
    assert told_as(second) == {"crisis-outreach": ROUTED, "talking-therapies": WITHDRAWN}
    assert (first.sequence, second.sequence) == (1, 2)


def test_news_takes_nobody_out_of_a_crisis_route_and_lowers_no_urgency() -> None:
    ada = Person()
    *_, last = decided(ada.received(risk={"suicidal": "plan"}), ada.amended(risk={"suicidal": "none"}))
    assert (last.kind, last.destination, last.urgency) == (DecisionKind.KEEP, "crisis-outreach", Urgency.VERY_URGENT)
    assert told_as(last) == {"crisis-outreach": KEPT}


def test_news_gives_nobody_more_time() -> None:
    ada = Person()
    held = ada.received(risk={"suicidal": "not recorded"})
    ada.at += dt.timedelta(days=5)
    first, again = decided(held, ada.amended(risk={"suicidal": "not recorded"}, presentation={"phq9": 14}))
    assert first.destination == again.destination == "hub"
    assert again.due_at == first.due_at


def test_an_amendment_that_moves_nobody_is_kept_and_published_where_the_person_stands() -> None:
    ada = Person()
    *_, last = decided(ada.received(), ada.amended(presentation={"phq9": 14}))
    assert last.kind is DecisionKind.KEEP
    assert told_as(last) == {"talking-therapies": KEPT}


def test_an_amendment_does_not_release_a_safety_hold() -> None:
    ada = Person()
    *_, last = decided(ada.received(risk={"suicidal": "not recorded"}), ada.amended())
    assert (last.hold_reason, last.destination, last.proposed) == (HoldReason.SAFETY, "hub", "talking-therapies")
    assert last.urgency is Urgency.URGENT


def test_a_crisis_amendment_goes_at_once_from_any_hold() -> None:
    ada = Person()
    *_, last = decided(ada.received(), ada.conflicting(), ada.amended(risk={"suicidal": "intent"}))
    assert (last.kind, last.destination) == (DecisionKind.ROUTE, "crisis-outreach")


def test_a_late_amendment_never_lowers_and_never_moves() -> None:
    ada = Person()
    _, _, late = decided(
        ada.received(sequence=1), ada.amended(sequence=3), ada.amended(sequence=2, presentation={"phq9": 1})
    )
    assert (late.kind, late.late, late.destination) == (DecisionKind.KEEP, True, "talking-therapies")


def test_a_late_amendment_may_raise_urgency() -> None:
    ada = Person()
    late = decided(
        ada.received(sequence=1), ada.amended(sequence=3), ada.amended(sequence=2, referrer={"urgency": "2"})
    )[-1]
    assert (late.kind, late.urgency, late.destination) == (DecisionKind.KEEP, Urgency.URGENT, "talking-therapies")


def test_a_late_crisis_is_routed() -> None:
    ada = Person()
    late = decided(
        ada.received(sequence=1), ada.amended(sequence=3), ada.amended(sequence=2, risk={"suicidal": "plan"})
    )[-1]
    assert (late.kind, late.destination, late.late) == (DecisionKind.ROUTE, "crisis-outreach", True)


def test_a_late_cancellation_withdraws_nobody() -> None:
    ada = Person()
    late = decided(ada.received(sequence=1), ada.amended(sequence=3), ada.cancelled(sequence=2))[-1]
    assert (late.kind, late.status) == (DecisionKind.KEEP, Status.ROUTED)


def test_a_conflict_is_held_and_keeps_the_higher_urgency() -> None:
    ada = Person()
    *_, held = decided(ada.received(), ada.conflicting(referrer={"urgency": "4"}))
    assert (held.kind, held.hold_reason, held.urgency) == (DecisionKind.HOLD, HoldReason.CONFLICT, "4")
    assert held.told == ("talking-therapies", "hub")


def test_a_conflict_that_speaks_of_a_plan_goes_to_crisis() -> None:
    ada = Person()
    *_, last = decided(ada.received(), ada.conflicting(risk={"suicidal": "plan"}))
    assert last.destination == "crisis-outreach"


def test_a_cancellation_reaches_every_destination_told_before() -> None:
    ada = Person()
    *_, last = decided(ada.received(risk={"domestic_abuse": "yes"}), ada.cancelled())
    assert (last.kind, last.status) == (DecisionKind.WITHDRAW, Status.CANCELLED)
    assert told_as(last) == {"talking-therapies": WITHDRAWN, "safeguarding": WITHDRAWN}


def test_after_a_withdrawal_everything_new_is_for_a_person() -> None:
    ada = Person()
    *_, last = decided(ada.received(), ada.cancelled(), ada.amended(risk={"suicidal": "plan"}))
    assert (last.kind, last.hold_reason, last.urgency) == (DecisionKind.HOLD, HoldReason.AFTER_WITHDRAWAL, "4")


def test_after_a_withdrawal_the_second_news_is_for_a_person_too() -> None:
    ada, plan = Person(), {"suicidal": "plan"}
    *_, last = decided(ada.received(), ada.cancelled(), ada.amended(risk=plan), ada.amended(risk=plan))
    assert (last.kind, last.hold_reason) == (DecisionKind.HOLD, HoldReason.AFTER_WITHDRAWAL)


def test_a_conflict_leaves_a_safety_hold_a_safety_hold() -> None:
    ada = Person()
    *_, last = decided(ada.received(risk={"suicidal": "not recorded"}), ada.conflicting())
    assert last.hold_reason is HoldReason.SAFETY


def test_a_conflict_that_asks_a_safety_question_is_a_safety_hold() -> None:
    ada = Person()
    *_, last = decided(ada.received(), ada.conflicting(risk={"suicidal": "not recorded"}))
    assert last.hold_reason is HoldReason.SAFETY


def test_a_conflict_without_content_is_held_with_what_the_latest_facts_propose() -> None:
    ada = Person()
    received, conflict = ada.received(), ada.conflicting()
    bare = replace(conflict, event=replace(conflict.event, referral=None))
    *_, last = decided(received, bare)
    assert (last.hold_reason, last.proposed) == (HoldReason.CONFLICT, "talking-therapies")
