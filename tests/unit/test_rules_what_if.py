"""All that can come of a referral of which something is unknown: exactly that, and nothing twice."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.frontdoor.cli import call, parser_of
from services.triage.facts import RISK_UNANSWERED, with_risk_unanswered
from services.triage.proof.outcomes import classes_in_question, outcome_of, outcomes
from tests.rule_files import BOROUGH, borough

if TYPE_CHECKING:
    from services.triage.rules.examples import Example

ROOT = Path(__file__).parents[2]
SMALL_RULES = ROOT / "tests" / "samples" / "small-ruleset.yaml"
LAMBETH = ROOT / "deploy" / "rules" / "lambeth" / "ruleset.yaml"
RULES = borough()
SMALL = sorted(name for name, domain in RULES.inputs.items() if len(list(domain)) < 200)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "ruleset.yaml").write_text(BOROUGH)
    return tmp_path / "ruleset.yaml"


def frontdoor(*words: object) -> int:
    return call(parser_of(()).parse_args(["rules", *map(str, words)]))


@settings(max_examples=30)
@given(
    st.sampled_from(RULES.examples),
    st.lists(st.sampled_from(SMALL), min_size=1, max_size=2, unique=True),
    st.booleans(),
)
def test_each_combination_of_unknown_values_lies_in_one_region_whose_outcome_it_has(
    example: Example, unknown: list[str], follows: bool
):
    follows = follows and RISK_UNANSWERED not in unknown
    classes = classes_in_question(RULES, example.facts, unknown, follows=follows)
    regions = outcomes(RULES, example.facts, classes, follows=follows)
    for values in product(*(RULES.inputs[name] for name in unknown)):
        supposed = {**example.facts, **dict(zip(unknown, values, strict=True))}
        came = outcome_of(RULES.propose(with_risk_unanswered(supposed) if follows else supposed))
        inside = [
            region.outcome
            for region in regions
            if all(value in allowed for value, allowed in zip(values, region.values, strict=True))
        ]
        assert inside == [came]


def test_the_most_urgent_outcome_comes_first_with_its_values_in_words(file: Path, capsys: pytest.CaptureFixture[str]):
    assert frontdoor("what-if", file, "suicidal=?", "--json") == 0
    told = json.loads(capsys.readouterr().out)["outcomes"]
    urgencies = ["1423".index(each["urgency"]) for each in told]
    assert urgencies == sorted(urgencies) and urgencies[0] < urgencies[-1]
    assert all(each["when"].keys() == {"suicidal"} for each in told)


def test_an_unknown_that_no_open_row_asks_for_changes_nothing(capsys: pytest.CaptureFixture[str]):
    assert frontdoor("what-if", SMALL_RULES, "problem=social", "phq9=?", "--json") == 0
    assert [each["when"] for each in json.loads(capsys.readouterr().out)["outcomes"]] == [{"phq9": "anything"}]


def test_a_question_that_may_be_unanswered_holds_for_a_person_where_it_is(capsys: pytest.CaptureFixture[str]):
    def held(*facts: str) -> dict[str, bool]:
        assert frontdoor("what-if", SMALL_RULES, "suicidal=?", *facts, "--json") == 0
        return {each["when"]["suicidal"]: each["hold"] for each in json.loads(capsys.readouterr().out)["outcomes"]}

    assert held() == {"intent or plan": False, "unmapped or not recorded": True, "ideation or none": False}
    assert not any(held("risk_unanswered=no").values()), "what is named stands"


def test_too_much_that_is_unknown_is_refused_with_how_much_it_is(capsys: pytest.CaptureFixture[str]):
    unknown = ("phq9", "gad7", "suicidal", "age", "problem", "psychosis", "function", "perinatal", "self_harm")
    assert frontdoor("what-if", LAMBETH, *(f"{name}=?" for name in unknown)) == 2
    assert "combinations that the rules tell apart" in capsys.readouterr().err


def test_nothing_unknown_is_a_question_for_explain(file: Path, capsys: pytest.CaptureFixture[str]):
    assert frontdoor("what-if", file, "suicidal=plan") == 2
    assert "rules explain" in capsys.readouterr().err
