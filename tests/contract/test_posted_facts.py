"""What the rules are shown to do with a referral can be sent and seen: posted, its facts come back."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from services.intake.coding import code
from services.intake.contract.reading import read
from services.intake.person import missing
from services.intake.sources.json import told
from services.triage.facts import facts_of, with_blanks
from services.triage.proof.posting import post_of
from tests.contract.strategies import referrals
from tests.contract.test_coded_referral import PLAINLY, lambeth
from tests.intake_coded import PLACE

if TYPE_CHECKING:
    from services.triage.proof.posting import Post
    from services.triage.rules import Value
    from shared.referral import CodedReferral

SILENT = ("not known",)  # as in deploy/screen.yaml
HISTORY = {"current_team", "returns_90_days"}
DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2030, 12, 31))
POSSIBLE = st.deferred(
    lambda: st.fixed_dictionaries({name: st.sampled_from(list(domain)) for name, domain in lambeth().inputs.items()})
)


def received(post: Post, today: dt.date) -> dict[str, Value]:
    """The facts that triage sees of a body that intake took."""
    came = read(told(json.dumps(post.body).encode()).document, SILENT)
    assert not missing(came)
    return with_blanks(facts_of(code(came, PLACE, today)))


@PLAINLY
@given(POSSIBLE, DAYS)
def test_facts_that_are_posted_come_back_but_those_said_not_to(facts: dict[str, Value], today: dt.date) -> None:
    post = post_of(facts, today, "SW9")
    came = received(post, today)
    assert {name: value for name, value in facts.items() if came[name] != value} == post.unsaid


@PLAINLY
@given(referrals(), DAYS)
def test_all_facts_of_any_referral_there_could_be_can_be_posted(referral: CodedReferral, today: dt.date) -> None:
    facts = with_blanks(facts_of(referral))
    post = post_of(facts, today, "SW9")
    assert post.unsaid == {}
    assert received(post, today) == facts


@PLAINLY
@given(POSSIBLE, DAYS)
def test_no_two_people_are_taken_for_one(facts: dict[str, Value], today: dt.date) -> None:
    other = facts | {"phq9": 3 if facts["phq9"] != 3 else 4}
    assert post_of(facts, today).body["person"]["name"] != post_of(other, today).body["person"]["name"]


def test_what_a_persons_history_says_is_told_to_be_unsaid() -> None:
    facts = {**lambeth().baseline, "current_team": "focused-support", "returns_90_days": 2}
    assert post_of(facts, dt.date(2026, 11, 23), "SW9").unsaid == {name: facts[name] for name in sorted(HISTORY)}
    without = post_of(lambeth().baseline, dt.date(2026, 11, 23))
    assert without.unsaid == {"in_area": "yes"}, "where no district is known"
