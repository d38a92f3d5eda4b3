"""What the rules see of a referral, where several answers speak of one thing: the more dangerous of them."""

from __future__ import annotations

from typing import Any

import pytest

from services.triage.facts import facts_of, with_blanks
from tests.builders import a_referral


def seen(fact: str, **groups: Any) -> str | int:
    """What the rules see for a fact."""
    return with_blanks(facts_of(a_referral(**groups)))[fact]


@pytest.mark.parametrize(
    ("weeks", "band"),
    [(10, "to 10 weeks"), (11, "to 12 months"), (52, "to 12 months"), (53, "pregnant"), (104, "pregnant")],
)
def test_a_pregnant_woman_with_a_toddler_is_pregnant_and_with_an_infant_is_after_birth(weeks: int, band: str) -> None:
    assert seen("perinatal", perinatal={"pregnant": "yes", "weeks_since_birth": weeks}) == band


def test_the_second_year_after_birth_is_seen_where_nobody_is_pregnant() -> None:
    assert seen("perinatal", perinatal={"weeks_since_birth": 104}) == "to 24 months"
    assert seen("perinatal", perinatal={"weeks_since_birth": 105}) == "no"


def test_a_crisis_among_the_other_reasons_is_the_problem() -> None:
    assert seen("problem", reason={"code": "05", "others": ["18"]}) == "crisis"


def test_self_harm_among_the_other_reasons_is_the_problem() -> None:
    assert seen("problem", reason={"code": "05", "others": ["15"]}) == "self-harm"


def test_psychosis_among_the_other_reasons_is_seen_as_a_problem_as_a_sign_and_as_a_severe_illness() -> None:
    reason = {"code": "05", "others": ["01"]}
    assert seen("problem", reason=reason) == "psychosis"
    assert seen("psychosis", reason=reason) == "first episode"
    assert seen("severe_mental_illness", reason=reason) == "yes"


def test_psychosis_as_the_main_problem_is_not_hidden_by_a_milder_code() -> None:
    said = {"main_problem": "psychosis", "psychosis": "not recorded"}
    assert seen("problem", reason={"code": "05"}, presentation=said) == "psychosis"


def test_of_two_reasons_that_speak_of_psychosis_the_more_severe_counts() -> None:
    assert seen("psychosis", reason={"code": "02", "others": ["01"]}) == "first episode"


@pytest.mark.parametrize(("code", "problem"), [("09", "substance"), ("12", "eating")])
def test_drink_drugs_and_eating_stay_the_problem_beside_psychosis_for_their_own_rows_speak_of_danger(
    code: str, problem: str
) -> None:
    reason = {"code": code, "others": ["02"]}
    assert seen("problem", reason=reason) == problem
    assert seen("psychosis", reason=reason) == "known relapse"
    assert seen("severe_mental_illness", reason=reason) == "yes"


def test_bipolar_disorder_among_the_other_reasons_is_a_severe_illness() -> None:
    assert seen("severe_mental_illness", reason={"code": "05", "others": ["03"]}) == "yes"
    assert seen("problem", reason={"code": "08", "others": ["03"]}) == "bipolar"


def test_milder_reasons_beside_the_first_change_nothing() -> None:
    assert seen("problem", reason={"code": "05", "others": ["04", "unmapped", "19"]}) == "anxiety"
    assert seen("problem", reason={"code": "not recorded"}, presentation={"main_problem": "mood"}) == "mood"
