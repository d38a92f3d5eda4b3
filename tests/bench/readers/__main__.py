"""`make bench-readers`: each standard's reader against the bare parse of its library; docs/benchmarks-readers.md.

`python -m tests.bench.readers [STANDARD ...] [--seconds S]`. A standard has its pairs in `tests/bench/readers/<standard>.py`:
`pairs() -> list[Pair]` of (name, ours, bare, goal), where ours and bare each read the same messages once and give them as a
list; goal is the least that ours may reach as a share of bare.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.bench.machine import keep, machine
from tests.bench.readers.report import page_of

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "benchmarks-readers.md"
ROUNDS = 5
NO_PAIRS = {"__init__", "__main__", "report"}


class Measured(NamedTuple):
    """One pair: messages a second of a core of both sides, the ratio's median and its span over the rounds."""

    standard: str
    name: str
    ours: float
    bare: float
    ratio: float
    least: float
    most: float
    goal: float


def standards() -> list[str]:
    """Every standard that has pairs."""
    return sorted(file.stem for file in HERE.glob("*.py") if file.stem not in NO_PAIRS)


def rate(read: Callable[[], list[Any]], seconds: float) -> float:
    """Messages a CPU second of this process."""
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < seconds or not count:
        count += len(read())
    return count / spent


def measured(standard: str, seconds: float) -> list[Measured]:
    """Each pair of a standard, in rounds: ours and bare in turn, so that both see the same machine."""
    found = []
    for name, ours, bare, goal in importlib.import_module(f"tests.bench.readers.{standard}").pairs():
        ours(), bare()  # a first run fills the caches of both
        gc.collect()
        rounds = [(rate(ours, seconds), rate(bare, seconds)) for _ in range(ROUNDS)]
        ratios = sorted(first / second for first, second in rounds)
        mine, theirs = (statistics.median(side) for side in zip(*rounds, strict=True))
        found.append(Measured(standard, name, mine, theirs, statistics.median(ratios), ratios[0], ratios[-1], goal))
    return found


def main() -> int:
    """Measures and writes; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "standards", nargs="*", metavar="STANDARD", help=f"out of {', '.join(standards())} (default: all)"
    )
    parser.add_argument("--seconds", type=float, default=1, help="of each side in each round (default 1)")
    arguments = parser.parse_args()
    found = [pair for standard in arguments.standards or standards() for pair in measured(standard, arguments.seconds)]
    text = page_of(found, machine(), ROUNDS)
    print(text if arguments.standards else keep(text, PAGE))
    return int(any(pair.ratio < pair.goal for pair in found))


if __name__ == "__main__":
    sys.exit(main())
