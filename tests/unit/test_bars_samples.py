"""Each sample of a BaRS message yields what the table beside them says."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest

from services.intake.contract.reading import read
from services.intake.person import demand
from services.intake.problems import Refused
from services.intake.sources.bars import outcome
from services.intake.sources.forms import FORMS, Moment
from tests.bars import EXPECTED, SAMPLES, SOURCES, TEAM, issue, parsed, request_id, sample

if TYPE_CHECKING:
    from services.intake.sources.told import Told

MOMENT = Moment(dt.datetime(2026, 11, 25, tzinfo=dt.UTC), UUID(int=7))


def told(name: str) -> Told:
    sender = EXPECTED[name].get("sender", "gp")
    if sender == TEAM.id:
        return outcome.told(sample(name), TEAM)
    return FORMS["bars"].read(sample(name), SOURCES[sender])


def found(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return len(document) if path == "attachments" and document else document


def test_the_table_names_every_sample_and_no_other():
    assert {file.name for file in SAMPLES.glob("*.json")} == set(EXPECTED)
    assert len(EXPECTED) >= 40


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_yields_what_the_table_says(name: str):
    expected = EXPECTED[name]
    if "does" not in expected:
        with pytest.raises(Refused) as refused:
            told(name)
        reply = FORMS["bars"].refused(sample(name), refused.value, SOURCES["gp"], MOMENT)
        assert (reply.status, issue(reply.body)[0]) == (str(expected["status"]), expected["issue"])
        assert parsed(reply.body).issue
        return
    one = told(name)
    assert one.does == expected["does"]
    assert {path: found(one.document, path) for path in expected.get("facts", {})} == expected.get("facts", {})
    if one.does == "refer":
        reading = read(one.document)
        warned = {notice.code for notice in (*one.warnings, *reading.warnings)}
        assert warned - {"check-digit"} == set(expected.get("warnings", ())) - {"check-digit"}


@pytest.mark.parametrize("name", [name for name, row in EXPECTED.items() if row["status"] == 200])
def test_what_is_taken_is_answered_with_a_bundle_that_a_reader_of_fhir_understands(name: str):
    one = told(name)
    demand(read(one.document))
    answer = orjson.dumps(
        {"referral_id": str(UUID(int=9)), "emergency": False, "warnings": [n.as_json() for n in one.warnings]}
    )
    reply = FORMS["bars"].taken(one, answer, False, MOMENT)
    assert reply.status == "200"
    assert parsed(reply.body).type == "message"
    assert request_id(reply.body) == str(UUID(int=9))
    again = FORMS["bars"].taken(one, answer, True, MOMENT)
    assert (again.status, issue(again.body)) == ("409", ("duplicate", "REC_CONFLICT"))


@pytest.mark.parametrize("name", [name for name, row in EXPECTED.items() if row.get("does") == "refer"])
def test_a_message_tells_the_same_with_blanks_and_without(name: str):
    written = orjson.dumps(orjson.loads(sample(name).removeprefix(b"\xef\xbb\xbf")))
    assert FORMS["bars"].read(written, SOURCES[EXPECTED[name].get("sender", "gp")]) == told(name)


def test_no_warning_and_no_place_holds_anything_of_the_person():
    for name, row in EXPECTED.items():
        if row.get("does") == "refer":
            one = told(name)
            places = " ".join(
                (*one.trail.values(), *(notice.path for notice in one.warnings), *one.document.get("unmapped", {}))
            )
            assert not [word for word in ("Ada", "Example", "9990000018", "SW9", "07700") if word in places], name
