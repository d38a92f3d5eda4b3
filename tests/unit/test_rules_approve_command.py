"""`frontdoor rules approve` signs a sound file in place, and says who is still to read it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from services.triage.commands import approve, check
from services.triage.rules.approvals import digest_of
from shared.errors import Usage
from tests.rule_files import BOROUGH

if TYPE_CHECKING:
    from pathlib import Path

EDITED = BOROUGH.replace("reason: A", "reason: Another")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An edited file of the borough, where approvals of a clinician and a pharmacist are asked for."""
    places = tmp_path / "localities.yaml"
    borough = {"name": "Borough", "default": True, "opening_hours": {}, "approvals": ["clinician", "pharmacist"]}
    places.write_text(yaml.safe_dump({"localities": {"borough": borough}}))
    monkeypatch.setenv("FRONTDOOR_LOCALITIES", str(places))
    made = tmp_path / "borough" / "ruleset.yaml"
    made.parent.mkdir()
    made.write_text(EDITED)
    made.chmod(0o640)
    return made


def run(command: Any, file: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers())
    parsed = parser.parse_args([command.__name__.rpartition(".")[2], str(file), *arguments])
    return int(parsed.run(parsed))


def codes(file: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The codes of what speaks against the file."""
    run(check, file, "--json")
    return {finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]}


def test_the_file_passes_once_every_role_of_its_place_approved_it(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(
        "".join(
            line
            for line in EDITED.splitlines(keepends=True)
            if "officer, name" not in line and "services, name" not in line
        )
    )
    assert "approval" in codes(file, capsys)
    assert run(approve, file, "--role", "clinician", "--name", "Dr  Ada") == 0
    assert capsys.readouterr().out.endswith("still missing: pharmacist\n")
    assert run(approve, file, "--role", "pharmacist", "--name", "Bea", "--date", "2026-01-31", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["missing"], said["digest"]) == ([], digest_of(file.read_bytes()))
    assert "approval" not in codes(file, capsys)
    assert 'name: "Dr Ada"' in file.read_text() and "date: 2026-01-31" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    assert [other.name for other in file.parent.iterdir()] == ["ruleset.yaml"]


@pytest.mark.parametrize(
    ("role", "name", "says"),
    [
        ("clinican", "Ada", "did you mean 'clinician'"),
        ("clinician", "  ", "blank"),
        ("clinician", "\0", "cannot be seen"),
    ],
)
def test_a_role_that_is_not_asked_for_or_a_blank_name_changes_nothing(
    file: Path, role: str, name: str, says: str
) -> None:
    with pytest.raises(Usage, match=says):
        run(approve, file, "--role", role, "--name", name)
    assert file.read_text() == EDITED


def test_nobody_signs_a_file_with_faults(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(EDITED.replace("suicidal = plan ", "suicidal = plann "))
    before = file.read_bytes()
    assert run(approve, file, "--role", "clinician", "--name", "Ada") == 1
    assert "plann" in capsys.readouterr().out
    assert file.read_bytes() == before
