"""What is explained when other content came under a message id: both contents, and where the urgency comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.frontdoor.explain import as_json, explanation, lines
from services.frontdoor.ruletext import read_rules
from tests.builders import Person
from tests.deciding import decided

if TYPE_CHECKING:
    from services.triage.causes import Seen

RULES: Final = read_rules((Path(__file__).parents[1] / "samples" / "small-ruleset.yaml").read_text())


def explained(*causes: Seen) -> list[str]:
    return list(lines(explanation(decided(*causes), RULES)))


def of_the_contents(said: list[str]) -> list[str]:
    start = next(place for place, line in enumerate(said) if "contents came" in line)
    end = next(place for place, line in enumerate(said) if line.startswith("By rule set"))
    return said[start:end]


CRISIS: Final = "Crisis Outreach (crisis-outreach)"
THERAPIES: Final = "Talking Therapies (talking-therapies)"


def test_a_milder_second_content_hides_nothing_of_the_first() -> None:
    ada = Person()
    said = explained(ada.received(risk={"suicidal": "plan"}), ada.conflicting())
    assert of_the_contents(said) == [
        "Two contents came under one message id; a person decides between them:",
        f"  1: Routed to {CRISIS}, very urgent (priority 4).",
        f"  2: the rules alone propose {THERAPIES}, routine (priority 3).",
        "  They differ (1 / 2) in suicidal: plan / none.",
        "  Priority now: very urgent (priority 4), as it stood before: no news lowers it, only a named clinician does.",
        f"  Until then it stays with {CRISIS} as well.",
        f"  A release goes to {THERAPIES}; for {CRISIS}, reroute.",
        "  The rows below are those of 2.",
    ]


def test_a_priority_that_no_row_raised_says_where_it_comes_from() -> None:
    ada, ben, cy = Person(), Person("ben"), Person("cy")
    conflict = explained(ada.received(risk={"suicidal": "plan"}), ada.conflicting())
    assert (
        "  no row raised it: very urgent (priority 4), as it stood before"
        in conflict[conflict.index("How urgent:") + 1]
    )
    asked = explained(ben.received(referrer={"urgency": "2"}))
    assert "  no row raised it: urgent (priority 2), as the referrer asked" in asked
    held = explained(cy.received(), cy.conflicting())
    assert "  no row raised it: urgent (priority 2), since a person must look within a day" in held


def test_a_safety_hold_on_a_conflict_says_both_and_what_the_first_content_had_answered() -> None:
    ada = Person()
    second = ada.conflicting(sequence=2, risk={"suicidal": "not recorded"}, presentation={"phq9": None})
    said = of_the_contents(explained(ada.received(risk={"life_in_danger": "no"}), second))
    assert "  The safety question comes before the conflict: only a registered clinician closes it." in said
    (differ,) = (line for line in said if "differ" in line)
    assert "suicidal: none / not recorded" in differ
    assert "phq9: 12 / not recorded" in differ


def test_a_second_content_that_shows_a_crisis_is_not_said_to_wait() -> None:
    ada = Person()
    said = of_the_contents(explained(ada.received(), ada.conflicting(risk={"suicidal": "plan"})))
    assert said[:3] == [
        "Two contents came under one message id; what stands now is above:",
        f"  1: Routed to {THERAPIES}, routine (priority 3).",
        f"  2: Routed to {CRISIS}, very urgent (priority 4).",
    ]


def test_programs_see_each_content_with_its_facts() -> None:
    ada = Person()
    told = as_json(explanation(decided(ada.received(risk={"suicidal": "plan"}), ada.conflicting()), RULES))
    first, second = told["contents"]
    assert (first["destination"], first["urgency"], first["facts"]["suicidal"]) == ("crisis-outreach", "4", "plan")
    assert (second["destination"], second["proposed"], second["urgency"]) == ("hub", "talking-therapies", "4")
    assert as_json(explanation(decided(Person().received()), RULES))["contents"] == []


def test_the_marks_of_sources_are_explained_where_they_stand() -> None:
    marked = RULES._replace(rows={"D08": RULES.rows["D08"]._replace(says={"source": "NICE NG222 (V; cut-point K)"})})
    mark = "  (V: read in a source. K: general knowledge, for local clinicians to check.)"
    assert mark in lines(explanation(decided(Person().received()), marked))
    assert mark not in lines(explanation(decided(Person().received()), RULES))
