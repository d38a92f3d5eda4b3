"""Lambeth's rules: every row of the draft and every service of the story is reached, and no danger is ever routine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from services.frontdoor.ruletext import read_rules
from services.triage.proof.edges import missing_edges
from services.triage.proof.promises import check_promises
from services.triage.proof.prover import Prover
from services.triage.rules import URGENT_SECTIONS, Place, read
from shared.codes import NOT_RECORDED, UNMAPPED, CareSetting, Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.triage.rules import Proposal, RuleSet, Value

FILE = Path(__file__).parents[2] / "deploy" / "rules" / "lambeth" / "ruleset.yaml"
DRAFT = {f"U{number:02}" for number in range(1, 13)} | {f"D{number:02}" for number in range(1, 34)}
STORY = {
    CareSetting.FRONT_DOOR: {"hub", "emergency-department"},
    CareSetting.PRIMARY_CARE: {"talking-therapies-step-2", "gp-follow-up", "social-care", "drug-and-alcohol"},
    CareSetting.PEER_SUPPORT: {"peer-support-programme", "timebank", "community-options", "social-prescribing"},
    CareSetting.SECONDARY_CARE: {"short-term-support", "focused-support", "community-assessment", "crisis-outreach"},
}
WITHIN_HOURS = {Urgency.EMERGENCY, Urgency.VERY_URGENT}


@cache
def lambeth() -> RuleSet:
    return read(FILE.read_bytes(), FILE.name)


@cache
def outcomes() -> list[tuple[str, dict[str, Value], Proposal]]:
    """Each example: why it is there, its facts, what comes of it."""
    return [(case.why, dict(case.facts), lambeth().propose(case.facts)) for case in lambeth().examples]


def near_an_example() -> st.SearchStrategy[dict[str, Value]]:
    """The facts of an example with a few changed to any value that their inputs admit."""
    values = [st.tuples(st.just(name), st.sampled_from(list(domain))) for name, domain in lambeth().inputs.items()]
    changes = st.lists(st.one_of(values), max_size=12).map(dict)
    return st.builds(lambda base, changed: base[1] | changed, st.sampled_from(outcomes()), changes)


def test_every_row_of_the_draft_takes_part_in_an_example():
    taking_part = {row[:3] for _, _, got in outcomes() for row in (*got.urgency_rows, got.row, *got.overlay_rows)}
    assert taking_part >= DRAFT


def test_every_destination_is_reached_and_those_of_the_story_by_a_route():
    routed = {got.destination for _, _, got in outcomes()}
    assert routed | {name for _, _, got in outcomes() for name in got.also} == lambeth().destinations.keys()
    for setting, names in STORY.items():
        assert names <= routed
        assert {lambeth().destinations[name].care_setting for name in names} == {setting}


def test_no_red_flag_vignette_is_routine():
    flags = [(why, got) for why, _, got in outcomes() if why.startswith("red flag")]
    assert len(flags) > 100
    assert [why for why, got in flags if got.urgency is Urgency.ROUTINE] == []
    assert [why for why, got in flags if got.section not in URGENT_SECTIONS and not got.hold] == []


def test_examples_give_facts_that_a_referral_can_have_unless_no_such_facts_show_the_edge():
    possible = tuple(case for case in lambeth().examples if hangs_together(case.facts))
    missing = list(missing_edges(Prover(replace(lambeth(), examples=possible))))
    assert [case.edge for case in missing if hangs_together(case.facts)] == []
    assert len(lambeth().examples) - len(possible) == len(missing)


def hangs_together(facts: Mapping[str, Value]) -> bool:
    """Whether what is worked out from other facts agrees with them."""
    blank = {facts[name] for name in ("suicidal", "self_harm", "to_others")} & {NOT_RECORDED, UNMAPPED}
    severe = facts["psychosis"] in {"first episode", "known relapse"} or facts["problem"] in {"psychosis", "bipolar"}
    return (
        facts["risk_unanswered"] == ("yes" if blank else "no")
        and facts["severe_mental_illness"] == ("yes" if severe else "no")
        and (facts["nearly_adult"] != "yes" or facts["age"] == 17)
        and (facts["nearly_adult"] == NOT_RECORDED) is (facts["age"] == NOT_RECORDED)
    )


def test_no_two_examples_give_the_same_facts():
    seen = [frozenset(facts.items()) for _, facts, _ in outcomes()]
    assert len(set(seen)) == len(seen)


def test_every_row_can_be_shown_as_it_is_written():
    assert read_rules(FILE.read_text()).rows.keys() == {row.id for row in lambeth().rows}


@settings(max_examples=300)
@given(near_an_example())
def test_any_facts_have_one_destination_and_an_urgency_never_below_the_referrers(facts: dict[str, Value]):
    got, own = lambeth().propose(facts), facts["referrer_urgency"]
    assert got.destination in lambeth().destinations and got.destination not in got.also
    assert got.urgency.severity <= (3 if own == NOT_RECORDED else Urgency(str(own)).severity)
    assert not (got.hold and got.section in URGENT_SECTIONS)
    if got.hold or got.destination == "hub" or got.section in URGENT_SECTIONS or "safeguarding" in got.also:
        assert got.urgency is not Urgency.ROUTINE


@settings(max_examples=300)
@given(near_an_example(), st.sampled_from((17, 40)))
def test_what_peers_and_the_evening_sanctuary_add_never_stands_beside_a_need_of_hours(
    facts: dict[str, Value], age: int
):
    wanting: dict[str, Value] = {"age": age, "evening_distress": "yes", "wants_peer_support": "yes", "agrees": "yes"}
    got = lambeth().propose(facts | wanting | {"share_with_partners": "yes"})
    if got.urgency in WITHIN_HOURS:
        assert not {"evening-sanctuary", "peer-support-programme"} & set(got.also)


def test_every_promise_is_proved_for_every_possible_referral():
    found = Place(FILE.name)
    check_promises(Prover(lambeth()), found)
    assert lambeth().promises and found.findings == []
