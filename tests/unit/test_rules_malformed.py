"""Malformed rule files: each is refused for its one fault, at its place, with its cure; none crashes and none loads."""

from __future__ import annotations

import argparse
import ast
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from services.triage import rules
from services.triage.commands import check
from services.triage.rules import frame
from services.triage.rules.cells import CellError
from services.triage.rules.findings import MOST_FINDINGS, Place
from tests.rule_files import BOROUGH, borough_with, findings_of

if TYPE_CHECKING:
    from types import CodeType, FrameType

SAMPLES = Path(__file__).parents[1] / "samples"
FAULTS: dict[str, Any] = {
    fault["fault"]: fault for fault in yaml.safe_load((SAMPLES / "malformed-rules.yaml").read_text())
}
ENGINE = Path(rules.__file__).parent


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
        return (BOROUGH[:start] + instead + "\n".join(rest[kept:])).encode()
    return borough_with((fault["text"], fault["instead"].replace("{many}", repeated)))


def many(fault: dict[str, Any]) -> str:
    """What stands for `{many}`."""
    chunk, times = fault.get("many", {"chunk": "", "times": 0}).values()
    return "".join(chunk.replace("{n}", str(n)) for n in range(times))


def first_line_changed(file: bytes) -> int:
    pairs = zip(BOROUGH.split("\n"), file.decode("utf-8", "replace").split("\n"), strict=False)
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
    """Every call of `fault` and every `CellError` in the engine is reached."""
    reached: set[tuple[str, int]] = set()
    noting: set[CodeType] = {Place.fault.__code__, CellError.__init__.__code__}

    def note(called: FrameType, event: str, _argument: object) -> None:
        if event == "call" and called.f_code in noting and called.f_back:
            reached.add((Path(called.f_back.f_code.co_filename).name, called.f_back.f_lineno))

    sys.setprofile(note)
    try:
        for fault in FAULTS.values():
            findings_of(file_with(fault))
    finally:
        sys.setprofile(None)
    assert [
        site for site in sites() if not any((site[0], line) in reached for line in range(site[1], site[2] + 1))
    ] == []


def sites() -> list[tuple[str, int, int]]:
    """Where the engine notes a fault: file, first line, last line."""
    calls = [
        (file.name, node)
        for file in sorted(ENGINE.glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
    ]
    return [
        (name, call.lineno, call.end_lineno or call.lineno)
        for name, call in calls
        if (isinstance(call.func, ast.Attribute) and call.func.attr == "fault")
        or (isinstance(call.func, ast.Name) and call.func.id == "CellError")
    ]


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
        assert check.run(argparse.Namespace(file=file, json=True)) == 1
        told = json.loads(capsys.readouterr().out)["findings"]
        assert len(told) == 1 + fault.get("more", 0) and told[0]["table"] == fault["found"].get("table", "")


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


def test_a_file_of_faults_is_refused_before_it_costs_much():
    rows = "".join(f"    X{number} | plann\n" for number in range(900))
    head = "urgency:\n  table: |\n"
    assert len(findings_of(borough_with((head, f"{head}    row | suicidal\n{rows}")))) == MOST_FINDINGS


def test_zz():
    pass
