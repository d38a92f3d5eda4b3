"""A team that accepted someone goes on until it closes or returns, through holds, crises and parked records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.codes import DecisionKind, HoldReason, Status
from shared.events import KEPT, ROUTED, WITHDRAWN
from tests.builders import Person
from tests.deciding import decided, told_as

if TYPE_CHECKING:
    from services.triage.causes import Seen

UNANSWERED, PSYCHOSIS = {"suicidal": "not recorded"}, {"code": "01"}


def accepted(ada: Person) -> tuple[Seen, Seen]:
    """A referral that talking therapies accepted."""
    return ada.received(), ada.outcome("accepted", team="tt", answers_for=("talking-therapies",))


def test_it_goes_on_where_a_person_sends_them_elsewhere_out_of_a_hold() -> None:
    ada = Person()
    held = *accepted(ada), ada.amended(risk=UNANSWERED)
    last = decided(*held, ada.outcome("rerouted", to="focused-support"))[-1]
    assert last.told == ("talking-therapies", "focused-support")
    assert told_as(last) == {"focused-support": ROUTED, "talking-therapies": ROUTED}


def test_it_goes_on_where_the_crisis_team_that_was_told_too_is_left() -> None:
    ada = Person()
    crisis = *accepted(ada), ada.amended(risk={"suicidal": "plan"})
    last = decided(*crisis, ada.outcome("rerouted", to="focused-support"))[-1]
    assert told_as(last) == {"focused-support": ROUTED, "talking-therapies": ROUTED, "crisis-outreach": WITHDRAWN}


def test_a_release_leaves_the_person_with_it_also_after_more_news() -> None:
    ada = Person()
    held = *accepted(ada), ada.amended(risk=UNANSWERED), ada.amended(risk=UNANSWERED, reason=PSYCHOSIS)
    assert decided(*held)[-1].proposed == "talking-therapies"
    assert decided(*held, ada.outcome("released"))[-1].destination == "talking-therapies"


def test_a_replayed_amendment_moves_nobody_whom_it_accepted() -> None:
    ada = Person()
    before, amended = accepted(ada), ada.amended(reason=PSYCHOSIS)
    *_, last = decided(*before, ada.parked(amended), amended)
    assert (last.kind, last.status, last.destination) == (DecisionKind.KEEP, Status.ACCEPTED, "talking-therapies")
    assert (last.hold_reason, told_as(last)) == (None, {"talking-therapies": KEPT})


def test_a_replayed_amendment_that_asks_a_safety_question_is_a_safety_hold() -> None:
    ada = Person()
    before, amended = accepted(ada), ada.amended(risk=UNANSWERED)
    *_, last = decided(*before, ada.parked(amended), amended)
    assert (last.kind, last.hold_reason, last.proposed) == (DecisionKind.HOLD, HoldReason.SAFETY, "talking-therapies")


def test_it_goes_on_no_more_once_it_returned_the_person() -> None:
    ada = Person()
    returned = *accepted(ada), ada.outcome("returned", team="tt", answers_for=("talking-therapies",))
    last = decided(*returned, ada.outcome("rerouted", to="focused-support"))[-1]
    assert (last.told, last.accepted) == (("focused-support",), ())


def test_it_goes_on_when_the_crisis_team_that_came_in_closes() -> None:
    ada = Person()
    crisis = *accepted(ada), ada.amended(risk={"suicidal": "plan"})
    there = ada.outcome("accepted", team="crisis", answers_for=("crisis-outreach",))
    last = decided(*crisis, there, ada.outcome("closed", team="crisis", answers_for=("crisis-outreach",)))[-1]
    assert (last.kind, last.status, last.destination) == (DecisionKind.KEEP, Status.ACCEPTED, "talking-therapies")
    assert told_as(last) == {"talking-therapies": KEPT, "crisis-outreach": WITHDRAWN}


def test_a_release_sends_nobody_back_to_a_team_that_closed_during_the_hold() -> None:
    ada = Person()
    held = *accepted(ada), ada.amended(risk=UNANSWERED)
    closed = ada.outcome("closed", team="tt", answers_for=("talking-therapies",))
    *_, waiting, last = decided(*held, closed, ada.outcome("released"))
    assert (waiting.proposed, waiting.told) == (None, ("hub",))
    assert last.destination == "hub"
