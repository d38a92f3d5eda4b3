"""Past referrals under two rule sets: who moves, whose urgency falls, who cannot be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.facts import facts_of
from services.triage.proof.comparing import FEWEST, Past, age_band, compare, shown
from services.triage.proof.outcomes import outcome_of
from tests.builders import a_referral, an_id
from tests.deciding import small_rules, small_rules_but

if TYPE_CHECKING:
    from services.triage.rules import RuleSet, Value

LOWERED = (
    ("U03 | plan or intent |                 | 4 ", "U03 | plan or intent |                 | 2 "),
    ("suicidal = plan                   | 4", "suicidal = plan                   | 2"),
    ("suicidal = intent                 | 4", "suicidal = intent                 | 2"),
)
RAISED = (
    ("U10 |                | yes             | 2 ", "U10 |                | yes             | 4 "),
    ("U10  | risk_unanswered = yes             | 2 ", "U10  | risk_unanswered = yes             | 4 "),
    ("phq9 = 12 | 2 |", "phq9 = 12 | 4 |"),
)


def past(name: str, ethnic_category: str = "not recorded", **groups: Any) -> Past:
    return Past(an_id(name), facts_of(a_referral(**groups)), ethnic_category)


def under(new: RuleSet, *people: Past) -> Any:
    return compare(small_rules(), new, people)


def test_nobody_changes_under_the_same_rules():
    found = under(small_rules(), past("ada"), past("bea", risk={"suicidal": "plan"}))
    assert (found.compared, found.changes, found.left_out) == (2, (), ())


def test_whose_urgency_would_fall_comes_first():
    rises, falls, same = past("ada", risk={"suicidal": "unmapped"}), past("bea", risk={"suicidal": "plan"}), past("eve")
    found = under(small_rules_but(*LOWERED, *RAISED), rises, falls, same)
    assert [(change.referral_id, change.falls, change.rises) for change in found.changes] == [
        (an_id("bea"), True, False),
        (an_id("ada"), False, True),
    ]


@given(st.lists(st.fixed_dictionaries({name: st.sampled_from(list(of)) for name, of in small_rules().inputs.items()})))
def test_each_of_many_comes_out_as_it_would_alone(people: list[dict[str, Value]]):
    old, new = small_rules(), small_rules_but(*LOWERED, *RAISED)
    found = compare(old, new, [Past(an_id(str(number)), facts, "A") for number, facts in enumerate(people)])
    alone = {
        an_id(str(n)): (outcome_of(old.propose(facts)), outcome_of(new.propose(facts)))
        for n, facts in enumerate(people)
    }
    assert {change.referral_id: (change.before, change.after) for change in found.changes} == {
        name: (before, after) for name, (before, after) in alone.items() if before != after
    }


def test_another_row_for_the_same_end_is_no_change():
    found = under(small_rules_but(("D08 |", "D09 |"), ("D08  |", "D09  |")), past("ada"))
    assert (found.compared, found.changes) == (1, ())


def test_an_addition_that_is_lost_is_a_change():
    without = small_rules_but(
        (
            "U11  | yes            |                 | safeguarding |      |",
            "U11  | yes            |                 | hub          |      |",
        ),
        ("peer-support-programme | safeguarding | | abuse", "peer-support-programme | hub | | abuse"),
    )
    found = under(without, past("ada", risk={"domestic_abuse": "yes"}))
    assert [(change.before.also, change.after.also) for change in found.changes] == [(("safeguarding",), ("hub",))]


def test_who_has_a_value_that_a_version_does_not_declare_is_left_out_by_name_and_never_guessed():
    narrower = small_rules_but(("phq9: {whole number: 0 to 27,", "phq9: {whole number: 0 to 20,"))
    found = under(narrower, past("ada", presentation={"phq9": 21}), past("bea", presentation={"phq9": 20}))
    assert [(each.referral_id, each.version, each.facts) for each in found.left_out] == [
        (an_id("ada"), narrower.version, {"phq9": 21})
    ]
    assert found.compared == 1


def test_a_fact_that_may_not_be_absent_and_was_never_recorded_leaves_a_referral_out():
    asked = small_rules_but(
        ("  problem: {one of", "  housing: {yes or no: any}\n  problem: {one of"),
        ("row | problem   | phq9       | destination            | source", "row | problem   | phq9       | destination            | housing | source"),
        *((f"{row} | test   | HZ04\n", f"{row} | {'yes' if 'social' in row else ''} | test   | HZ04\n") for row in (
            "psychosis |            | focused-support       ", "mood      | 10 or more | talking-therapies     ",
            "social    |            | peer-support-programme", "bipolar   |            | closed-service        ")),
        ("    problem: other\n", '    problem: other\n    housing: "yes"\n'),
    )  # fmt: skip
    facts = facts_of(a_referral())
    before_it_was_known = Past(an_id("ada"), {name: v for name, v in facts.items() if name != "housing"}, "A")
    found = under(asked, before_it_was_known)
    assert [(each.referral_id, each.facts) for each in found.left_out] == [(an_id("ada"), {"housing": "not recorded"})]


def test_a_fact_that_only_the_new_rules_ask_for_and_nobody_has_is_said():
    asked = small_rules_but(
        ("  problem: {one of", "  gad7: {whole number: 0 to 21, may be: not recorded}\n  problem: {one of"),
        ("row | suicidal       | risk_unanswered | priority", "row | suicidal       | gad7 | priority"),
        ("U10 |                | yes             | 2", "U10 |                | 20 or more | 2"),
        ("    problem: other\n", "    problem: other\n    gad7: not recorded\n"),
        ("U10  | risk_unanswered = yes   ", "U10  | gad7 = 20; risk_unanswered = yes   "),
        ("U10.1 | risk_unanswered = yes; problem", "U10.1 | gad7 = 20; risk_unanswered = yes; problem"),
    )
    assert under(asked, past("ada")).never_recorded == ("gad7",)
    assert under(asked, past("ada"), past("bea", presentation={"gad7": 3})).never_recorded == ()


def test_people_are_grouped_by_age_and_ethnicity():
    people = [past(f"{n}", "MZ"[n % 2], person={"age_months": 12 * (17 + n % 2)}) for n in range(12)]
    found = under(small_rules(), *people)
    assert [(group.name, group.people) for group in found.by_age] == [("under 18", 6), ("18 to 25", 6)]
    assert [(group.name, group.people) for group in found.by_ethnicity] == [
        ("Black or Black British", 6),
        ("not stated or not known", 6),
    ]


@given(st.dictionaries(st.sampled_from("ABCDEFG"), st.integers(0, 12), min_size=2))
def test_no_number_under_five_is_shown_nor_can_it_be_worked_out_from_the_sum(counts: dict[str, int]):
    columns = shown(counts)
    hidden = [name for name, count in columns.items() if count is None]
    assert all(count is None or count >= FEWEST for count in columns.values())
    assert all(count is None or count == counts[name] for name, count in columns.items())
    assert len(hidden) != 1


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, "under 18"), (17, "under 18"), (18, "18 to 25"), (25, "18 to 25"), (26, "26 to 64"), (64, "26 to 64"),
     (65, "65 or over"), (120, "65 or over"), ("not recorded", "not recorded")],
)  # fmt: skip
def test_age_bands_begin_and_end_where_they_say(age: int | str, band: str):
    assert age_band(age) == band
