"""The command `frontdoor`: help by example, errors as one line, exit codes, and how it finds the running system."""

from __future__ import annotations

import argparse
import fcntl
import importlib
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from services.frontdoor import cli
from services.frontdoor.__main__ import COMMANDS
from services.frontdoor.embedded.folder import Folder
from shared import command_line, running
from shared.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def frontdoor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.frontdoor", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


def called(run: Any) -> int:
    return cli.call(argparse.Namespace(run=run))


@contextmanager
def a_system(folder: Path, **parts: str) -> Iterator[None]:
    """A folder as `frontdoor up` leaves it while it runs."""
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(running.Running(**parts).model_dump_json())
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def announced(folder: Path, *, withdraws: bool = True) -> Iterator[None]:
    """A folder of an `up` from when it is ready until it is stopped, or killed (it then withdraws nothing)."""
    kept = Folder(folder)
    lock = kept.claim()
    kept.announce(running.Running(data=folder, auditor_dsn="postgresql://auditor"))
    try:
        yield
    finally:
        if withdraws:
            kept.withdraw()
        os.close(lock)


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_teaches_by_example(module: str, capsys: pytest.CaptureFixture[str]):
    parser = argparse.ArgumentParser(prog="frontdoor")
    commands = parser.add_subparsers()
    importlib.import_module(f"services.frontdoor.{module}").register(commands)
    (name,) = commands.choices
    with pytest.raises(SystemExit) as left:
        parser.parse_args([name, "--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert "examples:" in said
    assert f"frontdoor {name}" in said.partition("examples:")[2]


def test_wrong_usage_is_exit_code_two():
    assert frontdoor("no-such-command").returncode == 2
    assert frontdoor("up").returncode == 2


def test_an_error_is_one_clear_line(tmp_path: Path):
    refused = frontdoor("reconcile", "--data", str(tmp_path / "nowhere"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"frontdoor: nothing runs in {tmp_path}/nowhere: start it with "
        f"`frontdoor up --embedded --data {tmp_path}/nowhere` (nothing-runs)\n"
    )


def test_an_error_that_nobody_foresaw_is_one_line_too(capsys: pytest.CaptureFixture[str]):
    def run(_: argparse.Namespace) -> int:
        raise ZeroDivisionError("division by zero")

    assert called(run) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_broker_that_is_away_is_said_once_without_what_its_driver_says():
    with socket.create_server(("127.0.0.1", 0)) as closing:
        broker = f"127.0.0.1:{closing.getsockname()[1]}"
    impatient = "from services.frontdoor import __main__, topics; topics.PATIENCE = 0.1; __main__.main()"
    refused = subprocess.run(
        [sys.executable, "-c", impatient, "topics"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"FRONTDOOR_KAFKA": broker},
    )
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        f"waiting for the broker at {broker}",
        f"frontdoor: no broker answers at {broker} (FRONTDOOR_KAFKA) (kafka-away)",
    ]


def test_a_finding_is_exit_code_one():
    assert called(lambda _: command_line.FINDING) == 1


def test_a_command_may_be_a_coroutine():
    async def run(_: argparse.Namespace) -> int:
        return command_line.FINDING

    assert called(run) == 1


def test_the_folder_named_comes_first(tmp_path: Path):
    with a_system(tmp_path / "one", intake="one"), a_system(tmp_path / "two", intake="two"):
        environment = {"FRONTDOOR_DATA": str(tmp_path / "two"), "FRONTDOOR_READER_DSN": "postgresql://three"}
        assert running.find(tmp_path / "one", environment).intake == "one"
        assert running.find(None, environment).intake == "two"


def test_a_system_in_containers_is_found_by_its_dsns():
    told = {"FRONTDOOR_READER_DSN": "postgresql://reader", "FRONTDOOR_AUDITOR_DSN": "postgresql://auditor"}
    found = running.find(None, told)
    assert (found.reader_dsn, found.auditor_dsn) == ("postgresql://reader", "postgresql://auditor")


def test_an_auditor_may_read_the_accounts_as_well():
    assert running.find(None, {"FRONTDOOR_AUDITOR_DSN": "postgresql://a"}).reader_dsn == "postgresql://a"


def test_the_newest_system_that_still_runs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with announced(tmp_path / "first"):
        with announced(tmp_path / "second"):
            assert running.find().data == tmp_path / "second"
        assert running.find().data == tmp_path / "first"
    with pytest.raises(Usage, match="nothing-runs"):
        running.find()


def test_a_system_that_was_killed_is_passed_over_and_its_link_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with announced(tmp_path / "first"):
        with announced(tmp_path / "killed", withdraws=False):
            pass
        assert running.find().data == tmp_path / "first"
        with announced(tmp_path / "third"):
            assert len(list(running.links().iterdir())) == 2


def test_an_id_that_is_not_found_is_said_with_the_folder_that_was_asked_and_what_else_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    both = announced(tmp_path / "first"), announced(tmp_path / "second")
    with both[0], both[1], pytest.raises(Usage) as refused, running.asked() as auditor:
        raise Usage(running.UNKNOWN, f"{auditor} holds nothing of it")
    assert f"this is what {tmp_path}/second says; ask {tmp_path}/first, which runs too" in refused.value.detail


def test_where_nothing_runs_it_says_what_to_do(tmp_path: Path):
    with pytest.raises(Usage, match=r"frontdoor up --embedded.*docker compose run --rm frontdoor"):
        running.find(None, {"XDG_STATE_HOME": str(tmp_path)})
