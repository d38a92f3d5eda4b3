"""`frontdoor sources`: how a test message would be read and answered, and who may refer; nothing runs."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from services.frontdoor.cli import call
from services.intake.commands import register
from services.intake.contract.examples import EXAMPLES
from services.intake.sources.forms import FORMS
from tests.mllp import a_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ran = Callable[..., tuple[int, Any]]


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    """Runs `frontdoor sources ...`; its exit code and what it printed (as JSON where that was asked for)."""
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())

    def run(*words: str) -> tuple[int, Any]:
        code = call(parser.parse_args(["sources", *words]))
        shown = capsys.readouterr()
        return code, json.loads(shown.out) if "--json" in words and shown.out else shown.out + shown.err

    return run


@pytest.fixture
def full(tmp_path: Path) -> Path:
    file = tmp_path / "referral.json"
    file.write_bytes(orjson.dumps(EXAMPLES["full"]))
    return file


def test_a_message_is_shown_value_by_value_with_its_answer_and_what_triage_would_be_told(ran: Ran, full: Path):
    code, (seen,) = ran("check", str(full), "--as", "json", "--json")
    assert code == 0
    assert {"place": "person.born", "path": "person.born", "value": "1984-03-17"} in seen["values"]
    answer = json.loads(seen["answer"]["body"])
    assert (seen["answer"]["status"], answer["emergency"], answer["warnings"]) == ("202", False, [])
    assert seen["facts"]["presentation"]["phq9"] == 12
    assert "born" not in json.dumps(seen["facts"]) and "name" not in seen["facts"]["person"]
    code, shown = ran("check", str(full), "--as", "json")
    assert code == 0
    assert "test message" in shown.splitlines()[0]
    assert "presentation.phq9" in shown
    assert '    "warnings": []' in shown.splitlines()


def test_each_row_of_a_csv_file_is_shown_by_its_columns(ran: Ran, tmp_path: Path):
    file = tmp_path / "list.csv"
    file.write_text("family,born,reason,Pets,urgency\nExample,17/03/1984,low,cats,1\nExample,1/1/80,low,,1\n")
    code, seen = ran("check", str(file), "--as", "csv", "--json")
    first, second = seen["rows"]
    assert code == 1
    assert {"place": "column 2 (person.born)", "path": "person.born", "value": "1984-03-17"} in first["values"]
    assert [value["place"] for value in first["unmapped"]] == ["Pets"]
    assert first["values"][-1]["path"] == "message_id" and first["values"][-1]["place"] == "the whole row"
    answer = json.loads(seen["answer"]["body"])
    assert (second["taken"], seen["answer"]["status"], answer["unknown_columns"]) == (False, "422", [4])
    assert [(one["line"], bool(one["referral_id"])) for one in answer["emergencies"]] == [(2, True), (3, False)]
    assert all("999" in one["phone_now"] for one in answer["emergencies"])


def test_a_day_that_another_row_makes_doubtful_is_shown_so(ran: Ran, tmp_path: Path):
    file = tmp_path / "list.csv"
    file.write_text("family,born,reason\nExample,05/06/1990,low\nExample,05/31/1990,low\n")
    _, seen = ran("check", str(file), "--as", "csv", "--json")
    assert [row["taken"] for row in seen["rows"]] == [False, False]


def test_each_message_of_a_batch_is_shown(ran: Ran, tmp_path: Path):
    file = tmp_path / "batch"
    file.write_bytes(b"\x0b" + a_message(control="1") + a_message(control="2") + b"\x1c\r")
    _, seen = ran("check", str(file), "--as", "hl7v2", "--json")
    assert [one["answer"]["status"] for one in seen] == ["AA", "AA"]


def test_what_cannot_be_read_is_shown_with_the_sentence_that_says_to_phone(ran: Ran, tmp_path: Path):
    file = tmp_path / "message"
    file.write_bytes(b"nothing that can be read")
    for standard, words in (("json", "phone, do not wait"), ("hl7v2", "phone, do not wait"), ("bars", "999")):
        _, (seen,) = ran("check", str(file), "--as", standard, "--json")
        assert words in seen["answer"]["body"], standard


def test_a_yes_in_json_is_shown_as_json_has_it(ran: Ran, tmp_path: Path):
    file = tmp_path / "referral.json"
    file.write_bytes(orjson.dumps(EXAMPLES["minimal"] | {"risk": {"means": True}}))
    line = next(line for line in ran("check", str(file), "--as", "json")[1].splitlines() if "risk.means" in line)
    assert line.split() == ["risk.means", "risk.means", "true"]


def test_a_refusal_is_a_finding_and_a_wrong_word_is_not_a_traceback(ran: Ran, full: Path, tmp_path: Path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"reason": {"text": "low"}, "risk": {"life_in_danger": "yes"}}')
    code, (seen,) = ran("check", str(bad), "--as", "json", "--json")
    assert (code, seen["answer"]["status"]) == (1, "422")
    assert "999" in json.loads(seen["answer"]["body"])["phone_now"]
    assert ran("check", str(full), "--as", "telex")[0] == 2
    assert ran("check", str(tmp_path / "none"), "--as", "json")[0] == 2
    assert ran("check", str(full), "--as", "json", "--source", "nobody")[0] == 2
    assert ran("check", str(full), "--as", "json", "--source", "practices-north")[0] == 0


def test_a_message_of_mesh_is_read_in_the_standard_of_its_workflow(
    ran: Ran, full: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FRONTDOOR_MESH_WORKFLOWS", "OTHER=csv REFERRAL_V1=json")
    assert ran("check", str(full), "--as", "mesh", "--workflow", "REFERRAL_V1")[0] == 0
    assert ran("check", str(full), "--as", "mesh", "--workflow", "UNKNOWN")[0] == 2


@pytest.mark.parametrize("standard", FORMS)
def test_any_bytes_get_an_answer_in_every_standards_own_form(ran: Ran, tmp_path: Path, standard: str):
    file = tmp_path / "message"
    for content in (b"", b"\xff\x00", b"{}", b"a,b\n1,2\n"):
        file.write_bytes(content)
        code, seen = ran("check", str(file), "--as", standard, "--json")
        assert code == 1
        assert all(one["answer"]["status"] for one in ([seen] if standard == "csv" else seen))


def test_who_may_refer_is_listed_without_a_key(ran: Ran):
    code, listed = ran("list", "--json")
    north = next(source for source in listed if source["id"] == "practices-north")
    assert (code, north["may"], north["standards"][:2], north["keys"]) == (
        0,
        ["amend", "cancel", "refer"],
        ["json", "csv"],
        1,
    )
    assert "5c09e8b6" not in json.dumps(listed)
    assert "practices-north" in ran("list")[1]


def test_a_source_is_listed_with_each_standard_once_by_its_own_name(ran: Ran, tmp_path: Path):
    file = tmp_path / "sources.yaml"
    keys = f"keys: ['{'0' * 64}']"
    file.write_text(
        f"sources: {{gp: {{name: GP, {keys}, bars: {{}}, hl7: {{application: X}}, mesh: {{mailboxes: [A1]}}}}}}"
    )
    _, (one,) = ran("list", "--sources", str(file), "--json")
    assert one["standards"] == ["json", "csv", "bars", "hl7v2", "mesh"]


def test_what_is_wrong_with_one_source_is_told_with_its_name(ran: Ran, tmp_path: Path):
    file = tmp_path / "sources.yaml"
    file.write_text(f"sources: {{south: {{name: South, keys: ['{'0' * 64}'], hl7: {{}}, colour: red}}}}")
    code, shown = ran("list", "--sources", str(file))
    assert code == 2
    assert "south.hl7" in shown and "south.colour" in shown
