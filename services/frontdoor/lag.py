"""`frontdoor lag`: how far each part is behind, in records and in time, and whether that is as it should be."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from shared import running
from shared.command_line import CLEAN, FINDING, USAGE, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncGenerator

    from services.frontdoor.lag_picture import Picture
    from shared.command_line import Commands

EVERY: Final = 2.0

EXAMPLES = """
frontdoor lag                   one row for each consumer group, the outbox, the hub's queue
frontdoor lag --partitions      every partition too
frontdoor lag --watch           again every 2 seconds until Ctrl-C, in place
frontdoor lag --watch --every 10
frontdoor lag --json            for a program; with --watch a line for each measurement

It measures twice (three times before it calls a group stalled), --every seconds apart, and compares:
  ok         nothing waits, or all is done that waited at the first look
  behind     records wait that waited at the first look, and some were done since
  stalled    members are there, a record waits, and nothing was committed since the first look
  stopped    the group has no member: nobody reads
  rewound    the commit went back, or is gone: records are read again (before this look: as audit has seen since it started)
  at risk    what waits is older than half of the time for which Kafka keeps it (`retention.ms` of the topic)
  data lost  Kafka no longer has records that the group had not done, or ends before what it had
? is unknown, and not 0: a partition without a commit has none to measure from.

Exit codes: 0 every group is ok or behind; 1 one is stalled, stopped, rewound, at risk or has lost data; 2 wrong usage, or Kafka
or PostgreSQL cannot be reached (what the other one says is shown all the same). With --watch: of the last measurement.
Kafka is told with FRONTDOOR_KAFKA and FRONTDOOR_KAFKA_*, audit with FRONTDOOR_AUDIT_URL, where --data or what runs here
does not tell it.
"""


def register(commands: Commands) -> None:
    """Adds `lag` to the command line."""
    parser = add_command(commands, "lag", "say how far each part is behind, in records and in time", EXAMPLES)
    parser.add_argument("--watch", action="store_true", help="go on measuring until Ctrl-C")
    parser.add_argument(
        "--every", type=float, default=EVERY, metavar="SECONDS", help="between measurements (default 2)"
    )
    parser.add_argument("--partitions", action="store_true", help="show every partition")
    parser.add_argument("--json", action="store_true", help="as JSON, every partition in it")
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """0 where every group is ok or behind, 1 where one is not, 2 where Kafka or PostgreSQL cannot be reached."""
    from services.frontdoor.lag_page import Page

    if not arguments.every > 0:
        raise Usage("every", f"--every {arguments.every:g} must be more than 0 seconds")
    code = CLEAN
    with Page(partitions=arguments.partitions, watch=arguments.watch and not arguments.json) as page:
        try:
            async with aclosing((watched if arguments.watch else looked)(arguments)) as pictures:
                async for picture in pictures:
                    code = exit_code(picture)
                    if arguments.json:
                        print(json.dumps(picture.as_json()), flush=True)
                    else:
                        page.show(picture)
        except asyncio.CancelledError:  # Ctrl-C, which is how a watch ends
            if not arguments.watch:
                raise
    return code


def exit_code(picture: Picture) -> int:
    """Of what was measured last."""
    if picture.away:
        return USAGE
    return CLEAN if picture.healthy else FINDING


async def looked(arguments: argparse.Namespace) -> AsyncGenerator[Picture, None]:
    """One picture, of two looks; of three where a group seems to stand still: a large batch may take its time."""
    picture = None
    async with aclosing(watched(arguments)) as pictures:
        async for picture in pictures:
            if picture.looks >= (3 if picture.stalled else 2) or "kafka" in picture.away:
                break
    if picture:
        yield picture


async def watched(arguments: argparse.Namespace) -> AsyncGenerator[Picture, None]:
    """Pictures without end."""
    from services.frontdoor.lag_picture import Painter

    painter = Painter(running.find(arguments.data))
    try:
        while True:
            yield await painter.picture()
            await asyncio.sleep(arguments.every)
    finally:
        await painter.close()
