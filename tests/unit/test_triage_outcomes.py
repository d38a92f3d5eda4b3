"""What triage makes of the answers of teams and of the hub, as sentences."""

from __future__ import annotations

from typing import Any

import pytest

from services.triage.history import History
from shared.codes import DecisionKind, HoldReason, Status, Urgency
from shared.events import KEPT, ROUTED
from tests.builders import Person
from tests.deciding import decided, told_as, unsigned


def test_an_accepted_referral_stays_with_its_team_when_news_comes() -> None:
    ada = Person()
    accepted, kept = decided(
        ada.received(),
        ada.outcome("accepted", team="tt", answers_for=("talking-therapies",)),
        ada.amended(reason={"code": "01"}),
    )[1:]
    assert (accepted.kind, accepted.status) == (DecisionKind.KEEP, Status.ACCEPTED)
    assert (kept.kind, kept.destination, kept.status) == (DecisionKind.KEEP, "talking-therapies", Status.ACCEPTED)


def test_a_crisis_of_an_accepted_person_is_routed_and_the_team_goes_on() -> None:
    ada = Person()
    accepted = ada.received(), ada.outcome("accepted", team="tt", answers_for=("talking-therapies",))
    last = decided(*accepted, ada.amended(risk={"suicidal": "plan"}))[-1]
    assert last.destination == "crisis-outreach"
    assert set(last.told) == {"crisis-outreach", "talking-therapies"}
    assert told_as(last)["talking-therapies"] == ROUTED


def test_a_returned_referral_is_the_hubs_and_the_team_no_longer_has_it() -> None:
    ada = Person()
    returned = decided(
        ada.received(), ada.outcome("returned", team="tt", answers_for=("talking-therapies",), onward="hub")
    )[-1]
    assert (returned.kind, returned.status, returned.hold_reason) == (
        DecisionKind.HOLD,
        Status.RETURNED,
        HoldReason.RETURNED,
    )
    assert returned.told == ("hub",)


def test_news_of_a_returned_referral_stays_with_the_hub() -> None:
    ada = Person()
    answer = ada.received(), ada.outcome("returned", team="tt", answers_for=("talking-therapies",))
    assert decided(*answer, ada.amended())[-1].hold_reason is HoldReason.RETURNED


def test_a_second_return_in_ninety_days_is_urgent() -> None:
    ada = Person()
    causes = ada.received(), ada.outcome("returned", team="tt", answers_for=("talking-therapies",))
    last = decided(*causes, persons={"p" * 64: History(returns_90_days=1)})[-1]
    assert last.urgency is Urgency.URGENT


def test_only_a_registered_clinician_lowers_urgency() -> None:
    ada = Person()
    causes = (ada.received(risk={"suicidal": "not recorded"}), ada.outcome("urgency-lowered", urgency="3"))
    assert decided(*causes)[-1].urgency is Urgency.ROUTINE
    assert decided(causes[0], unsigned(causes[1]))[-1].urgency is Urgency.URGENT


def test_a_rerouting_to_nowhere_is_a_hold() -> None:
    ada = Person()
    last = decided(ada.received(), ada.outcome("rerouted", to="no-such-place"))[-1]
    assert (last.kind, last.hold_reason) == (DecisionKind.HOLD, HoldReason.CLOSED_DESTINATION)


def test_a_step_up_is_a_route_and_urgent_at_least() -> None:
    ada = Person()
    last = decided(
        ada.received(), ada.outcome("stepped-up", team="tt", answers_for=("talking-therapies",), to="crisis-outreach")
    )[-1]
    assert (last.kind, last.destination, last.urgency) == (DecisionKind.ROUTE, "crisis-outreach", Urgency.URGENT)


@pytest.mark.parametrize("kind", ["advised", "closed"])
def test_advice_and_closure_close(kind: str) -> None:
    ada = Person()
    last = decided(ada.received(), ada.outcome(kind, answers_for=("talking-therapies",)))[-1]
    assert (last.kind, last.status, last.told) == (DecisionKind.KEEP, Status.CLOSED, ())
    assert told_as(last) == {"talking-therapies": KEPT}


def test_a_second_return_is_seen_also_of_someone_whom_nothing_links() -> None:
    ada = Person()
    answer: dict[str, Any] = {"team": "tt", "answers_for": ("talking-therapies",)}
    causes = ada.received(person_key=None, person_link="none"), ada.outcome("returned", **answer)
    again = ada.outcome("rerouted", to="talking-therapies"), ada.outcome("returned", **answer)
    assert decided(*causes, *again)[-1].urgency is Urgency.URGENT


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("released", {}),
        ("rerouted", {"to": "talking-therapies"}),
        ("advised", {}),
        ("closed", {"answers_for": ("hub",)}),
    ],
)
def test_a_safety_hold_is_ended_by_a_registered_clinician_alone(kind: str, fields: dict[str, Any]) -> None:
    ada = Person()
    held, answer = ada.received(risk={"suicidal": "not recorded"}), ada.outcome(kind, **fields)
    kept = decided(held, unsigned(answer))[-1]
    assert (kept.kind, kept.status, kept.hold_reason) == (DecisionKind.KEEP, Status.HELD, HoldReason.SAFETY)
    assert decided(held, answer)[-1].hold_reason is None


def test_a_return_by_an_added_service_does_not_weaken_a_safety_hold() -> None:
    ada = Person()
    held = ada.received(risk={"suicidal": "not recorded", "domestic_abuse": "yes"})
    last = decided(held, ada.outcome("returned", team="sg", answers_for=("safeguarding",)))[-1]
    assert (last.status, last.hold_reason, last.proposed) == (Status.RETURNED, HoldReason.SAFETY, "talking-therapies")


@pytest.mark.parametrize("kind", ["rerouted", "stepped-up"])
def test_news_does_not_undo_where_a_person_sent_someone(kind: str) -> None:
    ada = Person()
    sent = ada.received(), ada.outcome(kind, answers_for=("talking-therapies",), to="focused-support")
    asked = ada.outcome("information-requested")
    last = decided(*sent, asked, ada.amended(referrer={"urgency": "2"}))[-1]
    assert (last.kind, last.destination, last.urgency) == (DecisionKind.KEEP, "focused-support", Urgency.URGENT)


def test_a_safety_question_holds_also_whom_a_person_sent_on() -> None:
    ada = Person()
    sent = ada.received(), ada.outcome("rerouted", to="focused-support")
    assert decided(*sent, ada.amended(risk={"suicidal": "not recorded"}))[-1].hold_reason is HoldReason.SAFETY


def test_a_crisis_team_that_accepted_goes_on_when_the_crisis_is_told_again() -> None:
    ada, plan = Person(), {"suicidal": "plan"}
    accepted = ada.received(risk=plan), ada.outcome("accepted", team="ct", answers_for=("crisis-outreach",))
    last = decided(*accepted, ada.amended(risk=plan))[-1]
    assert (last.kind, last.status, last.destination) == (DecisionKind.KEEP, Status.ACCEPTED, "crisis-outreach")


def test_safeguarding_is_told_also_when_the_referral_was_accepted_before() -> None:
    ada = Person()
    accepted = ada.received(), ada.outcome("accepted", team="tt", answers_for=("talking-therapies",))
    last = decided(*accepted, ada.amended(risk={"domestic_abuse": "yes"}))[-1]
    assert (last.status, last.destination) == (Status.ACCEPTED, "talking-therapies")
    assert told_as(last)["safeguarding"] == ROUTED
