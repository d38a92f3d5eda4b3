"""Runs the consuming loop through schedules of everything that can happen to it, in virtual time.

    make simulation                                100,000 schedules, on all cores
    python -m tests.simulation 5000 7              as many as these, from seed 7 on
    python -m tests.simulation --replay 4711       the schedule of one seed, and what it led to
    python -m tests.simulation --schedule FILE     a schedule as it was printed (- for standard input)

A schedule that breaks an invariant is shrunk and printed. Exit code 0 where every invariant was kept, 1 where not.

steps, each so many seconds after the one before it:
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.simulation.finding import failing_on_all_cores, smallest, told
from tests.simulation.schedule import VERBS, Schedule


def main() -> int:
    """Runs what was asked for."""
    verbs = "\n".join(f"    {name:12} {verb.meaning}" for name, verb in VERBS.items())
    parser = argparse.ArgumentParser(
        "python -m tests.simulation",
        description=(__doc__ or "") + verbs,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("count", type=int, nargs="?", default=100_000, help="schedules (default 100000)")
    parser.add_argument("seed", type=int, nargs="?", default=1, help="the first one's (default 1)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="only this one")
    parser.add_argument("--schedule", type=Path, metavar="FILE", help="only this one")
    given = parser.parse_args()
    if given.schedule:
        return _tell(Schedule.read(sys.stdin.read() if str(given.schedule) == "-" else given.schedule.read_text()))
    if given.replay is not None:
        return _tell(Schedule.of(given.replay))
    return _find(given.count, given.seed)


def _tell(schedule: Schedule) -> int:
    text = told(schedule)
    print(text)
    return 0 if text.endswith("kept") else 1


def _find(count: int, seed: int) -> int:
    began = time.monotonic()
    found = failing_on_all_cores(range(seed, seed + count))
    took = time.monotonic() - began
    print(f"{count:,} schedules in {took:.1f} s, {count / took:,.0f} a second: {len(found):,} broke an invariant")
    if found:
        print(f"\nseed {found[0]} (python -m tests.simulation --replay {found[0]}), shrunk:\n")
        print(told(smallest(Schedule.of(found[0]))))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
