"""The demo as a stranger runs it: on a system of its own, and against one that runs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from tests.integration.embedded import Up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shared.running import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def demo(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`frontdoor demo` with nothing on this machine that it could find but what is in `home`."""
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "services.frontdoor", "demo", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_STATE_HOME": str(home), "TMPDIR": str(home)} | environment,
    )


def test_on_a_system_of_its_own_everything_is_accounted_for_and_nothing_is_left(tmp_path: Path):
    home = tmp_path / "home"
    done = demo(home, "--people", "40", FRONTDOOR_PORT_BASE="0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "unaccounted 0"
    assert done.stderr == ""
    for words in (
        "40 referrals",
        "Where the rules propose to send people",
        "waiting at the hub",
        "p99",
        "in plain words",
        "Because rule set",
    ):
        assert words in done.stdout
    for gone in ("frontdoor explain", str(home)):
        assert gone not in done.stdout.partition("ready in")[2]
    assert not [left for left in home.rglob("*") if left.is_file()]


class System(NamedTuple):
    """A running system with one live source and one synthetic one; `home` is where its user's commands find it."""

    running: Running
    live: str
    synthetic: str
    home: Path


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    home, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    keys = {"live": "a key of a practice", "synthetic": "a key for trying"}
    sources = home / "sources.yaml"
    sources.write_text(yaml.safe_dump({"sources": {name: source(key, name) for name, key in keys.items()}}))
    up = Up(home, "--data", str(data), FRONTDOOR_SOURCES=str(sources))
    try:
        yield System(up.until_ready(data), home=home, **keys)
        assert up.interrupt() == 0
    finally:
        up.close()


def source(key: str, name: str) -> dict[str, object]:
    return {
        "name": f"The {name} one",
        "keys": [hashlib.sha256(key.encode()).hexdigest()],
        "synthetic": name == "synthetic",
        "rate_per_minute": 100_000,
    }


def against(system: System, key: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    assert system.running.intake
    return demo(home or system.home, "--url", system.running.intake, "--key", key, "--people", "10")


def test_a_live_source_is_refused_before_anything_is_sent(system: System):
    refused = against(system, system.live)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "The live one" in refused.stderr
    assert "(not-synthetic)" in refused.stderr


def test_a_key_that_nobody_knows_is_refused(system: System):
    refused = against(system, "some other key")
    assert refused.returncode == 2
    assert "(unknown-key)" in refused.stderr


def test_a_teams_key_is_no_sources_key(system: System):
    assert system.running.keys
    refused = against(system, system.running.keys.team)
    assert refused.returncode == 2
    assert "(not-a-source)" in refused.stderr


def test_it_can_be_run_again_on_the_same_system(system: System):
    for _ in range(2):
        done = against(system, system.synthetic)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "10 referrals" in done.stdout
        assert done.stdout.splitlines()[-1] == "unaccounted 0"


def test_where_the_databases_are_out_of_reach_it_says_what_it_cannot_show(system: System, tmp_path: Path):
    done = against(system, system.synthetic, home=tmp_path / "elsewhere")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Where they stand" in done.stdout
    for setting in ("FRONTDOOR_TEAM_KEY", "FRONTDOOR_HUB_KEY", "FRONTDOOR_AUDITOR_DSN", "FRONTDOOR_READER_DSN"):
        assert setting in done.stdout
    assert done.stdout.splitlines()[-1] == "unaccounted 0"


def test_a_program_gets_one_json_document(system: System):
    assert system.running.intake
    done = demo(system.home, "--url", system.running.intake, "--key", system.synthetic, "--people", "5", "--json")
    document = json.loads(done.stdout)
    assert document["people"] == 5
    assert document["unaccounted"] == []
    assert sum(place["people"] for place in document["places"]) == 5


def test_an_address_where_nothing_answers_is_a_clear_error(tmp_path: Path):
    done = demo(tmp_path / "home", "--url", "http://127.0.0.1:9", "--key", "any")
    assert done.returncode == 2
    assert "(unreachable)" in done.stderr
