"""Writes docs/reliability.md from runs that were kept: `python -m tests.chaos.seeded.page FILE ...`.

The files are those of `--keep`, of `make chaos` and of `make chaos-planted`; figures come from nowhere else.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.bench.machine import keep, machine
from tests.chaos.seeded.checkers import CHECKERS, each_event_is_published_once
from tests.chaos.seeded.schedule import SHARES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PAGE: Final = Path(__file__).parents[3] / "docs" / "reliability.md"
SEEN_BY: Final = {
    "kill": "SIGKILL of an instance: the process is gone, by that signal",
    "terminate": "SIGTERM: the process ends with exit code 0",
    "freeze": "SIGSTOP past the session: no answer, and the group has gone on with one member less",
    "cut sessions": "every connection of a service to PostgreSQL ended by the server: none of them is left",
    "roll": "both instances stopped in order and started, one after the other: two exit codes 0",
    "scale": "in to one instance and out to two: the group is seen with one member, then with two",
    "broker kill": "SIGKILL of a Kafka broker: connections refused; of three, others lead what it led",
    "broker restart": "a broker stopped in order: the same",
    "postgres kill": "SIGKILL of PostgreSQL: connections refused",
    "postgres restart": "PostgreSQL stopped in order: connections refused",
}
TEXT: Final = """# Reliability

What becomes of a referral when things fail, how that is tried, and what was seen. Written by `python -m tests.chaos.seeded.page`
from the runs that it was given; {machine}, which other work had a share of.

## What is promised

A sender that has its yes may forget the message. Whatever is killed, frozen, cut off or started anew afterwards:

1. the receipt is kept, once: a message sent again gets the same answer;
2. every event about a referral is decided exactly once, published in the referral's order, and nobody is routed anew;
3. a record that can never work stops nothing: it lies in its dead letters byte for byte, and a person at the hub has it;
4. every record of every topic has its row in audit, and the chain of rows stands;
5. when all is well again nothing waits: the outbox is empty, and every group has committed the end;
6. no name, number or address of a person is in a topic or a log, whatever goes wrong.

## How it is tried

- `make simulation`: the one consuming loop, as it is, through 100,000 schedules of rebalances, crashes, refusals and outages
  in virtual time. It takes a minute and a half on two idle cores; the tests run 5,000 of them.
- `tests/chaos`: each service killed between any two of its writes; Kafka away for a minute; PostgreSQL restarted.
- `make chaos`: Apache Kafka 4.3.1 and PostgreSQL 17 in containers, two instances of each service, four senders of JSON, BaRS and
  HL7 v2 and a team that answers, faults by a seed (several at once), and then the invariants below. The tests run two minutes
  of it from steady state. Sessions of group members last 10 s there, 45 s otherwise.

## Faults

{total:,} faults, in {minutes:.0f} minutes of faults over {runs} runs. A fault counts only when its effect was seen; {unseen} that were begun do
not count, because it was not (a stop of what was not up yet, no session to cut, Kafka away when the group was to be asked), nor do
{poison} records of poison, which lay where they were put. Four of five kills wait up to 5 s for the process to be at work; the others
come whatever it is doing. {ended}

| kind, and by what it was seen | one broker | three brokers |
|---|---|---|
{kinds}
| **all** | **{total_one:,}** | **{total_three:,}** |

{table}

`SEED=N make chaos` draws a run's faults again (with `CHAOS_BROKERS=3` those of three brokers) at the commit of the run: a later
one may draw otherwise from the same seed. When each comes depends on the machine. With three brokers every topic has three copies
and a record counts once two have it, as [deploy/kafka](../deploy/kafka) says.

## What was held against each run

By code that reads Kafka and PostgreSQL itself and shares nothing with the services, but for `audit verify`, which is what an auditor has:

{checkers}

## Planted faults

`make chaos-planted` starts a service with a fault of ours in it; the run that should catch it must.

| planted | into | caught by |
|---|---|---|
{planted}

## What is not covered

- A power cut: PostgreSQL runs without fsync here, and Kafka trusts the page cache. A kill loses neither.
- A disk that is full, slow or wrong; a clock that jumps; a network that drops some packets. Connections are cut whole.
- More than one machine, a standby that takes over, a Kafka cluster across sites.
- More than one broker at once away, and brokers of a version other than 4.3.1.
- MESH and files of referrals: their own tests kill intake between any two of their steps.
- More work than the machine can do: senders wait for their answers.
"""


def page_of(kept: Sequence[dict[str, Any]]) -> str:
    """The whole page; figures of runs alone in which every invariant held can stand in it."""
    runs = [one for one in kept if "planted" not in one]
    assert not any(run["broken"] for run in runs), "a run that broke an invariant is a finding, not a figure"
    one, three = ([run for run in runs if (run["brokers"] > 1) is several] for several in (False, True))
    unseen = Counter[str]()
    for run in runs:
        unseen += Counter(run["unseen"])
    ended = sum(len(run["ended"]) for run in runs)
    return TEXT.format(
        machine=machine(),
        total=sum(run["faults"] for run in runs),
        total_one=sum(run["faults"] for run in one),
        total_three=sum(run["faults"] for run in three),
        minutes=sum(run["seconds"] for run in runs) / 60,
        runs=len(runs),
        unseen=sum(count for kind, count in unseen.items() if kind != "poison"),
        poison=sum(run["by_kind"].get("poison", 0) for run in runs),
        ended=f"{ended} times an instance ended by itself, and was started anew."
        if ended
        else "No instance was found to have ended by itself.",
        kinds="\n".join(f"| {SEEN_BY[k]} | {_count(one, k)} | {_count(three, k)} |" for k in SHARES if k != "poison"),
        table=_table(runs),
        checkers="\n".join(f"- {_words(check.__name__)}: {_first(check.__doc__)}" for check in _checkers()),
        planted="\n".join(_planted([one for one in kept if "planted" in one])),
    )


def _table(runs: Iterable[dict[str, Any]]) -> str:
    rows = [
        f"| {run['seed']} | {run['commit']} | {run['brokers']} | {run['seconds'] / 60:.0f} | {run['faults']} | "
        f"{run['by_kind'].get('poison', 0)} | {run['yeses']:,} | none |"
        for run in runs
    ]
    return "\n".join(
        (
            "| seed | at | brokers | minutes | faults | poison | yeses | broken |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
        )
    )


def _planted(kept: Iterable[dict[str, Any]]) -> Iterable[str]:
    """The newest of each."""
    for name, one in {one["planted"]: one for one in kept}.items():
        assert one["right"], f"{name} was not caught"
        yield f"| {name} | {one['service']} | {_words(one['by']) if one['by'] else 'nothing, rightly'} |"


def _checkers() -> tuple[Any, ...]:
    return (*CHECKERS, each_event_is_published_once)


def _count(runs: Iterable[dict[str, Any]], kind: str) -> int:
    return sum(run["by_kind"].get(kind, 0) for run in runs)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _first(text: str | None) -> str:
    return " ".join((text or "").split())


def main(files: Sequence[str]) -> int:
    """Writes the page."""
    kept = [json.loads(line) for file in files for line in Path(file).read_text().splitlines()]
    print(keep(page_of(kept), PAGE))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
