"""Schedules of many seeds, on all cores; what fails is shrunk and told so that it can be run again."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Final

from rich.progress import track

from shared.consumer import Consumer
from tests.simulation.running import run, simulated
from tests.simulation.schedule import Schedule
from tests.simulation.shrinking import shrunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AT_ONCE: Final = 500  # seeds that a process is given


def failing(seeds: Iterable[int], loop: type[Consumer] = Consumer) -> Iterator[int]:
    """The seeds whose schedule breaks an invariant."""
    with simulated():
        for seed in seeds:
            if run(Schedule.of(seed), loop)[0]:
                yield seed


def failing_on_all_cores(seeds: range) -> list[int]:
    """The same, by one process a core."""
    parts = [seeds[at : at + AT_ONCE] for at in range(0, len(seeds), AT_ONCE)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
        found = track(pool.map(_failing, parts), "schedules", total=len(parts))
        return [seed for part in found for seed in part]


def _failing(seeds: range) -> list[int]:
    return list(failing(seeds))


def smallest(schedule: Schedule, loop: type[Consumer] = Consumer) -> Schedule:
    """The shortest schedule that breaks the same invariant as `schedule`."""
    with simulated():
        broken = run(schedule, loop)[0]

        def same(other: Schedule) -> bool:
            found = run(other, loop)[0]
            return broken is not None and found is not None and found.name == broken.name

        return shrunk(schedule, same)


def told(schedule: Schedule, loop: type[Consumer] = Consumer) -> str:
    """The schedule, what it led to, and the invariant that it broke, if any."""
    with simulated():
        broken, journal = run(schedule, loop)
    lines = (f"  {at:8.3f}  {who:5} {what:9} {' '.join(map(str, of))}" for at, what, who, of in journal)
    return "\n".join([str(schedule), "", *lines, "", str(broken or "every invariant kept")])
