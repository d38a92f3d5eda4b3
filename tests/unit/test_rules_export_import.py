"""`frontdoor rules export` and `import`: out to a spreadsheet and back into the file, and nothing written over unsaid."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING

import openpyxl
import pytest

from services.frontdoor import cli
from services.triage.commands import bring_in, check, export
from tests.rule_files import BOROUGH

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ruleset.yaml"
    path.write_text(BOROUGH)
    return path


def frontdoor(module: ModuleType, *arguments: object) -> int:
    """The exit code of one command of `frontdoor rules`, as the command line calls it."""
    parser = argparse.ArgumentParser()
    module.register(parser.add_subparsers())
    name = "import" if module is bring_in else module.__name__.rpartition(".")[2]
    return cli.call(parser.parse_args([name, *map(str, arguments)]))


def replaced(folder: Path, old: str, new: str) -> None:
    """Every CSV file of the folder with one text in place of another."""
    for path in folder.glob("*.csv"):
        path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


def test_an_edit_in_a_folder_reaches_the_file_and_its_table_alone(file: Path, capsys: pytest.CaptureFixture[str]):
    folder = file.parent / "tables"
    assert frontdoor(export, file, "--to", folder) == 0
    replaced(folder, "D02,not none", "D02.1,not none")
    capsys.readouterr()
    assert frontdoor(bring_in, file, "--from", folder) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "continuity: rows in: 1, rows out: 1",
        f"1 of 8 tables changed in {file}",
        f"next: frontdoor rules check {file}",
    ]
    old, new = BOROUGH.splitlines(), file.read_text().splitlines()
    changed = [number for number, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]
    start = old.index("  - name: continuity")
    assert changed and all(start < number < start + 4 for number in changed)


def test_an_edit_in_a_book_goes_to_a_new_file(file: Path, capsys: pytest.CaptureFixture[str]):
    book, out = file.parent / "book.xlsx", file.parent / "next.yaml"
    assert frontdoor(export, file, "--xlsx", book) == 0
    edited = openpyxl.load_workbook(book)
    sheet = edited.worksheets[-1]
    sheet.delete_rows(2)
    edited.save(book)
    capsys.readouterr()
    assert frontdoor(bring_in, file, "--from", book, "--out", out, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"findings": [], "file": str(out), "changed": {"examples": {"rows in": 0, "rows out": 1}}}
    assert file.read_text() == BOROUGH
    assert len(out.read_text().splitlines()) == len(BOROUGH.splitlines()) - 1


def test_where_nothing_changed_nothing_is_written(file: Path, capsys: pytest.CaptureFixture[str]):
    folder = file.parent / "tables"
    frontdoor(export, file, "--to", folder)
    before = file.stat()
    assert frontdoor(bring_in, file, "--from", folder) == 0
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert "no table changed" in capsys.readouterr().out


def test_a_refused_spreadsheet_leaves_the_file_alone(file: Path, capsys: pytest.CaptureFixture[str]):
    folder = file.parent / "tables"
    frontdoor(export, file, "--to", folder)
    replaced(folder, "D02,not none", "D02,not | none")
    (folder / "08-examples.csv").rename(folder / "08-examples (1).csv")
    (folder / ".~lock.01-urgency.csv#").write_text("somebody has it open")
    capsys.readouterr()
    assert frontdoor(bring_in, file, "--from", folder, "--json") == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(finding["table"], finding["row"], finding["column"]) for finding in found] == [
        ("08-examples", "", ""),
        ("08-examples (1)", "", ""),
        ("04-continuity", "2", "B (current_team)"),
    ]
    assert file.read_text() == BOROUGH


def test_a_write_that_fails_leaves_the_file_whole(file: Path, monkeypatch: pytest.MonkeyPatch):
    folder = file.parent / "tables"
    frontdoor(export, file, "--to", folder)
    replaced(folder, "D02", "D02.1")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert frontdoor(bring_in, file, "--from", folder) == 2
    assert file.read_text() == BOROUGH
    assert sorted(path.name for path in file.parent.iterdir()) == ["ruleset.yaml", "tables"]


def test_a_changed_file_keeps_its_rights_and_a_link_stays_a_link(file: Path):
    file.chmod(0o640)
    link = file.parent / "link.yaml"
    link.symlink_to(file)
    folder = file.parent / "tables"
    frontdoor(export, link, "--to", folder)
    replaced(folder, "D02", "D02.1")
    assert frontdoor(bring_in, link, "--from", folder) == 0
    assert link.is_symlink() and file.read_text() != BOROUGH
    assert file.stat().st_mode & 0o777 == 0o640


def test_nothing_is_written_over_unasked(file: Path):
    folder, book, other = file.parent / "tables", file.parent / "book.xlsx", file.parent / "other.yaml"
    other.write_text("somebody's work")
    frontdoor(export, file, "--to", folder)
    frontdoor(export, file, "--xlsx", book)
    replaced(folder, "D02", "D02.1")
    kept = {path: path.read_bytes() for path in [book, other, *folder.iterdir()]}
    assert frontdoor(export, file, "--to", folder) == 2
    assert frontdoor(export, file, "--xlsx", book) == 2
    assert frontdoor(bring_in, file, "--from", folder, "--out", other) == 2
    assert {path: path.read_bytes() for path in kept} == kept
    assert frontdoor(bring_in, file, "--from", folder, "--out", file) == 0
    assert file.read_text() != BOROUGH


def test_a_file_that_cannot_be_read_is_a_finding_of_export(file: Path, capsys: pytest.CaptureFixture[str]):
    file.write_text(BOROUGH.replace("  - name: crisis\n", "  - name:\n"))
    assert frontdoor(export, file, "--to", file.parent / "tables") == 1
    assert "ruleset.yaml" in capsys.readouterr().out
    assert not (file.parent / "tables").exists()


@pytest.mark.parametrize("module", [check, export, bring_in], ids=lambda module: module.__name__)
def test_every_command_of_rules_teaches_by_example(module: ModuleType, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        frontdoor(module, "--help")
    assert "frontdoor rules" in capsys.readouterr().out.partition("examples:")[2]
