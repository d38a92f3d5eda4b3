"""Makes every mutant of a rule file, asks the gate about each, and writes docs/rules-assurance.md.

    make assurance
    python -m tests.assurance --sample 400 --seed 7

Exit code 0 where no mutant that moves a referral gets past the gate, and the short way of asking agrees with the whole.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import track

from tests.assurance.completing import completed
from tests.assurance.report import Run, write
from tests.assurance.trial import Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from tests.assurance.trial import Both, Tried

ROOT = Path(__file__).parents[2]
AT_ONCE = 10  # mutants that a process is given
trials: list[Trials] = []  # one for each process


def begin(text: bytes) -> None:
    """Reads the rule file, once a process."""
    trials.append(Trials(text))


def short(numbers: list[int]) -> list[Tried]:
    """The short way of some mutants."""
    return [trials[0].short(number) for number in numbers]


def both(numbers: list[int]) -> list[Both]:
    """Both ways of some mutants."""
    return [trials[0].both(number) for number in numbers]


def on_all_cores(text: bytes, work: Callable[[list[int]], list[Any]], numbers: list[int], what: str) -> list[Any]:
    """What comes of the numbers, in their order."""
    parts = [numbers[place : place + AT_ONCE] for place in range(0, len(numbers), AT_ONCE)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=spawn, initializer=begin, initargs=(text,)) as pool:
        found: Iterable[list[Any]] = track(pool.map(work, parts), what, total=len(parts))
        return [one for part in found for one in part]


def main() -> int:
    """Runs and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=Path, default=ROOT / "deploy" / "rules" / "lambeth" / "ruleset.yaml")
    parser.add_argument("--sample", type=int, default=200, help="mutants that go the whole way (default 200)")
    parser.add_argument("--seed", type=int, default=2026, help="chooses the sample (default 2026)")
    arguments = parser.parse_args()
    began = time.monotonic()
    text, added = completed(arguments.rules.read_bytes())
    begin(text)
    everything = range(len(trials[0].mutants))
    sample = sorted(random.Random(arguments.seed).sample(everything, min(arguments.sample, len(everything))))
    run = Run(
        trials=trials[0],
        tried=on_all_cores(text, short, list(everything), "every mutant"),
        both=dict(zip(sample, on_all_cores(text, both, sample, "a sample, as files"), strict=True)),
        seed=arguments.seed,
        added=added,
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}",
        seconds=time.monotonic() - began,
    )
    print(write(run, ROOT / "docs" / "rules-assurance.md"))
    return 1 if run.survivors or run.disagreeing else 0


if __name__ == "__main__":
    sys.exit(main())
