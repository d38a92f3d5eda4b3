"""Every rule set in deploy/ is one that the service would take, and sends any possible referral somewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.triage.rules import read
from shared.codes import NOT_RECORDED, Urgency

if TYPE_CHECKING:
    from services.triage.rules import RuleSet, Value

FILES = sorted((Path(__file__).parents[2] / "deploy" / "rules").glob("*/ruleset.yaml"))


@cache
def rules_in(file: Path) -> RuleSet:
    return read(file.read_bytes(), str(file.relative_to(file.parents[3])))


def facts_of(rules: RuleSet) -> st.SearchStrategy[dict[str, Value]]:
    """The baseline of the examples with some inputs at any value that they may have."""
    baseline = dict(rules.examples[0].facts) | {
        name: next(iter(rules.inputs[name])) for name in rules.examples[0].given
    }
    changed = {name: st.sampled_from(list(domain)) for name, domain in rules.inputs.items()}
    return st.fixed_dictionaries({}, optional=changed).map(lambda some: baseline | some)


def test_there_are_rules_to_deploy() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_a_deployed_rule_set_is_taken_and_is_of_its_folders_locality(file: Path) -> None:
    assert rules_in(file).locality == file.parent.name


@settings(max_examples=200)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
@given(data=st.data())
def test_any_possible_referral_has_one_destination_and_an_urgency_not_below_the_referrers(
    file: Path, data: st.DataObject
) -> None:
    rules = rules_in(file)
    facts = data.draw(facts_of(rules))
    proposal, own = rules.propose(facts), facts["referrer_urgency"]
    assert proposal.destination in rules.destinations
    assert set(proposal.also) <= rules.destinations.keys() - {proposal.destination}
    assert proposal.urgency.severity <= (3 if own == NOT_RECORDED else Urgency(str(own)).severity)
