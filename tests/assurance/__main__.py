"""Makes every mutant of a rule file, asks the gate about each, and writes docs/rules-assurance.md.

    make assurance
    python -m tests.assurance --sample 400 --seed 7

Exit code 0 where no mutant that moves a referral gets past the gate, and the short way of asking agrees with the whole.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import time
from pathlib import Path

from tests.assurance.completing import completed
from tests.assurance.cores import both, on_all_cores, short
from tests.assurance.report import Run, page_of
from tests.assurance.trial import Trials
from tests.bench.machine import keep

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Runs and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=Path, default=ROOT / "deploy" / "rules" / "lambeth" / "ruleset.yaml")
    parser.add_argument("--sample", type=int, default=200, help="mutants that go the whole way (default 200)")
    parser.add_argument("--seed", type=int, default=2026, help="chooses the sample (default 2026)")
    arguments = parser.parse_args()
    began = time.monotonic()
    text, added = completed(arguments.rules.read_bytes())
    trials = Trials(text)
    everything = range(len(trials.mutants))
    sample = sorted(random.Random(arguments.seed).sample(everything, min(arguments.sample, len(everything))))
    run = Run(
        trials=trials,
        tried=on_all_cores(text, short, list(everything), "every mutant"),
        both=dict(zip(sample, on_all_cores(text, both, sample, "a sample, as files"), strict=True)),
        seed=arguments.seed,
        added=added,
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}",
        seconds=time.monotonic() - began,
    )
    print(keep(page_of(run), ROOT / "docs" / "rules-assurance.md"))
    return 1 if run.survivors or run.disagreeing else 0


if __name__ == "__main__":
    sys.exit(main())
