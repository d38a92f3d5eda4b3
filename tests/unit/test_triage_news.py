"""What news makes of people who are cared for, held, closed or withdrawn, as sentences: nobody is left without an owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.codes import DecisionKind, HoldReason, Status, Urgency
from shared.events import HELD, KEPT, ROUTED
from tests.builders import Person
from tests.deciding import decided, small_rules_but, told_as

if TYPE_CHECKING:
    from services.triage.causes import Seen

UNANSWERED = {"suicidal": "not recorded"}
SAFEGUARDING_CLOSED = ("team type: MASH, gate: by-receiver, response: {within: 1 day}, accepting: yes",
                       "team type: MASH, gate: by-receiver, response: {within: 1 day}, accepting: no")  # fmt: skip


def accepted(ada: Person, by: str, **groups: Any) -> tuple[Seen, Seen]:
    """A referral that the team it was routed to accepted."""
    return ada.received(**groups), ada.outcome("accepted", team="t", answers_for=(by,))


def test_news_of_a_crisis_referral_that_was_closed_is_decided_by_the_rules() -> None:
    ada = Person()
    crisis = accepted(ada, "crisis-outreach", risk={"suicidal": "plan"})
    closed = ada.outcome("closed", team="t", answers_for=("crisis-outreach",))
    last = decided(*crisis, closed, ada.amended(risk=UNANSWERED))[-1]
    assert (last.kind, last.status, last.hold_reason) == (DecisionKind.HOLD, Status.HELD, HoldReason.SAFETY)
    assert told_as(last) == {"hub": HELD}


def test_a_hint_about_someone_whom_a_team_without_clinicians_accepted_waits_for_one_at_the_hub() -> None:
    ada = Person()
    last = decided(*accepted(ada, "talking-therapies"), ada.amended(risk=UNANSWERED))[-1]
    assert (last.kind, last.hold_reason, last.urgency) == (DecisionKind.HOLD, HoldReason.SAFETY, Urgency.URGENT)
    assert (last.told, last.proposed) == (("talking-therapies", "hub"), "talking-therapies")
    assert last.rows == ("U10", "D08", "U10.1")


def test_a_hint_about_someone_whom_a_secondary_team_accepted_stays_with_its_clinicians_who_see_why() -> None:
    ada = Person()
    last = decided(*accepted(ada, "focused-support", reason={"code": "01"}), ada.amended(risk=UNANSWERED))[-1]
    assert (last.kind, last.status, last.destination) == (DecisionKind.KEEP, Status.ACCEPTED, "focused-support")
    assert last.urgency is Urgency.URGENT
    assert "U10.1" in last.rows
    assert any("safety question" in note for note in last.notes)
    assert told_as(last) == {"focused-support": KEPT}


def test_a_clinicians_release_leaves_the_person_with_the_team_that_had_accepted_them() -> None:
    ada = Person()
    before = accepted(ada, "talking-therapies")
    last = decided(*before, ada.amended(risk=UNANSWERED, reason={"code": "01"}), ada.outcome("released"))[-1]
    assert (last.kind, last.destination, last.told) == (DecisionKind.ROUTE, "talking-therapies", ("talking-therapies",))


def test_urgency_that_news_raised_is_explained_by_its_rows_where_the_person_stays() -> None:
    ada = Person()
    before = accepted(ada, "talking-therapies")
    last = decided(*before, ada.amended(referrer={"urgency": "2"}, reason={"code": "01"}))[-1]
    assert (last.kind, last.urgency, last.rows) == (DecisionKind.KEEP, Urgency.URGENT, ("D05",))
    assert last.facts["referrer_urgency"] == "2"
    assert last.rules is not None
    assert "the rules now propose focused-support: news moves nobody who is cared for" in last.notes


def test_urgency_that_late_news_raised_is_explained_too() -> None:
    ada = Person()
    received, late = ada.received(sequence=1), ada.amended(sequence=2, referrer={"urgency": "2"})
    last = decided(received, ada.amended(sequence=3), late)[-1]
    assert (last.kind, last.late, last.urgency, last.rows) == (DecisionKind.KEEP, True, Urgency.URGENT, ("D08",))
    assert last.facts["referrer_urgency"] == "2"


def test_a_service_to_be_added_that_does_not_accept_is_arranged_by_the_hub() -> None:
    rules = small_rules_but(SAFEGUARDING_CLOSED)
    (last,) = decided(Person().received(risk={"domestic_abuse": "yes"}), rules=rules)
    assert (last.kind, last.told) == (DecisionKind.ROUTE, ("talking-therapies", "hub"))
    assert told_as(last) == {"talking-therapies": ROUTED, "hub": ROUTED}
    assert last.notes == ("safeguarding is closed: someone must arrange it",)


def test_the_hub_hears_of_it_too_where_a_team_accepted_before() -> None:
    ada, rules = Person(), small_rules_but(SAFEGUARDING_CLOSED)
    last = decided(*accepted(ada, "talking-therapies"), ada.amended(risk={"domestic_abuse": "yes"}), rules=rules)[-1]
    assert (last.status, last.destination) == (Status.ACCEPTED, "talking-therapies")
    assert told_as(last)["hub"] == ROUTED
    assert "safeguarding is closed: someone must arrange it" in last.notes


def test_safeguarding_is_told_of_news_about_someone_who_is_held() -> None:
    ada = Person()
    last = decided(ada.received(risk=UNANSWERED), ada.amended(risk=UNANSWERED | {"domestic_abuse": "yes"}))[-1]
    assert (last.hold_reason, last.told) == (HoldReason.SAFETY, ("hub", "safeguarding"))
    assert told_as(last) == {"hub": HELD, "safeguarding": ROUTED}


@pytest.mark.parametrize("answer", [("advised", ()), ("closed", ("talking-therapies",))])
def test_what_was_withdrawn_and_then_closed_stays_withdrawn(answer: tuple[str, tuple[str, ...]]) -> None:
    ada, (kind, answers_for) = Person(), answer
    withdrawn = ada.received(), ada.cancelled(), ada.outcome(kind, answers_for=answers_for)
    *_, closed, last = decided(*withdrawn, ada.amended())
    assert closed.status is Status.CANCELLED
    assert (last.kind, last.hold_reason) == (DecisionKind.HOLD, HoldReason.AFTER_WITHDRAWAL)


def test_advice_about_news_after_a_withdrawal_leaves_the_next_news_to_a_person_too() -> None:
    ada = Person()
    last = decided(ada.received(), ada.cancelled(), ada.amended(), ada.outcome("advised"), ada.amended())[-1]
    assert last.hold_reason is HoldReason.AFTER_WITHDRAWAL
