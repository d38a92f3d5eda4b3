"""`frontdoor sources unmapped`: codes that came and that no table knows, so that a table can be completed."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Final

from shared import running
from shared.command_line import CLEAN, add_command, since_when

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES: Final = """
frontdoor sources unmapped                  all that ever came
frontdoor sources unmapped --since 30d      in thirty days
frontdoor sources unmapped --json           for a program

Each line: how often, from which source, in which standard, the place in the message, and the code as `table|code`. A code
that might be a word of a person's is not shown. Add it to services/intake/sources/maps/TABLE.csv with its source. Exit code 0.
"""


def register(commands: Commands) -> None:
    """Adds `unmapped` to the command line."""
    parser = add_command(commands, "unmapped", "count the codes that came and that no table knows", EXAMPLES)
    parser.add_argument("--since", metavar="WHEN", help="a time, or 30m, 24h, 7d (default: ever)")
    running.add_data_argument(parser)
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Prints the counts, the most frequent first."""
    from services.intake.store import SQL
    from shared.postgres import connected

    now = dt.datetime.now(dt.UTC)
    since = since_when(arguments.since, now) if arguments.since else None
    async with connected(running.reader_dsn(arguments.data)) as connection:
        rows = [dict(row) for row in await connection.fetch(SQL.unmapped, since)]
    if arguments.json:
        print(json.dumps(rows, default=str, indent=2))
    elif not rows:
        print("every code that came is known")
    else:
        for row in rows:
            marks = " (synthetic)" if row["synthetic"] else ""
            print(
                f"{row['count']:>7,}  {row['source']}, {row['standard']}: {row['path']} {row['code'] or '(not shown)'}{marks}"
            )
    return CLEAN
