"""`make bench-load`: what the whole system holds for ten minutes, how soon an hour's backlog is gone, what England would take.

`python -m tests.bench.whole [--rates N,N,...] [--seconds S] [--page FILE]`; referrals over HTTP, Apache Kafka and PostgreSQL
(with fsync) in containers beside the services. Exit code 1 where no rate is held.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from tests import engine
from tests.alone import alone
from tests.bench.burden import SERVICES, Burden, Look
from tests.bench.load import preload, steady
from tests.bench.machine import keep, machine
from tests.bench.whole_page import page_of
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.stack import Stack

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks-load.md"
GROUPS: Final = ("triage", "audit", "intake-status")
TRIAL: Final = 60  # seconds of a rate before it is held for long
EVERY: Final = 10.0  # seconds between two looks
READS: Final = (
    4  # of one referral, at least: triage and audit what was received, intake-status and audit what was decided
)
HOUR: Final = 15 * 3600  # referrals: what all England sends in an hour


async def behind(bootstrap: str) -> int:
    """Records that some group has not committed, over all groups; a partition without a commit counts from 0."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await admin.start()
    await consumer.start()
    try:
        total = 0
        for group in GROUPS:
            committed = await admin.list_consumer_group_offsets(group)
            ends = await consumer.end_offsets(list(committed))
            total += sum(max(0, end - max(0, committed[place].offset)) for place, end in ends.items())
        return total
    finally:
        await consumer.stop()
        await admin.close()


async def held(stack: Stack, rate: int, seconds: int) -> dict[str, Any]:
    """So many referrals a second for so long: the looks at it, and what each part of the machine spent on them."""
    burden, looks = Burden(stack), []
    before, began = burden.spent(), time.monotonic()

    async def looking() -> None:
        while True:
            await asyncio.sleep(EVERY)
            look = Look(time.monotonic() - began, await behind(stack.kafka.bootstrap), burden.memory())
            looks.append(look)
            if len(looks) % 6 == 0:
                print(f"  {look.at:4.0f} s: {look.behind:6,} records behind, {look.megabytes}", flush=True)

    eyes = asyncio.create_task(looking())
    taken = await steady(stack, rate, seconds)
    lasted = time.monotonic() - began
    eyes.cancel()
    spent = {name: after - before[name] for name, after in burden.spent().items()}
    found = {"rate": rate, "seconds": seconds, "taken": taken, "lasted": lasted, "looks": looks, "spent": spent}
    await eventually(lambda: through(stack), 600)
    return found


def is_held(found: dict[str, Any]) -> bool:
    """Whether every referral was taken, at that rate, and once under way never more was behind than two seconds bring."""
    most = 2 * READS * found["rate"]
    in_time = found["lasted"] < found["seconds"] + 2
    return (
        in_time
        and found["taken"] == found["rate"] * found["seconds"]
        and all(look.behind <= most for look in found["looks"] if look.at > TRIAL / 2)
    )


async def through(stack: Stack) -> bool:
    """Whether nothing waits: not in the outbox, not in Kafka."""
    (row,) = await stack.fetch("SELECT count(*) AS n FROM intake.outbox WHERE published_at IS NULL")
    return row["n"] == 0 and await behind(stack.kafka.bootstrap) == 0


async def drained(stack: Stack, count: int) -> dict[str, Any]:
    """So many referrals wait in Kafka before anybody reads: seconds until each group has read all, decisions included."""
    for service in SERVICES:
        stack.stop(service)
    await preload(stack, count)
    waiting = await behind(stack.kafka.bootstrap)
    began = time.monotonic()
    for service in SERVICES:
        stack.begin(service)
    await eventually(lambda: through(stack), 1800)
    return {"count": count, "behind": waiting, "seconds": time.monotonic() - began}


async def run(rates: Sequence[int], seconds: int) -> dict[str, Any]:
    """The first of the rates that is held in a trial is held for long; then the backlog."""
    async with alone(durable=True, partitions=12) as stack:
        stack.start(*SERVICES)
        await steady(stack, 50, 5)
        tried: list[dict[str, Any]] = []
        for rate in rates:
            print(f"{rate} a second for {TRIAL} s", flush=True)
            tried.append(await held(stack, rate, TRIAL))
            if is_held(tried[-1]):
                print(f"{rate} a second for {seconds} s", flush=True)
                tried.append(await held(stack, rate, seconds))
                if is_held(tried[-1]):
                    break
        print(f"{HOUR:,} referrals wait", flush=True)
        backlog = await drained(stack, HOUR)
    return {"tried": tried, "backlog": backlog, "machine": machine()}


def main() -> int:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rates", default="600,500,400,300,200,100", help="a second, tried in this order (default %(default)s)"
    )
    parser.add_argument("--seconds", type=int, default=600, help="how long a rate is to be held (default 600)")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is written")
    arguments = parser.parse_args()
    if why := engine.missing():
        sys.exit(f"make bench-load needs Apache Kafka and PostgreSQL in containers: {why}")
    found = asyncio.run(run([int(rate) for rate in arguments.rates.split(",")], arguments.seconds))
    print(keep(page_of(found, is_held), arguments.page))
    return int(not is_held(found["tried"][-1]))


if __name__ == "__main__":
    sys.exit(main())
