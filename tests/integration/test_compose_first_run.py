"""What a first `make up` writes: secrets for this machine alone, once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import yaml

from services.intake.senders import read_senders
from tests.stack import DEPLOY

if TYPE_CHECKING:
    from pathlib import Path

RULES = DEPLOY / "rules" / "lambeth" / "ruleset.yaml"


def first_run(folder: Path) -> dict[str, str]:
    """Runs it; the settings in `.env`."""
    script = [sys.executable, str(DEPLOY / "first_run.py")]
    subprocess.run(script, env=os.environ | {"FRONTDOOR_ROOT": str(folder)}, check=True)
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_the_keys_it_tells_are_those_that_intake_knows(tmp_path: Path) -> None:
    settings = first_run(tmp_path)
    local = tmp_path / "deploy" / "local"
    senders = read_senders(local / "sources.yaml", local / "teams.yaml", {"lambeth": None})
    known = {name: senders.who(f"Bearer {settings[f'FRONTDOOR_{name}_KEY']}") for name in ("SOURCE", "TEAM", "HUB")}
    assert {name: sender and sender.id for name, sender in known.items()} == {
        "SOURCE": "first-practice",
        "TEAM": "every-team",
        "HUB": "hub",
    }
    assert all(sender and sender.synthetic for sender in known.values())


def test_its_teams_receive_for_every_destination_of_the_rules(tmp_path: Path) -> None:
    first_run(tmp_path)
    local = tmp_path / "deploy" / "local"
    senders = read_senders(local / "sources.yaml", local / "teams.yaml", {"lambeth": None})
    assert senders.destinations == set(yaml.safe_load(RULES.read_bytes())["destinations"])


def test_no_file_but_the_settings_holds_a_secret_and_nobody_else_reads_those(tmp_path: Path) -> None:
    settings = first_run(tmp_path)
    secrets = [value for name, value in settings.items() if name.endswith(("_PASSWORD", "_KEY", "_SECRET"))]
    others = "".join(file.read_text() for file in (tmp_path / "deploy" / "local").iterdir())
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert len(set(secrets)) == len(secrets) > 8
    assert not any(secret in others for secret in secrets)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    first = first_run(tmp_path)
    configured = (tmp_path / "deploy" / "local" / "sources.yaml").read_bytes()
    assert first_run(tmp_path) == first
    assert (tmp_path / "deploy" / "local" / "sources.yaml").read_bytes() == configured


def test_what_the_containers_read_is_readable_to_them_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        first_run(tmp_path)
    finally:
        os.umask(before)
    local = tmp_path / "deploy" / "local"
    assert stat.S_IMODE(local.stat().st_mode) & 0o005 == 0o005
    assert all(stat.S_IMODE(file.stat().st_mode) & 0o004 for file in local.iterdir())
