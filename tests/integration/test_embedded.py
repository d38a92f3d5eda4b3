"""`frontdoor up --embedded` starts everything, says so, and leaves nothing behind, whichever way it ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest

from shared.running import runs
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.embedded import Start

pytestmark = pytest.mark.timeout(300)  # a busy machine starts five processes slowly
PARTS = {"supervisor", "kafka", "postgres", "intake", "triage", "audit", "watch"}
ENDS_WITHIN = 45  # seconds


def still_there(processes: dict[str, psutil.Process]) -> list[str]:
    return [name for name, process in processes.items() if lives(process)]


def lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_says_what_is_ready_and_stops_in_reverse_on_ctrl_c(up: Start, data: Path):
    system = up("--data", data)
    running = system.until_ready(data)
    everything = system.below()
    assert everything.keys() >= PARTS
    assert system.interrupt() == 0
    assert still_there(everything) == []
    said = [line.split()[:2] for line in system.said.splitlines()]
    assert {name for name, what in said if what == "ready"} == PARTS - {"supervisor"}
    assert [name for name, what in said if what == "stopped"] == [
        "watch",
        "intake",
        "triage",
        "audit",
        "kafka",
        "postgres",
    ]
    assert running.intake
    assert running.mllp
    for door in (running.intake, running.mllp):
        assert door in system.said
    assert system.complained == ""
    assert not (data / "run.json").exists()


def test_tells_who_owns_it_alone_how_to_reach_it(up: Start, data: Path):
    running = up("--data", data).until_ready(data)
    assert stat.S_IMODE((data / "run.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert running.keys
    assert len({running.keys.source, running.keys.team, running.keys.hub}) == 3
    assert running.keys.source not in (data / "sources.yaml").read_text()


@pytest.mark.parametrize("killed", [["foreground"], ["supervisor"], ["foreground", "supervisor"]], ids=" and ".join)
async def test_leaves_nothing_behind_when_it_is_killed(up: Start, data: Path, killed: list[str]):
    system = up("--data", data)
    system.until_ready(data)
    everything = system.below()
    pids = {"foreground": system.process.pid, "supervisor": everything["supervisor"].pid}
    for name in killed:
        os.kill(pids[name], signal.SIGKILL)
    await eventually(lambda: not still_there(everything), ENDS_WITHIN)
    await eventually(lambda: system.process.poll() is not None)
    assert not runs(data)


async def test_leaves_nothing_behind_when_it_is_killed_while_it_starts(up: Start, data: Path):
    system = up("--data", data)
    everything = await eventually(lambda: "postgres" in system.below() and system.below())
    os.kill(system.process.pid, signal.SIGKILL)
    await eventually(lambda: not runs(data), ENDS_WITHIN)
    assert still_there(everything) == []


async def test_without_data_its_folder_is_gone_at_the_end(up: Start, tmp_path: Path):
    system = up()
    await eventually(lambda: "everything is in" in system.said, 90)
    folder = next(iter((tmp_path / "home-0").glob("frontdoor-*")))
    assert str(folder) in system.said
    assert system.interrupt() == 0
    assert not folder.exists()


def test_a_taken_port_is_a_clear_error_before_anything_starts(up: Start, data: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        system = up("--data", data, FRONTDOOR_TRIAGE_PORT=port)
        assert system.process.wait(60) == 2
    assert system.said == ""
    assert f"triage cannot have port {port} (address already in use): stop" in system.complained
    assert "FRONTDOOR_TRIAGE_PORT" in system.complained
    assert len(system.complained.splitlines()) == 1
    assert not data.exists()


def test_a_taken_port_leaves_no_temporary_folder(up: Start, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        system = up(FRONTDOOR_TRIAGE_PORT=str(taken.getsockname()[1]))
        assert system.process.wait(60) == 2
    assert list((tmp_path / "home-0").glob("frontdoor-*")) == []


def test_a_second_one_on_the_same_folder_is_refused_whatever_its_ports(up: Start, data: Path):
    first = up("--data", data)
    running = first.until_ready(data)
    assert running.intake
    second = up("--data", data, FRONTDOOR_INTAKE_PORT=running.intake.rpartition(":")[2])
    assert second.process.wait(60) == 2
    assert "in use by process" in second.complained
    assert first.process.poll() is None


async def test_a_service_that_dies_is_started_again(up: Start, data: Path):
    system = up("--data", data)
    system.until_ready(data)
    first = system.below()["triage"]
    first.kill()
    await eventually(lambda: system.below().get("triage", first).pid != first.pid)
    await eventually(lambda: system.said.count("triage    ready") == 2, 30)
    assert "triage    ended with code -9" in system.said
