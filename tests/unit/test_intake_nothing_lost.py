"""Whatever stands where in a document: an answer is read, or a person is told; words are screened wherever they are."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake import person
from services.intake.contract.fields import CONTRACT
from services.intake.contract.reading import read
from services.intake.safety.emergency import is_emergency
from tests.intake import ADA

ANSWERS: Final = {
    ("referrer", "urgency"): "1",
    ("risk", "life_in_danger"): "yes",
    ("presentation", "phq9_item9"): 3,
    ("perinatal", "red_flag"): "yes",
    ("reason", "mental_health_act"): "yes",
}
GROUPS: Final = sorted(name for name, node in CONTRACT.items() if isinstance(node, dict))


@pytest.mark.parametrize(("group", "name"), ANSWERS)
@pytest.mark.parametrize("wrapped", [lambda it: [it], lambda it: [it, it], str], ids=["in a list", "twice", "as text"])
def test_an_answer_about_risk_in_a_group_that_is_no_object_is_looked_at(group: str, name: str, wrapped: Any):
    reading = read({"person": ADA, group: wrapped({name: ANSWERS[group, name]})})
    assert reading.unread_risk or reading.get(f"{group}.text")
    assert is_emergency(reading) or reading.prose


@pytest.mark.parametrize("reason", [4, 4.0, "4", "4.0", "04", ["04"]], ids=repr)
def test_a_reason_told_as_a_number_is_a_reason(reason: Any):
    reading = read({"person": ADA, "reason": reason})
    assert (reading.get("reason.code"), person.missing(reading)) == ("04", ())


@pytest.mark.parametrize("interpreter", [{"needed": "yes"}, {"needed": "yes", "language": "pl"}, {"language": "pl"}])
def test_an_interpreter_told_in_parts_hides_no_language_told_beside_it(interpreter: dict[str, str]):
    reading = read({"needs": {"interpreter": interpreter, "interpreter_language": "pl"}})
    assert reading.get("needs") == {"interpreter": "yes", "interpreter_language": "pl"}
    assert (reading.warnings, reading.prose) == ([], [])


def test_what_else_an_interpreters_parts_say_is_screened_and_named_by_its_place():
    said = {"needed": "yes", "language": "pt", "why": "says that she wants to die"}
    reading = read({"needs": {"interpreter": said, "interpreter_language": "pl"}})
    assert {"says that she wants to die", "pt"} <= set(reading.prose)
    assert [notice.path for notice in reading.warnings] == ["needs.interpreter[3rd field]"]
    assert reading.get("needs.interpreter_language") == "pl"


names = st.sampled_from(sorted({name for group in GROUPS for name in CONTRACT[group]} | {"note", "needed", "language"}))
anywhere = st.recursive(
    st.just("HELP"),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*GROUPS, "letter"]), anywhere, min_size=1, max_size=3))
@example({"risk": {"dependants": "HELP"}})
@example({"needs": {"interpreter": {"needed": "HELP", "language": "HELP"}, "interpreter_language": "HELP"}})
def test_every_word_is_read_into_a_field_or_screened(document: dict[str, Any]):
    """Each HELP is no code and no answer: wherever it stands, it is the text of a field, or the screen sees it."""
    numbers = itertools.count()
    text, sent = re.subn("HELP", lambda _: f"HELP{next(numbers)}.", json.dumps(document))
    reading = read(json.loads(text))
    kept = f"{reading.values} {reading.prose}"
    assert [number for number in range(sent) if f"HELP{number}." not in kept] == []
