"""Whatever referral the model admits is decided: by one destination, with one urgency, never below the referrer's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codes import NOT_RECORDED, HoldReason, Urgency
from tests.builders import Person
from tests.contract.strategies import referrals
from tests.contract.test_coded_referral import PLAINLY, lambeth
from tests.deciding import decided, small_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.triage.rules import RuleSet
    from shared.referral import CodedReferral


# The small rules declare few of the values that a referral may have: what they cannot read goes to a person.
@PLAINLY
@given(referral=referrals(), rules=st.sampled_from((lambeth, small_rules)))
def test_any_referral_gets_exactly_one_destination_and_one_urgency_never_below_the_referrers(
    referral: CodedReferral, rules: Callable[[], RuleSet]
) -> None:
    (decision,) = decided(Person().sends(referral), rules=rules())
    own = referral.referrer.urgency
    assert decision.destination in rules().destinations
    assert [output.destination for output in decision.outputs].count(decision.destination) == 1
    assert decision.urgency.severity <= (3 if own == NOT_RECORDED else Urgency(own).severity)


@pytest.mark.parametrize("own", ["1", "4"])
def test_what_the_rules_cannot_read_is_held_as_urgently_as_the_referrer_asked(own: str) -> None:
    (decision,) = decided(Person().received(reason={"code": "18"}, referrer={"urgency": own}), rules=small_rules())
    assert (decision.hold_reason, decision.urgency) == (HoldReason.SAFETY, own)
