"""`frontdoor replies`: what senders were to be told of their referrals and have not taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from shared.command_line import CLEAN, FINDING, add_command, counted
from shared.running import add_data_argument, reader_dsn

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES: Final = """
frontdoor replies                        what waits, and what was given up
frontdoor replies --source gp-north      of one source
frontdoor replies --json                 for a program

Exit code 0 where nothing was given up; 1 where something was: tell the sender another way; 2 where the database cannot
be read.
"""
ASKED: Final = """
SELECT referral_id, source, outcome, created_at, tries, last, next_at, given_up_at, synthetic FROM intake.replies
WHERE sent_at IS NULL AND superseded_at IS NULL AND ($1::text IS NULL OR source = $1) ORDER BY given_up_at NULLS LAST, created_at
"""


def register(commands: Commands) -> None:
    """Adds `replies` to the command line."""
    parser = add_command(commands, "replies", "list the replies to senders that nobody has taken", EXAMPLES)
    add_data_argument(parser)
    parser.add_argument("--source", metavar="NAME", help="of this source alone")
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Prints them, those that were given up first."""
    from shared.postgres import connected

    async with connected(reader_dsn(arguments.data)) as connection:
        rows = [dict(row) for row in await connection.fetch(ASKED, arguments.source)]
    given_up = sum(row["given_up_at"] is not None for row in rows)
    if arguments.json:
        print(json.dumps(rows, default=str, indent=2))
    else:
        print("\n".join(map(_line, rows)))
        print(f"{len(rows) - given_up} waiting, {given_up} given up")
    return FINDING if given_up else CLEAN


def _line(row: dict[str, Any]) -> str:
    tried = f"tried {counted(row['tries'], 'time')}" + (f", last {row['last']}" if row["last"] else "")
    state = (
        f"given up {row['given_up_at']:%Y-%m-%d %H:%M}"
        if row["given_up_at"]
        else f"next {row['next_at']:%Y-%m-%d %H:%M}"
    )
    made_up = " (synthetic)" if row["synthetic"] else ""
    return f"{row['referral_id']}  {row['source']}  {row['outcome']}{made_up}  since {row['created_at']:%Y-%m-%d %H:%M}: {tried}; {state}"
