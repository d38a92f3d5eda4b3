"""Why a referral went where it went, in words that a clinician can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.frontdoor.explain import as_json, explanation, lines
from services.frontdoor.recorded import decisions
from services.frontdoor.ruletext import NOTHING, read_rules
from shared.codes import DecisionKind, HoldReason, Status
from tests.builders import an_id
from tests.stories import a_decision, a_decision_event

if TYPE_CHECKING:
    from shared.events import Decision

RULES = """
inputs:
  problem: {one of: [mood, other]}
  phq9: {whole number: 0 to 27, may be: not recorded}
destinations:
  talking-therapies-step-2: {name: Talking Therapies step 2}
  hub: {name: The hub}
urgency:
  table: |
    row | phq9 | priority | source | hazard
    U12 |      | 3        | MHSDS  | HZ01
sections:
  - name: mood
    table: |
      row | problem | phq9    | destination              | source     | hazard
      D09 | mood    | 5 to 14 | talking-therapies-step-2 | NICE NG222 | HZ03
  - name: otherwise
    table: |
      row | destination | source | hazard
      D45 | hub         | local  | HZ01
overlays:
  table: |
    row  | problem | add           | hold | note            | source | hazard
    O1   | mood    | gp-follow-up  | yes  | tell the GP too | local  | HZ05
"""


def test_the_explanation_shows_each_row_what_it_asks_and_what_was_seen() -> None:
    said = list(lines(explanation([a_decision()], read_rules(RULES))))
    assert (
        said[1]
        == "Routed to Talking Therapies step 2 (talking-therapies-step-2), routine (priority 3), in primary-care."
    )
    assert f"By rule set lambeth 2026.11.1 (SHA-256 {'ab' * 32}):" in said
    assert said[said.index("Where:") :] == [
        "Where:",
        "  row D09 (mood): talking-therapies-step-2, since problem is mood (asked: mood) and phq9 is 12 (asked: 5 to 14)",
        "How urgent:",
        "  row U12 (urgency): priority 3 (routine), which takes whatever no row before it took",
        "Matched as well, and stands behind:",
        "  row D45 (otherwise): hub",
        "Why these rows are there:",
        "  U12: MHSDS [HZ01]",
        "  D09: NICE NG222 [HZ03]",
    ]
    assert "Rows (audit does not have the text of this rule set): U12, D09" in list(
        lines(explanation([a_decision()], NOTHING))
    )
    assert "  age: 40" in list(lines(explanation([a_decision()], NOTHING), all_facts=True))


def test_a_crisis_route_that_hold_rows_matched_says_why_it_did_not_wait() -> None:
    said = list(lines(explanation([a_decision(rows=("U12", "D09", "O1"))], read_rules(RULES))))
    assert "  row O1 (overlays): add gp-follow-up, hold for a person, since problem is mood (asked: mood)" in said
    assert "  It was not held all the same: an emergency or crisis route goes at once (clinical ground rule 3)." in said


def test_a_decision_without_rows_is_explained_by_the_one_that_the_rules_made() -> None:
    kept = a_decision(
        decision_id=an_id("kept"),
        sequence=2,
        kind=DecisionKind.KEEP,
        status=Status.ACCEPTED,
        rules=None,
        rows=(),
        beaten=(),
    )
    found = decisions([a_decision_event(kept), a_decision_event(a_decision()), a_decision_event(kept)])
    explained = explanation(found, read_rules(RULES))
    assert (explained.standing.decision_id, explained.ruled and explained.ruled.decision_id) == (
        kept.decision_id, an_id("decision")
    )  # fmt: skip
    said = "\n".join(lines(explained))
    assert "Stays at Talking Therapies step 2 (talking-therapies-step-2), accepted" in said
    assert "The rules last decided about it on 23 November 2026" in said


def test_the_json_has_the_pinned_names() -> None:
    told = as_json(explanation([a_decision()], read_rules(RULES)))
    assert (told["rows"], told["beaten"]) == (["U12", "D09"], ["D45"])
    assert told["ruleset"] == {"locality": "lambeth", "version": "2026.11.1", "hash": "ab" * 32}
    assert told["facts"] == {"problem": "mood", "phq9": 12, "age": 40}
    assert told["mattered"] == {"problem": "mood", "phq9": 12}
    assert told["decision"]["destination"] == "talking-therapies-step-2"
    assert told["written"]["D09"]["asks"] == {"problem": "mood", "phq9": "5 to 14"}


def test_overlays_and_the_urgency_table_are_read_as_rows_too() -> None:
    rows = read_rules(RULES).rows
    assert set(rows) == {"U12", "D09", "D45", "O1"}
    assert (rows["U12"].outcome, rows["O1"].outcome) == ("priority 3 (routine)", "add gp-follow-up, hold for a person")


@pytest.mark.parametrize(
    "text", ["", "[", "- 1", "sections: 3", "urgency: {table: 7}", "sections: [{name: a, table: x}]"]
)
def test_what_is_no_rule_file_explains_nothing(text: str) -> None:
    assert read_rules(text).rows == {}


def test_only_what_the_decisions_own_rules_proposed_is_said_to_be_proposed_by_them() -> None:
    held = {"kind": DecisionKind.HOLD, "status": Status.HELD, "destination": "hub", "proposed": "timebank"}
    by_rules = a_decision(**held, hold_reason=HoldReason.GATE, told=("hub",))
    parked = a_decision(**held, hold_reason=HoldReason.PARKED, rules=None, rows=(), told=("hub",))
    accepted = a_decision(**held, hold_reason=HoldReason.SAFETY, told=("timebank", "hub"))
    rerouted = a_decision(proposed="timebank")
    assert "The rules propose timebank." in said_of(by_rules)
    for decision in (parked, accepted, rerouted):
        assert "Proposed before: timebank." in said_of(decision)


def said_of(decision: Decision) -> list[str]:
    return list(lines(explanation([decision], NOTHING)))
