"""Answers that end a hold or send someone on: a safety hold ends by a clinician alone, and nobody lands nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.codes import DecisionKind, HoldReason, Status, Urgency
from tests.builders import Person
from tests.deciding import decided, unsigned

if TYPE_CHECKING:
    from services.triage.causes import Seen

UNANSWERED = {"suicidal": "not recorded"}
BIPOLAR, DOMESTIC_ABUSE = {"code": "03"}, {"domestic_abuse": "yes"}


def stepped_up(ada: Person, to: str, **fields: Any) -> Seen:
    return ada.outcome("stepped-up", team="sg", answers_for=("safeguarding",), to=to, **fields)


def test_a_step_up_by_someone_without_registration_ends_no_safety_hold_and_raises_its_urgency() -> None:
    ada = Person()
    held, answer = ada.received(risk=UNANSWERED | DOMESTIC_ABUSE), stepped_up(ada, "talking-therapies", urgency="4")
    last = decided(held, unsigned(answer))[-1]
    assert (last.kind, last.hold_reason, last.urgency) == (DecisionKind.KEEP, HoldReason.SAFETY, Urgency.VERY_URGENT)
    assert last.destination == "hub"
    assert decided(held, answer)[-1].destination == "talking-therapies"


def test_a_step_up_to_people_in_a_crisis_waits_for_no_registration() -> None:
    ada = Person()
    held, answer = ada.received(risk=UNANSWERED | DOMESTIC_ABUSE), stepped_up(ada, "crisis-outreach")
    last = decided(held, unsigned(answer))[-1]
    assert (last.kind, last.destination) == (DecisionKind.ROUTE, "crisis-outreach")


def test_a_step_up_to_a_closed_service_leaves_a_safety_hold_a_safety_hold() -> None:
    ada = Person()
    last = decided(ada.received(risk=UNANSWERED | DOMESTIC_ABUSE), stepped_up(ada, "closed-service"))[-1]
    assert (last.kind, last.hold_reason, last.proposed) == (DecisionKind.HOLD, HoldReason.SAFETY, "closed-service")


def test_a_rerouting_to_nowhere_after_a_withdrawal_stays_a_hold_after_a_withdrawal() -> None:
    ada = Person()
    withdrawn = ada.received(), ada.cancelled(), ada.amended()
    last = decided(*withdrawn, ada.outcome("rerouted", to="closed-service"))[-1]
    assert last.hold_reason is HoldReason.AFTER_WITHDRAWAL


@pytest.mark.parametrize("kind", ["rerouted", "stepped-up"])
def test_whoever_is_sent_to_the_hub_is_held_there(kind: str) -> None:
    ada = Person()
    *_, sent, news = decided(
        ada.received(), ada.outcome(kind, answers_for=("talking-therapies",), to="hub"), ada.amended()
    )
    assert (sent.kind, sent.status, sent.destination) == (DecisionKind.HOLD, Status.HELD, "hub")
    assert (sent.hold_reason, sent.urgency) == (HoldReason.RETURNED, Urgency.URGENT)
    assert news.hold_reason is HoldReason.RETURNED


def test_a_safety_hold_of_someone_for_whom_no_rule_fits_proposes_no_destination() -> None:
    (held,) = decided(Person().received(reason={"code": "not recorded"}, risk=UNANSWERED))
    assert (held.hold_reason, held.proposed) == (HoldReason.SAFETY, None)


@pytest.mark.parametrize("kind", ["released", "rerouted", "advised"])
def test_an_answer_to_an_earlier_decision_ends_no_hold_that_came_since(kind: str) -> None:
    ada = Person()
    held, again = ada.received(risk=UNANSWERED), ada.amended(risk={"suicidal": "ideation", "self_harm": "not recorded"})
    seen, newer = decided(held, again)
    late = ada.outcome(kind, to="talking-therapies", decision_id=seen.decision_id)
    last = decided(held, again, late)[-1]
    assert (last.kind, last.hold_reason, last.destination) == (DecisionKind.KEEP, HoldReason.SAFETY, "hub")
    current = ada.outcome(kind, sequence=late.sequence, to="talking-therapies", decision_id=newer.decision_id)
    assert decided(held, again, current)[-1].hold_reason is None
