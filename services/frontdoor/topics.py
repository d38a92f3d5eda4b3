"""`frontdoor topics`: makes the Kafka topics that are missing and checks the partition count of the others."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from shared.command_line import CLEAN, add_command
from shared.errors import Transient, Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    from shared.command_line import Commands

PATIENCE: Final = 60.0  # seconds: a broker that has just started may not know its own topics yet

EXAMPLES = """
FRONTDOOR_KAFKA=broker:9092 frontdoor topics                                 on one broker
FRONTDOOR_KAFKA=broker:9092 frontdoor topics --replication 3                 in production
FRONTDOOR_KAFKA=broker:9092 frontdoor topics --retention-days 7              records go after a week

Safe to repeat. Topics that exist are left as they are: change their retention with Kafka's own kafka-configs.sh (and
give older dead-letter topics max.message.bytes=1114124, so that the largest record can be parked), their number of
partitions never (a new topic generation is the way: the order of a referral's events hangs on it).
"""


def register(commands: Commands) -> None:
    """Adds `topics` to the command line."""
    parser = add_command(commands, "topics", "make the Kafka topics that are missing, check the others", EXAMPLES)
    parser.add_argument("--replication", type=int, default=1, metavar="N", help="copies of each record (default 1)")
    parser.add_argument(
        "--retention-days", type=float, default=14, metavar="DAYS", help="topics are finite (default 14)"
    )
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """0 when all are there; `Usage` where Kafka cannot be reached, `Bug` where a partition count differs."""
    from shared import topics
    from shared.kafka_admin import check_topics, create_topics
    from shared.settings import ServiceSettings

    settings = ServiceSettings(postgres_dsn="")

    async def make() -> list[str]:
        made = await create_topics(settings, replication=arguments.replication, retention_days=arguments.retention_days)
        await check_topics(settings)
        return made

    try:
        made = await patiently(make, PATIENCE, f"waiting for the broker at {settings.kafka}")
    except Transient as error:
        why = f"no broker answers at {settings.kafka}" if error.code == "kafka-away" else error.detail
        raise Usage(error.code, f"{why} (FRONTDOOR_KAFKA)") from error
    print(f"topics: {len(topics.AUDITED_TOPICS)} ready, {settings.partitions} partitions each, {len(made)} made now")
    return CLEAN


async def patiently(attempt: Callable[[], Awaitable[list[str]]], patience: float, waiting: str) -> list[str]:
    """What `attempt` returns, tried again while it is `Transient`, for at most `patience` seconds; `waiting` is said once."""
    deadline = asyncio.get_running_loop().time() + patience
    said = False
    while True:
        try:
            return await attempt()
        except Transient:
            if asyncio.get_running_loop().time() > deadline:
                raise
            if not said:
                print(waiting, file=sys.stderr)
                said = True
            await asyncio.sleep(0.5)
