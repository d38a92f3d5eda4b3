"""The consuming loop keeps its promises in every schedule, and the simulation sees a loop that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulation.__main__ import main
from tests.simulation.faults import PLANTED
from tests.simulation.finding import failing, smallest, told
from tests.simulation.running import run, simulated
from tests.simulation.schedule import VERBS, Schedule

if TYPE_CHECKING:
    from pathlib import Path

    from shared.consumer import Consumer

SOON = 300  # schedules within which a planted fault is found
SHORT = 6  # steps that show it


@pytest.mark.slow
def test_the_loop_keeps_every_invariant_in_five_thousand_schedules(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.argv", ["simulation", "5000", "1"])
    assert main() == 0  # else it has printed which schedule, shrunk


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found_soon_and_shown_by_a_few_steps(fault: type[Consumer]):
    found = Schedule.of(next(failing(range(1, SOON + 1), fault)))
    shown = smallest(found, fault)
    assert len(shown.steps) <= SHORT, told(shown, fault)
    with simulated():
        assert run(shown)[0] is None


def test_a_schedule_leads_to_the_same_whenever_it_is_run():
    with simulated():
        assert [run(Schedule.of(seed)) for seed in range(20)] == [run(Schedule.of(seed)) for seed in range(20)]


def test_a_schedule_is_read_back_as_it_was_printed():
    schedules = [Schedule.of(seed) for seed in range(200)]
    assert [Schedule.read(str(schedule)) for schedule in schedules] == schedules
    assert {step.verb for schedule in schedules for step in schedule.steps} == set(VERBS)


def test_what_was_printed_can_be_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "schedule").write_text(str(Schedule.of(4)))
    monkeypatch.setattr("sys.argv", ["simulation", "--schedule", str(tmp_path / "schedule")])
    assert main() == 0
    printed = capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["simulation", "--replay", "4"])
    assert (main(), capsys.readouterr().out) == (0, printed)
    assert "every invariant kept" in printed
