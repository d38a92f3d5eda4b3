"""A whole number is the same however a program writes it: a code, a yes, a score; and nothing else becomes one."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake import person
from services.intake.contract.fields import CONTRACT, Each
from services.intake.contract.outcomes import read_outcome
from services.intake.contract.reading import read
from services.intake.contract.values import YES_NO, Kind, clinical_code, urgency
from services.intake.safety.emergency import is_emergency
from services.intake.senders import Team
from services.intake.sources import csv, json
from services.intake.sources.paths import KINDS
from tests.intake import ADA

NUMERIC: Final = {
    path: kind
    for path, (kind, _) in KINDS.items()
    if kind.name in {"yes or no", "response priority", "whole number", "names and ages"} or "enum" in kind.schema
} | {
    path: KINDS[path][0]
    for path in ("social.employment", "social.accommodation", "needs.adjustments")
    if isinstance(KINDS[path][0], Kind)
}
FORMS: Final = ("{}.0", "{}.00", "{}.", "{},0", "{},00", " {} ", "\N{NO-BREAK SPACE}{}", "{}.0 ")
WIDE: Final = str.maketrans("0123456789.", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff0e")


@given(st.sampled_from(sorted(NUMERIC)), st.integers(0, 120), st.sampled_from(FORMS), st.booleans())
def test_every_field_that_reads_a_number_reads_it_as_any_program_writes_it(
    path: str, number: int, form: str, wide: bool
):
    kind = NUMERIC[path]
    text = form.format(number)
    assert kind.read(text.translate(WIDE) if wide else text) == kind.read(str(number))
    assert kind.read(float(number)) == kind.read(number) == kind.read(str(number))


@given(
    st.sampled_from(sorted(NUMERIC)),
    st.integers(0, 30),
    st.sampled_from(("{}.5", "{},5", "-{}", "{},000", "{}.0.0", "{}%", "+{}", "{}e0")),
)
def test_what_is_no_whole_number_is_read_as_none(path: str, number: int, form: str):
    kind = NUMERIC[path]
    assert kind.read(form.format(number)) in ({"yes"} if kind.name == "names and ages" else {None})


@pytest.mark.parametrize("zero", ["00", "000", "0,000", "-0", "O", "null", "None", "nan", "N/A", "?"])
def test_no_other_zero_and_no_word_of_a_program_for_nothing_is_a_no(zero: str):
    assert YES_NO.read(zero) is None


@pytest.mark.parametrize(("told", "meant"), [("01", "1"), ("01.0", "1"), ("02", None), ("03", None), ("04", None)])
def test_a_zero_in_front_raises_and_never_lowers(told: str, meant: str | None):
    assert urgency(told) == meant


def test_every_code_of_a_closed_list_is_still_itself():
    def kinds(node: Any) -> list[Kind]:
        if isinstance(node, Kind):
            return [node]
        return kinds(node.of) if isinstance(node, Each) else [kind for one in node.values() for kind in kinds(one)]

    listed = [kind for kind in kinds(CONTRACT) if "enum" in kind.schema]
    assert len(listed) > 50
    for kind in listed:
        assert [kind.read(code) for code in kind.schema["enum"] if code != "not recorded"] == [
            code for code in kind.schema["enum"] if code != "not recorded"
        ]
    assert [clinical_code(code) for code in ("F32.0", "F32", "35489007", "35489007.0")] == [
        *("F32.0", "F32", "35489007", "35489007")
    ]


@pytest.mark.parametrize("one", ["1.0", "1.", "1.00", "1,0", " 1 ", "01", "\N{FULLWIDTH DIGIT ONE}", 1.0, 1], ids=repr)
def test_an_emergency_is_one_however_its_number_is_written(one: Any):
    for group in ({"referrer": {"urgency": one}}, {"risk": {"life_in_danger": one}}):
        if one == "01" and "risk" in group:
            continue  # no priority: only a 1 is a yes
        document = json.parse(orjson.dumps({"person": ADA, "reason": "low", **group}))
        assert is_emergency(read(document)), group


@pytest.mark.parametrize(("urgent", "danger"), [("1.0", ""), ("", "1.0"), ('"1,0"', "0.0"), ("3.0", "1.00")])
def test_a_row_that_a_program_wrote_with_fractions_is_an_emergency(urgent: str, danger: str):
    told = csv.told(f"NHS number,Reason,Urgency,life in danger\n9990000018.0,4.0,{urgent},{danger}\n".encode())
    reading = read(told.document)
    assert is_emergency(reading)
    assert reading.get("reason.code") == "04"
    assert person.nhs_number(reading) == "9990000018"


@pytest.mark.parametrize(("fractions", "plain"), [("3.0,0.0,14.0,1.0;0.0", "3,0,14,1;0"), ("2.0,1.0,,", "2,yes,,")])
def test_a_row_with_fractions_is_the_same_row(fractions: str, plain: str):
    head = "NHS number,Reason,Urgency,life in danger,phq9,phq9 items\n9990000018,low,"
    one, other = (csv.told(f"{head}{row}\n".encode()) for row in (fractions, plain))
    assert one.document == other.document


def test_what_a_team_answers_may_have_them_too():
    hub = Team(id="hub", name="Hub", keys=("0" * 64,), destinations=frozenset(("hub",)), hub=True)
    by = {"name": "Sam", "role": "nurse", "registration": "12A3456B"}
    told = {"kind": "returned", "by": by, "reason": 3.0, "onward": "hub-review", "urgency": "1.0"}
    assert read_outcome(told, hub, frozenset(("hub",))).reason == "03"
    stepped = read_outcome(told | {"kind": "stepped-up", "to": "hub"}, hub, frozenset(("hub",)))
    assert stepped.urgency == "1"
