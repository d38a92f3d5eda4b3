"""`make bench-rules`: decisions a second of one core and the gate's time; written to docs/benchmarks-rules.md.

`python -m tests.bench.rules [--referrals N] [--random N]`
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from services.triage.rules import read
from tests.bench.machine import keep, machine
from tests.bench.rules import if_elif, zen_graph
from tests.bench.rules.change import change_waits
from tests.bench.rules.gate import gate_times, starts
from tests.bench.rules.grown import LAMBETH, grown
from tests.bench.rules.referrals import anything, referrals
from tests.bench.rules.report import page_of
from tests.plain_rules import inputs_of, propose, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from services.triage.rules import RuleSet
    from tests.plain_rules import PlainRow, Value

PAGE = Path(__file__).parents[3] / "docs" / "benchmarks-rules.md"
SIZES = (45, 400)
ROUNDS = 5
ZENS_SHARE = 20  # zen decides one referral in so many of each round: it is slow, and its rate is what counts
Facts = dict[str, "Value"]


class Sides(NamedTuple):
    """The same rules, four times."""

    ours: RuleSet
    rows: list[PlainRow]
    by_hand: Callable[[Facts], if_elif.Answer]
    zen: zen_graph.Zen


def sides(file: bytes) -> Sides:
    """Every side made ready for a file."""
    rows, inputs = rows_of(file), inputs_of(file)
    return Sides(read(file, "grown", roles=None), rows, if_elif.compiled(rows, inputs), zen_graph.Zen(rows, inputs))


def disagreeing(made: Sides, many: Iterable[Facts]) -> int:
    """On how many referrals the sides do not all give the same answer."""
    return sum(
        len({_ours(made, facts), _plain(made, facts), _sorted(made.by_hand(facts)), _zen(made, facts)}) > 1
        for facts in many
    )


def _sorted(answer: if_elif.Answer) -> if_elif.Answer:
    urgency, destination, also, hold = answer
    return urgency, destination, tuple(sorted(also)), hold


def _ours(made: Sides, facts: Facts) -> if_elif.Answer:
    came = made.ours.propose(facts)
    return _sorted((str(came.urgency), came.destination, came.also, came.hold))


def _plain(made: Sides, facts: Facts) -> if_elif.Answer:
    came = propose(made.rows, facts)
    return _sorted((came.urgency, came.destination, came.also, came.hold))


def _zen(made: Sides, facts: Facts) -> if_elif.Answer:
    return _sorted(made.zen.answer(facts))


def rate(decide: Callable[[Any], object], many: Sequence[Any]) -> float:
    """Decisions a CPU second of this process."""
    started = time.process_time()
    for facts in many:
        decide(facts)
    return len(many) / (time.process_time() - started)


def speeds(count: int, share: int, *, narrow: bool) -> dict[str, Any]:
    """Rounds of all sides in turn, each of referrals that none has seen: the median of each side, and of the ratios."""
    file = grown(count, narrow=narrow)
    made, inputs = sides(file), inputs_of(file)
    rounds, wrong = [], 0
    for number in range(ROUNDS):
        many = referrals(share, inputs, seed=number)
        few = [made.zen.context(facts) for facts in many[::ZENS_SHARE]]
        gc.collect()
        gc.freeze()  # what the benchmark holds is no work of the sides
        rounds.append(
            {
                "ours": rate(made.ours.propose, many),
                "by hand": rate(made.by_hand, many),
                "zen": rate(made.zen.evaluate, few),
                "zen, README": rate(made.zen.as_in_its_readme, few),
            }
        )
        wrong += disagreeing(made, many if not number else many[::ZENS_SHARE])
    middle = {side: statistics.median(found[side] for found in rounds) for side in rounds[0]}
    against = {side: statistics.median(found["ours"] / found[side] for found in rounds) for side in rounds[0]}
    asked = len({name for row in made.rows for name, _ in row.asks})
    return {"rows": count, "inputs": asked, "rates": middle, "against": against, "disagreeing": wrong}


def naive_agrees(count: int) -> dict[str, int]:
    """How often the run-time and the naive interpreter differ, on random referrals of Lambeth and of a grown file."""
    differ = 0
    for file in (LAMBETH.read_bytes(), grown(SIZES[0])):
        rules, rows = read(file, "file", roles=None), rows_of(file)
        differ += sum(
            tuple(rules.propose(facts)) != tuple(propose(rows, facts))
            for facts in anything(count // 2, inputs_of(file))
        )
    return {"count": count, "differ": differ}


def main() -> None:
    """Runs and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--referrals", type=int, default=20_000, help="of each round (default 20000)")
    parser.add_argument("--random", type=int, default=1_000_000, help="for the naive interpreter (default 1000000)")
    arguments = parser.parse_args()
    found = {
        "machine": machine(),
        "rounds": ROUNDS,
        "share": arguments.referrals,
        "speeds": [speeds(count, arguments.referrals, narrow=narrow) for narrow in (True, False) for count in SIZES],
        "gate": [gate_times(count, grown(count)) for count in SIZES],
        "starts": starts(),
        "naive": naive_agrees(arguments.random),
        "change": change_waits(),
    }
    print(keep(page_of(found), PAGE))


if __name__ == "__main__":
    main()
