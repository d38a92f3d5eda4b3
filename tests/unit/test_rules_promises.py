"""Promises: each form of sentence reads to what it says; each kind of fault is refused at its place with its cure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.rules import Allowed, Place, Promise, examine
from services.triage.rules.promises import Outcome, Worsening
from shared.codes import NOT_RECORDED
from tests.rule_files import BOROUGH, borough_with

SENTENCE = "when suicidal is plan or intent, priority is 1 or 4"


def read_sentence(text: str) -> tuple[list[Promise], Place]:
    """The borough's file with this one sentence as its promise, and what was found."""
    place = Place("borough")
    rules = examine(borough_with((f'"{SENTENCE}"', quoted(text))), place)
    return list(rules.promises) if rules else [], place


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def words(*names: str) -> Allowed:
    return Allowed(frozenset(names))


WHEN = {
    "when suicidal is plan": {"suicidal": words("plan")},
    "when suicidal is plan or intent and age is under 18": {
        "suicidal": words("plan", "intent"),
        "age": Allowed(numbers=(range(18),)),
    },
    "when current_team is not none": {"current_team": words("crisis-team", "community-team")},
    "when phq9 is 20 or more or not recorded": {"phq9": Allowed(frozenset((NOT_RECORDED,)), (range(20, 28),))},
    "when suicidal is not none and suicidal is not unmapped": {
        "suicidal": words("ideation", "plan", "intent", NOT_RECORDED)
    },
}
OUTCOMES = {
    "priority is 1 or 4": (Outcome("priority", frozenset(("1", "4"))),),
    "destination is hub": (Outcome("destination", frozenset(("hub",))),),
    "destination is not hub or crisis-team": (Outcome("destination", frozenset(("hub", "crisis-team")), never=True),),
    "also is not safeguarding": (Outcome("also", frozenset(("safeguarding",)), never=True),),
    "care setting is secondary-care": (Outcome("care setting", frozenset(("secondary-care",))),),
    "gate is before or by-receiver": (Outcome("gate", frozenset(("before", "by-receiver"))),),
    "it is held": (Outcome("it is held"),),
    "it is held or section is emergency or crisis or priority is 1": (
        Outcome("it is held"),
        Outcome("section", frozenset(("emergency", "crisis"))),
        Outcome("priority", frozenset(("1",))),
    ),
}
WORSENINGS = {
    "as suicidal goes from none to ideation to plan, urgency never falls and care never lessens": Worsening(
        "suicidal", ("none", "ideation", "plan")
    ),
    "as suicidal goes from none to intent, care never lessens": Worsening(
        "suicidal", ("none", "intent"), urgency=False
    ),
    "as phq9 goes from 3 to 20, urgency never falls": Worsening("phq9", (3, 20), care=False),
    "as phq9 rises, urgency never falls": Worsening("phq9", tuple(range(28)), care=False),
}


@pytest.mark.parametrize("when", WHEN)
def test_a_condition_reads_to_the_values_that_it_allows(when: str):
    (promise,), place = read_sentence(f"{when}, it is held")
    assert (dict(promise.when), promise.outcomes, place.findings) == (WHEN[when], (Outcome("it is held"),), [])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_reads_to_its_alternatives(outcome: str):
    (promise,), place = read_sentence(f"when means is yes, {outcome}")
    assert (promise.outcomes, promise.worsening, place.findings) == (OUTCOMES[outcome], None, [])


@pytest.mark.parametrize("text", WORSENINGS)
def test_a_worsening_reads_to_its_steps_and_what_it_keeps(text: str):
    (promise,), place = read_sentence(text)
    assert (promise.worsening, promise.outcomes, promise.when, place.findings) == (WORSENINGS[text], (), {}, [])


def test_a_worsening_may_have_a_condition():
    (promise,), place = read_sentence("when age is 18 or more, as phq9 rises, urgency never falls")
    assert promise.when == {"age": Allowed(numbers=(range(18, 121),))}
    assert promise.worsening and not place.findings


FAULTS = {
    "nothing promised": ("when means is yes", "is no promise", "write `when ..., priority is ...`"),
    "no condition": ("priority is 1", "is no promise", "write `when ..., priority is ...`"),
    "another beginning": ("if means is yes, it is held", "is no beginning of a promise", "write `when ..."),
    "a condition without a value": ("when means, it is held", "is no condition", "write `input is value`"),
    "an input that is none": ("when maens is yes, it is held", "no such input: 'maens'", "'means'"),
    "a value that is none": ("when suicidal is plann, it is held", "'plann'", "'plan'"),
    "a number outside": ("when phq9 is 28 or more, it is held", "28 is outside 0 to 27", "a number that this input"),
    "an outcome of no kind": ("when means is yes, urgency is 1", "'urgency is 1' is no outcome", "`priority is ...`"),
    "an outcome left open": ("when means is yes, priority is ", "is no outcome", "`priority is ...`"),
    "a code that is none": ("when means is yes, priority is 5", "no such priority: '5'", "1, 2, 3, 4"),
    "a destination that is none": ("when means is yes, destination is hubb", "no such destination: 'hubb'", "'hub'"),
    "a section that is none": ("when means is yes, section is crises", "no such section: 'crises'", "'crisis'"),
    "a care setting that is none": (
        "when means is yes, care setting is primary",
        "no such care setting",
        "primary-care",
    ),
    "a gate that is none": ("when means is yes, gate is after", "no such gate: 'after'", "use one of"),
    "kept without a worsening": ("when means is yes, urgency never falls", "is no promise", "as ... goes from"),
    "a worsening that keeps nothing": ("as phq9 rises, it is held", "is no promise", "urgency never falls"),
    "a worsening of one value": ("as suicidal goes from plan, care never lessens", "of one value", "goes from ... to"),
    "a worsening that comes back": (
        "as suicidal goes from plan to none to plan, care never lessens",
        "comes back to a value",
        "name each value once",
    ),
    "words that rise": ("as suicidal rises, urgency never falls", "suicidal is no number", "goes from ... to"),
    "a step that is none": ("as suicidal goes from none to plann, care never lessens", "'plann'", "'plan'"),
    "a worsening of no input": ("as phq99 rises, urgency never falls", "no such input: 'phq99'", "'phq9'"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_sentence_at_fault_is_refused_at_its_place_with_its_cure(fault: tuple[str, str, str]):
    text, message, cure = fault
    promises, place = read_sentence(text)
    (found,) = place.findings
    assert (promises, found.code, found.table, found.row, found.column) == ([], "parse", "promises", "1", "text")
    assert message in found.message and cure in found.cure
    assert found.line == str(BOROUGH[: BOROUGH.index(SENTENCE)].count("\n") + 1)


def test_a_hazard_that_nobody_listed_is_refused():
    place = Place("borough")
    examine(borough_with((f'HZ02, text: "{SENTENCE}"', f'HZ22, text: "{SENTENCE}"')), place)
    assert [(found.table, found.row, found.column, found.cure) for found in place.findings] == [
        ("promises", "1", "hazard", "did you mean 'HZ02'?")
    ]


PIECES = (
    *(
        "when ",
        "as ",
        " is ",
        " and ",
        " or ",
        ", ",
        " not ",
        " rises",
        " goes from ",
        " to ",
        "it is held",
        "priority",
    ),
    *(
        "suicidal",
        "phq9",
        "plan",
        "3",
        "10 or more",
        "urgency never falls",
        "care never lessens",
        "hub",
        "",
        " ",
        "é|;'",
    ),
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join).filter(str.strip))
def test_a_garbled_sentence_reads_or_is_refused_and_never_crashes(text: str):
    promises, place = read_sentence(text)
    assert bool(promises) != bool(place.findings)
    assert all(found.cure and found.table == "promises" for found in place.findings)
