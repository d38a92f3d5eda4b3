from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from services.intake.coding import code
from services.intake.contract.fields import CONTRACT
from services.intake.contract.reading import read
from shared.cloudevents import from_json, to_json
from shared.referral import CodedReferral
from tests.intake_coded import PLACE, TODAY

RISKS: dict[str, Any] = {
    **dict.fromkeys(("life_in_danger", "means", "weapon", "self_harm_needs_treatment"), ("yes", "no")),
    **dict.fromkeys(("from_others", "domestic_abuse", "safety_plan", "safeguarding_referred"), ("yes", "no")),
    "suicidal": ["none", "ideation", "plan", "intent"],
    "self_harm": ["none", "historic", "recent", "current"],
    "to_others": ["none", "ideas", "plan", "violence"],
    "self_neglect": ["none", "some", "severe"],
}
answers = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in RISKS.items()})
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
groups = st.dictionaries(st.sampled_from(sorted(set(CONTRACT) - {"risk"})), anything)
fields = {
    group: st.dictionaries(st.sampled_from(sorted(tree)), anything)
    for group, tree in CONTRACT.items()
    if isinstance(tree, dict)
}


UNHURRIED = settings(suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy


@UNHURRIED
@given(answers, groups, st.fixed_dictionaries({}, optional={name: fields[name] for name in fields if name != "risk"}))
def test_no_recorded_risk_answer_is_lost_on_the_way_to_coded_form(
    risk: dict[str, str], noise: dict[str, Any], sections: dict[str, Any]
):
    found = structs.asdict(code(read({**noise, **sections, "risk": risk}), PLACE, TODAY).risk)
    assert {name: found[name] for name in risk} == risk


@UNHURRIED
@given(st.fixed_dictionaries({}, optional=fields), groups)
def test_any_document_can_be_coded_and_an_unreadable_risk_answer_is_never_silent(
    sections: dict[str, Any], noise: dict[str, Any]
):
    reading = read({**noise, **sections})
    found = code(reading, PLACE, TODAY)
    unread = {
        warning.path for warning in reading.warnings if warning.path.startswith("risk.") and "?" not in warning.path
    }
    assert not unread or found.risk_words
    assert from_json(CodedReferral, to_json(found)) == found
