"""`make bench`: both sides in one run on Apache Kafka and PostgreSQL; ratios printed and written to docs/benchmarks.md.

`python -m tests.bench [--events N] [--seconds S]`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests import engine
from tests.alone import alone
from tests.bench.load import flat_out, preload, steady
from tests.bench.machine import keep, machine
from tests.bench.probe import REFERENCE_BARE, REFERENCE_PROBE, probe
from tests.bench.report import page_of
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.stack import Kafka, Stack

ROOT = Path(__file__).parents[2]
ROUNDS = 3


class Rate(NamedTuple):
    """Messages a CPU second and a wall second."""

    cpu: float
    wall: float


def peer(module: str, *arguments: str) -> Rate:
    """Runs a peer in a process of its own."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    line = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip().splitlines()[-1]
    found = json.loads(line)
    return Rate(found["count"] / found["cpu"], found["count"] / found["wall"])


def used(pid: int) -> tuple[float, float]:
    """CPU seconds so far, and resident memory in MB."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    return times.user + times.system, process.memory_info().rss / 1e6


async def triage(stack: Stack, before: int, count: int) -> Rate:
    """Triage with its decision store, from its first decision after those `before` to the last of `count` more."""
    stack.begin("triage")
    pid = stack.process("triage").pid
    loop = asyncio.get_running_loop()
    first = await eventually(lambda: _decided(stack, before + 1), 120)
    (cpu, _), began = used(pid), loop.time()
    last = await eventually(lambda: _decided(stack, before + count), 300)
    (after, _), ended = used(pid), loop.time()
    stack.stop("triage")
    return Rate((last - first) / (after - cpu), (last - first) / (ended - began))


async def _decided(stack: Stack, count: int) -> int | None:
    """How many referrals are decided with all their outputs published, once they are so many."""
    (row,) = await stack.fetch(
        "SELECT (SELECT count(*) FROM triage.decision)"
        " - (SELECT count(DISTINCT cause_id) FROM triage.output WHERE published_at IS NULL) AS n"
    )
    return row["n"] if row["n"] >= count else None


async def _all_audited(stack: Stack) -> bool:
    (row,) = await stack.fetch(
        "SELECT (SELECT count(*) FROM triage.output) AS outputs, (SELECT count(*) FROM audit.record"
        " WHERE type LIKE 'frontdoor.decision.%') AS audited"
    )
    return bool(row["outputs"] == row["audited"])


async def latency(stack: Stack, rate: int, seconds: int) -> dict[str, Any]:
    """Accepted to audited at a steady rate: of the received event and of its decision, with each service's share."""
    await stack.fetch("TRUNCATE intake.outbox, intake.receipt, intake.seen, intake.status, intake.referral CASCADE")
    before = {name: used(stack.process(name).pid)[0] for name in ("intake", "triage", "audit")}
    (row,) = await stack.fetch("SELECT clock_timestamp() AS began")
    taken = await steady(stack, rate, seconds)

    async def audited() -> list[float] | None:
        rows = await stack.fetch(
            "SELECT extract(epoch FROM recorded_at - accepted_time)::float AS s FROM audit.record"
            " WHERE type LIKE 'frontdoor.decision.%' AND accepted_time > $1",
            row["began"],
        )
        return [r["s"] for r in rows] if len(rows) >= taken else None

    waits: Sequence[float] = await eventually(audited, 120)
    cuts = statistics.quantiles(waits, n=100)
    shares = {n: used(stack.process(n).pid) for n in before}
    return {
        "rate": rate,
        "taken": taken,
        "p50": cuts[49] * 1000,
        "p99": cuts[98] * 1000,
        "cpu": {name: (cpu - before[name]) / seconds for name, (cpu, _) in shares.items()},
        "memory": {name: memory for name, (_, memory) in shares.items()},
    }


async def run(events: int, seconds: int) -> dict[str, Any]:
    """Everything, in one run."""
    share = events // ROUNDS
    found: dict[str, Any] = {"rounds": ROUNDS, "share": share, "seconds": seconds, "machine": machine()}
    async with alone(durable=True, partitions=12) as stack:
        admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic("bench.out", 12, 1)])
        await admin.close()
        found |= await _rates(stack, stack.kafka, stack.database.dsn(), share)
        stack.start("intake", "triage", "audit")
        await eventually(lambda: _all_audited(stack), 300)  # of the rounds above
        found["receipts"] = await flat_out(stack, 32, 5000)
        await eventually(lambda: _decided(stack, ROUNDS * share + 5000), 300)
        found["latency"] = [[await latency(stack, rate, seconds) for _ in range(ROUNDS)] for rate in (100, 500)]
    return found


async def _rates(stack: Stack, broker: Kafka, dsn: str, share: int) -> dict[str, Any]:
    """Rounds of all sides in turn, since a machine's speed changes by the minute: the median of each, and of the ratios."""
    rounds: list[dict[str, Any]] = []
    await preload(stack, share)
    await asyncio.to_thread(peer, "bare_loop", broker.bootstrap, str(share))  # warms up the broker, and is not counted
    for number in range(ROUNDS):
        ours = await triage(stack, number * share, share)
        bare = await asyncio.to_thread(peer, "bare_loop", broker.bootstrap, str(share))
        tutorial = await asyncio.to_thread(peer, "tutorial", broker.bootstrap, dsn, str(min(share, 2000)))
        rounds.append({"triage": ours, "bare": bare, "tutorial": tutorial, "probe": probe()})
        if number + 1 < ROUNDS:
            await preload(stack, share)
    speed = statistics.median(found["probe"] for found in rounds)
    return {
        **{side: _median([found[side] for found in rounds]) for side in ("triage", "bare", "tutorial")},
        "against_bare": statistics.median(found["triage"].cpu / found["bare"].cpu for found in rounds),
        "against_tutorial": statistics.median(found["triage"].cpu / found["tutorial"].cpu for found in rounds),
        "probe": speed,
        "bare_expected": REFERENCE_BARE * speed / REFERENCE_PROBE,
    }


def _median(rates: Sequence[Rate]) -> Rate:
    return Rate(statistics.median(rate.cpu for rate in rates), statistics.median(rate.wall for rate in rates))


def main() -> None:
    """Runs and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000, help="events of (a) (default 60000)")
    parser.add_argument("--seconds", type=int, default=20, help="length of each rate of (c) (default 20)")
    arguments = parser.parse_args()
    if why := engine.missing():
        sys.exit(f"make bench needs Apache Kafka and PostgreSQL in containers: {why}")
    found = asyncio.run(run(arguments.events, arguments.seconds))
    print(keep(page_of(found), ROOT / "docs" / "benchmarks.md"))


if __name__ == "__main__":
    main()
