"""Malformed rule files: each is refused for its one fault, at its place, with its cure; none crashes and none loads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.frontdoor.cli import call, parser_of
from services.triage.rules import frame
from services.triage.rules.findings import MOST_FINDINGS
from tests.noted_faults import SHEETS, not_noted
from tests.rule_files import BOROUGH, borough_with, findings_of
from tests.signing import signed

SAMPLES = Path(__file__).parents[1] / "samples"
FAULTS: dict[str, Any] = {
    fault["fault"]: fault for fault in yaml.safe_load((SAMPLES / "malformed-rules.yaml").read_text())
}


def file_with(fault: dict[str, Any]) -> bytes:
    """The malformed file."""
    repeated = many(fault)
    if "file" in fault:
        written: str = fault["file"]
        return written.replace("{many}", repeated).encode(fault.get("as", "utf-8"))
    if "without" in fault:
        start = f"\n{BOROUGH}".index(f"\n{fault['without']}:")
        rest = BOROUGH[start:].split("\n")[1:]
        kept = next((at for at, line in enumerate(rest) if line[:1].isalpha()), len(rest))
        instead: str = fault.get("instead", "")
        return signed(BOROUGH[:start] + instead + "\n".join(rest[kept:])).encode()
    return borough_with((fault["text"], fault["instead"].replace("{many}", repeated)))


def many(fault: dict[str, Any]) -> str:
    """What stands for `{many}`."""
    chunk, times = fault.get("many", {"chunk": "", "times": 0}).values()
    return "".join(chunk.replace("{n}", str(n)) for n in range(times))


def first_line_changed(file: bytes) -> int:
    """Where it differs beside the digests that approve it."""
    old, new = (re.sub('digest: "[^"]*"', "", text).split("\n") for text in (BOROUGH, file.decode("utf-8", "replace")))
    pairs = zip(old, new, strict=False)
    return next((number for number, (old, new) in enumerate(pairs, 1) if old != new), 0)


@pytest.mark.parametrize("name", FAULTS)
def test_a_malformed_file_is_refused_at_its_place_with_its_cure(name: str):
    fault = FAULTS[name]
    file, found = file_with(fault), fault["found"]
    findings = findings_of(file)
    assert findings, "loaded"
    first = findings[0]
    place = [found.get(part, "").replace("{many}", many(fault)) for part in ("table", "row", "column")]
    assert [first.table, first.row, first.column] == place, first
    assert first.line == str(found.get("line", first_line_changed(file)) if found else first.line), first
    assert (first.file, first.code) == ("borough", found.get("code", "parse"))
    assert fault.get("message", "") in first.message and fault.get("cure", "") in first.cure, first
    assert first.message and first.cure
    assert len(findings) == 1 + fault.get("more", 0), findings


def test_the_file_that_the_faults_are_put_into_has_none():
    assert findings_of(BOROUGH.encode()) == ()


def test_there_are_enough_of_them_and_each_is_another_file():
    assert len({file_with(fault) for fault in FAULTS.values()}) == len(FAULTS) >= 70


def test_each_fault_that_the_reader_knows_has_its_malformed_file():
    def read_all() -> None:
        for fault in FAULTS.values():
            findings_of(file_with(fault))

    assert [site for site in not_noted(read_all) if site[0] not in SHEETS] == []


def test_machines_without_the_quick_yaml_parser_refuse_the_same(monkeypatch: pytest.MonkeyPatch):
    def told(fault: dict[str, Any]) -> list[tuple[str, ...]]:
        found = findings_of(file_with(fault))
        return [(finding.table, finding.row, finding.code, finding.cure) for finding in found]

    quick = {name: told(fault) for name, fault in FAULTS.items()}
    monkeypatch.setattr(frame, "_LOADER", yaml.SafeLoader)
    assert {name: told(fault) for name, fault in FAULTS.items()} == quick


def test_the_command_refuses_each_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for fault in FAULTS.values():
        file = tmp_path / "borough"
        file.write_bytes(file_with(fault))
        assert call(parser_of(()).parse_args(["rules", "check", str(file), "--json"])) == 1
        told = [found for found in json.loads(capsys.readouterr().out)["findings"] if found["code"] != "edge"]
        assert len(told) > fault.get("more", 0) and told[0]["table"] == fault["found"].get("table", "")


def test_every_fault_of_a_file_is_told_in_one_reading():
    names = (
        "a word that no input has",
        "numbers backwards",
        "a hazard nobody listed",
        "yes in capitals",
        "an added destination that does not exist",
        "a given input that does not exist",
        "an overlap that nobody declared",
    )
    found = [FAULTS[name]["found"] for name in names]
    findings = findings_of(borough_with(*((FAULTS[name]["text"], FAULTS[name]["instead"]) for name in names)))
    assert {(finding.table, finding.row, finding.column) for finding in findings} == {
        (each["table"], each["row"], each["column"]) for each in found
    }


def test_a_promise_about_a_section_whose_row_has_a_fault_is_no_second_fault():
    fault = FAULTS["a destination that does not exist"]
    promise = ("suicidal is plan or intent, priority is 1 or 4", "life_in_danger is yes, section is emergency")
    assert len(findings_of(borough_with(promise, (fault["text"], fault["instead"])))) == 1


def test_a_file_of_faults_is_refused_before_it_costs_much():
    rows = "".join(f"    X{number} | plann\n" for number in range(900))
    head = "urgency:\n  table: |\n"
    assert len(findings_of(borough_with((head, f"{head}    row | suicidal\n{rows}")))) == MOST_FINDINGS
