"""The bit masks decide as a reader of the tables would, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.rules.cells import Allowed, read_cell
from services.triage.rules.decider import decider_of
from services.triage.rules.rows import URGENT_SECTIONS, Extra, Route, Row, Rows
from shared.codes import NOT_RECORDED, Urgency
from shared.errors import Bug
from tests.rule_files import borough

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.triage.rules import RuleSet, Value

INPUTS = {
    "referrer_urgency": Allowed(frozenset((*map(str, Urgency), NOT_RECORDED))),
    "current_team": Allowed(frozenset(("none", "d0", "d1"))),
    "suicidal": Allowed(frozenset(("none", "plan", "intent", NOT_RECORDED))),
    "age": Allowed(frozenset((NOT_RECORDED,)), (range(5),)),
    "means": Allowed(frozenset(("yes", "no", NOT_RECORDED))),
}
# Each cell and what it means, said without the engine.
CELLS: dict[str, dict[str, Callable[[Value], bool]]] = {
    "current_team": {"not none": lambda v: v != "none"},
    "suicidal": {"plan or intent": lambda v: v in {"plan", "intent"}, "not none": lambda v: v != "none"},
    "age": {
        "2 or more": lambda v: v in {2, 3, 4},
        "1 to 2 or not recorded": lambda v: v in {1, 2, NOT_RECORDED},
        "under 3": lambda v: v in {0, 1, 2},
    },
    "means": {
        "yes": lambda v: v == "yes",
        "not yes": lambda v: v != "yes",
        "not recorded": lambda v: v == NOT_RECORDED,
    },
}
SECTIONS = ("emergency", "crisis", "routine")
Asked = dict[str, str]
Outcome = Urgency | Route | Extra


def conditions() -> st.SearchStrategy[Asked]:
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(sorted(cells)) for name, cells in CELLS.items()})


def facts_of(inputs: Mapping[str, Allowed]) -> st.SearchStrategy[dict[str, Value]]:
    return st.fixed_dictionaries({name: st.sampled_from(list(domain)) for name, domain in inputs.items()})


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[str, Asked, Outcome]]:
    """Rows as (table, cells, outcome), the last destination row asking nothing."""
    urgency = [("urgency", asked, draw(st.sampled_from(Urgency))) for asked in draw(st.lists(conditions(), max_size=5))]
    routes = [
        (
            section,
            asked,
            Route(
                draw(st.sampled_from(("d0", "d1", "d2") + (("current_team",) if "current_team" in asked else ()))),
                priority=draw(st.none() | st.sampled_from(Urgency)),
            ),
        )
        for section in SECTIONS
        for asked in draw(st.lists(conditions(), max_size=4))
    ]
    extras = [
        ("overlays", asked, Extra(draw(st.sampled_from(("", "d0", "d3"))), hold=draw(st.booleans())))
        for asked in draw(st.lists(conditions(), max_size=5))
    ]
    return [*urgency, *routes, ("otherwise", {}, Route("hub")), *extras]


def as_rows(table: list[tuple[str, Asked, Outcome]]) -> Rows:
    urgency, routes, overlays = [], [], []
    for number, (name, asked, outcome) in enumerate(table):
        when = {column: read_cell(cell, INPUTS[column]) for column, cell in asked.items()}
        rest = (f"note {number}", "source", ("HZ01",), number)
        match outcome:
            case Urgency():
                urgency.append(Row(f"R{number}", name, when, outcome, *rest))
            case Extra():
                overlays.append(Row(f"R{number}", name, when, outcome, *rest))
            case Route():
                routes.append(Row(f"R{number}", name, when, outcome, *rest))
    return Rows(tuple(urgency), tuple(routes), tuple(overlays))


def read_by_hand(table: list[tuple[str, Asked, Outcome]], facts: dict[str, Value]) -> dict[str, object]:
    """What a careful reader makes of the tables, from the top down."""
    order = ["1", "4", "2", "3"]
    matched = [
        (f"R{number}", name, outcome)
        for number, (name, asked, outcome) in enumerate(table)
        if all(CELLS[column][cell](facts[column]) for column, cell in asked.items())
    ]
    raised = [(row, outcome) for row, _, outcome in matched if isinstance(outcome, Urgency)]
    extras = [(row, outcome) for row, _, outcome in matched if isinstance(outcome, Extra)]
    routes = [(row, name, outcome) for row, name, outcome in matched if isinstance(outcome, Route)]
    own = [str(facts["referrer_urgency"])] if facts["referrer_urgency"] != NOT_RECORDED else []
    row, section, decided = routes[0]
    destination, own = decided.destination, own + ([str(decided.priority)] if decided.priority else [])
    if destination == "current_team":
        destination = str(facts["current_team"])
    also = []
    for _, outcome in extras:
        if outcome.add and outcome.add != destination and outcome.add not in also:
            also.append(outcome.add)
    return {
        "urgency": min(["3", *own, *(str(code) for _, code in raised)], key=order.index),
        "urgency_rows": tuple(row for row, _ in raised),
        "destination": destination,
        "section": section,
        "row": row,
        "beaten": tuple(row for row, _, _ in routes[1:]),
        "overlay_rows": tuple(row for row, _ in extras),
        "also": tuple(also),
        "hold": any(outcome.hold for _, outcome in extras) and section not in {"emergency", "crisis"},
    }


@given(tables(), st.lists(facts_of(INPUTS), min_size=1, max_size=8))
def test_the_masks_agree_with_a_reader_of_the_tables(
    table: list[tuple[str, Asked, Outcome]], many: list[dict[str, Value]]
) -> None:
    decider = decider_of(as_rows(table), INPUTS)
    for facts in many:
        got = decider.propose(facts)._asdict()
        del got["notes"]
        assert got == read_by_hand(table, facts)


@given(conditions(), conditions())
def test_two_rows_overlap_exactly_where_some_facts_match_both(one: Asked, other: Asked) -> None:
    rows = as_rows([("routine", one, Route("d0")), ("routine", other, Route("d1"))]).routes
    both = [
        any(CELLS[name][one[name]](value) and CELLS[name][other[name]](value) for value in INPUTS[name])
        for name in one.keys() & other.keys()
    ]
    assert rows[0].overlaps(rows[1]) is all(both)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return borough()


@given(data=st.data())
def test_any_referral_has_one_destination_and_an_urgency_not_below_the_referrers(
    rules: RuleSet, data: st.DataObject
) -> None:
    facts = data.draw(facts_of(rules.inputs))
    proposal = rules.propose(facts)
    own = facts["referrer_urgency"]
    assert proposal.destination in rules.destinations
    assert proposal.urgency.severity <= (3 if own == NOT_RECORDED else Urgency(str(own)).severity)
    assert set(proposal.also) <= rules.destinations.keys() - {proposal.destination}
    assert not (proposal.hold and proposal.section in URGENT_SECTIONS)
    assert rules.propose(facts) == proposal


def test_the_referrers_urgency_is_a_floor_where_no_row_asks_for_it_declared_or_not() -> None:
    rows = as_rows([("otherwise", {}, Route("hub"))])
    for inputs in (INPUTS, {"age": INPUTS["age"]}):
        decider = decider_of(rows, inputs)
        asked: dict[str, Value] = {"age": 4}
        for own, came in {"3": "3", "1": "1", "2": "2", "4": "4", NOT_RECORDED: "3"}.items():
            assert decider.propose(asked | {"referrer_urgency": own}).urgency == came


def test_what_a_proposal_says_can_be_read_to_people(rules: RuleSet) -> None:
    quiet = dict(rules.examples[0].facts) | {"life_in_danger": "no"}
    proposal = rules.propose(quiet | {"suicidal": "ideation", "means": "yes", "domestic_abuse": "yes"})
    assert proposal.notes == ("Give the crisis line number", "Safety plan", "Safe contact only")
    assert (proposal.urgency_rows, proposal.row, proposal.beaten) == (("U03.2", "U07.1"), "U03.3", ("D33",))


def test_the_current_team_is_the_destination_that_the_fact_names(rules: RuleSet) -> None:
    quiet = dict(rules.examples[-1].facts)
    assert rules.propose(quiet | {"current_team": "crisis-team"}).destination == "crisis-team"


@pytest.mark.parametrize("facts", [{}, {"age": 40}, {"age": "forty"}, {"age": [40]}])
def test_facts_that_are_not_as_declared_are_a_bug_that_names_the_input_and_never_the_value(
    rules: RuleSet, facts: dict[str, Value]
) -> None:
    with pytest.raises(Bug, match="suicidal") as bug:
        rules.propose(facts)
    assert "40" not in str(bug.value) and "forty" not in str(bug.value)


def test_a_value_outside_the_declaration_is_never_taken_for_no_match(rules: RuleSet) -> None:
    with pytest.raises(Bug, match="suicidal"):
        rules.propose(dict(rules.examples[-1].facts) | {"suicidal": "PLAN"})


def test_what_is_remembered_of_earlier_referrals_changes_nothing_and_stays_bounded(
    rules: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.triage.rules.decider.MOST_KNOWN", 1)
    fresh = borough()
    for example in rules.examples * 2:
        assert fresh.propose(example.facts) == rules.propose(example.facts)
    assert len(fresh.decider.known) == 1
