"""`make chaos`: `python -m tests.chaos.seeded [--minutes N] [--seed S] [--brokers B] [--keep FILE]`.

Exit codes: 0 everything holds, 1 something does not (the seed does it again), 2 no container engine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.log import quieten_drivers
from tests import engine
from tests.alone import alone
from tests.chaos.seeded.run import Story, run
from tests.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.seeded.run import Tell


async def whole(seed: int, minutes: float, kind: type[Stack] = Stack, brokers: int = 1, **named: Any) -> Story:
    """A run with brokers and a database server of its own; the rest is as `run` has it."""
    async with alone(kind, brokers=brokers) as stack:
        return await run(stack, seed, minutes * 60, _tell(), **named)


def as_json(story: Story) -> dict[str, Any]:
    """The run in figures."""
    return {
        "seed": story.seed,
        "seconds": round(story.seconds),
        "faults": story.faults,
        "by_kind": dict(story.done),
        "unseen": dict(story.unseen),
        "ended": story.ended,
        "yeses": len(story.yeses),
        "referrals": len(story.referrals),
        "broken": story.broken,
    }


def main(arguments: Sequence[str]) -> int:
    """Runs and says what held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("CHAOS_MINUTES", "5")))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--brokers", type=int, default=int(os.environ.get("CHAOS_BROKERS", "1")))
    parser.add_argument("--keep", type=Path, help="append the run in figures to this file, a line of JSON")
    asked = parser.parse_args(arguments)
    if why := engine.missing():
        print(f"make chaos needs Apache Kafka and PostgreSQL in containers: {why}", file=sys.stderr)
        return 2
    quieten_drivers()
    story = asyncio.run(whole(asked.seed, asked.minutes, brokers=asked.brokers))
    if asked.keep:
        with asked.keep.open("a") as file:
            print(json.dumps({"commit": _commit(), "brokers": asked.brokers} | as_json(story)), file=file)
    for kind, count in sorted(story.done.items()):
        print(f"{count:6} {kind}")
    print(f"{story.faults:6} faults whose effect was seen, in {story.seconds:.0f} s; seed {story.seed}")
    for what in story.ended:
        print(f"{what}, and was started anew")
    for name, those in story.broken.items():
        print(f"BROKEN {name.replace('_', ' ')}: {'; '.join(those)}")
    if story.broken:
        print(
            f"again: python -m tests.chaos.seeded --seed {story.seed} --minutes {asked.minutes:g} --brokers {asked.brokers}"
        )
        return 1
    print("every invariant holds")
    return 0


def _commit() -> str:
    """What a seed draws is the same as long as the schedule's code is."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _tell() -> Tell:
    began = time.monotonic()
    return lambda text: print(f"{time.monotonic() - began:7.1f} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
