"""A field that nobody knows is found by its place: its name could be a patient's, and is never repeated."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.contract.outcomes import cancellation_reason, read_outcome
from services.intake.contract.reading import read
from services.intake.senders import Team

HUB = Team(id="hub", name="Hub", keys=("0" * 64,), destinations=frozenset(("hub",)), hub=True)


@pytest.mark.parametrize(
    ("sent", "places"),
    [
        ({"Smith": 1, "person": {"born": "1984-03-17"}}, ["[1st field]"]),
        ({"person": {"born": None, "postcode": "", "Mrs Smith": "x"}}, ["person[3rd field]"]),
        ({"person": {"Smith": {"Ada": 1}, "born": "1984-03-17", "Jones": 2}}, ["person[1st field]", "person[3rd field]"]),
        ({"presentation": {"treatments": [{}, {"kind": "antidepressant", "Smith": 1}]}},
         ["presentation.treatments[1][2nd field]"]),
        ({"person": {**{f"Smith {n}": None for n in range(10)}, "Smith": 1}}, ["person[11th field]"]),
        ({"person": {"Smith": " "}, "reason": "low"}, []),
    ],
)  # fmt: skip
def test_an_unknown_field_is_named_by_its_place_in_what_was_sent(sent: dict[str, Any], places: list[str]):
    reading = read(sent)
    assert [warning.path for warning in reading.warnings if warning.code == "unknown-field"] == places
    assert "Smith" not in str([warning.as_json() for warning in reading.warnings])


def test_an_unknown_field_of_an_outcome_is_named_by_its_place():
    by = {"name": "Sam", "role": "clerk", "Smith": 1}
    outcome = read_outcome({"kind": "accepted", "note": None, "Smith": 1, "by": by}, HUB, {"hub"})
    assert [warning.path for warning in outcome.warnings] == ["[3rd field]", "by[3rd field]"]


def test_an_unknown_field_of_a_cancellation_is_named_by_its_place():
    _, warnings = cancellation_reason({"reason": "duplicate", "Smith": 1})
    assert [warning.path for warning in warnings] == ["[2nd field]"]
