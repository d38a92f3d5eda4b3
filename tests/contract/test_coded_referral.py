"""The coded referral: it travels unchanged, and every fact of it is one that the rules were told of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.triage.facts import FACTS, TOGETHER, facts_of, with_blanks
from services.triage.history import NO_TEAM, History
from services.triage.rules import RuleSet, read
from services.triage.rules.cells import read_cell
from shared.cloudevents import from_json, to_json
from shared.codes import CareSetting
from shared.referral import CodedReferral
from tests.contract.strategies import referrals

if TYPE_CHECKING:
    from services.triage.rules import Allowed

RULES = Path(__file__).parents[2] / "deploy" / "rules" / "lambeth" / "ruleset.yaml"


# A failure names the fact and its value: hunting for the smallest referral would take minutes and say no more.
PLAINLY = settings(phases=(Phase.explicit, Phase.reuse, Phase.generate), suppress_health_check=[HealthCheck.too_slow])


@cache
def lambeth() -> RuleSet:
    return read(RULES.read_bytes(), RULES.name)


def allows(declared: Allowed, value: str | int) -> bool:
    return value in declared.words if isinstance(value, str) else any(value in span for span in declared.numbers)


def secondary_teams() -> list[str]:
    return [name for name, to in lambeth().destinations.items() if to.care_setting is CareSetting.SECONDARY_CARE]


@PLAINLY
@given(referrals())
def test_any_referral_that_the_model_admits_travels_unchanged(referral: CodedReferral) -> None:
    assert from_json(CodedReferral, to_json(referral)) == referral


@PLAINLY
@given(
    referral=referrals(),
    team=st.deferred(lambda: st.sampled_from([NO_TEAM, *secondary_teams()])),
    returns=st.integers(0, 500),
)
def test_no_fact_has_a_value_that_the_rules_do_not_declare(referral: CodedReferral, team: str, returns: int) -> None:
    facts, inputs = facts_of(referral, History(current_team=team, returns_90_days=returns)), lambeth().inputs
    undeclared = {name: value for name, value in facts.items() if name in inputs and not allows(inputs[name], value)}
    assert not undeclared


@PLAINLY
@given(referrals())
def test_facts_that_are_said_to_hang_together_do(referral: CodedReferral) -> None:
    facts, inputs = with_blanks(facts_of(referral)), lambeth().inputs
    for line in TOGETHER:
        assert any(facts[name] in read_cell(cell, inputs[name]) for name, cell in line.items()), line


def test_the_rules_ask_only_for_facts_that_exist() -> None:
    assert set(lambeth().inputs) <= set(FACTS)
