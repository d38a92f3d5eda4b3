"""`frontdoor sources invalid`: messages of MESH that were not taken, until a person settles each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from shared.command_line import CLEAN, FINDING, add_command, counted
from shared.errors import Usage
from shared.running import add_data_argument, admin_dsn, reader_dsn

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES: Final = """
frontdoor sources invalid                        what was not taken, why, and from whom; the emergencies first
frontdoor sources invalid --json                 for a program
frontdoor sources invalid --settle ID --why "the practice was phoned and sent it again"
frontdoor sources invalid --settle ID --why "a test message" --dispose    its bytes go too

Behind each may be a person whom nobody here knows of: phone its sender. Exit code 0: none is open; 1: there are some, or
no such message to settle; 2: no database. Settling needs FRONTDOOR_ADMIN_DSN where no `frontdoor up` runs.
"""


def register(commands: Commands) -> None:
    """Adds `invalid` to the command line."""
    parser = add_command(commands, "invalid", "say which messages were kept and not taken, and settle them", EXAMPLES)
    add_data_argument(parser)
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.add_argument("--settle", metavar="ID", help="MESH's id of a message that has been dealt with")
    parser.add_argument("--mailbox", metavar="ID", help="with --settle: ours that it came to, if its id came to two")
    parser.add_argument("--why", metavar="TEXT", help="how")
    parser.add_argument("--dispose", action="store_true", help="with --settle: remove its bytes")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Prints them, or settles one."""
    from asyncpg import RaiseError

    from services.intake.store import SQL
    from shared.postgres import connected

    if arguments.settle is None:
        async with connected(reader_dsn(arguments.data)) as connection:
            return _told([dict(row) for row in await connection.fetch(SQL.invalid_messages)], as_json=arguments.json)
    if not (arguments.why or "").strip():
        raise Usage("why", "--settle needs --why: what was done for whoever is behind it?")
    async with connected(admin_dsn(arguments.data)) as connection:
        asked = (arguments.settle, arguments.why, arguments.dispose, arguments.mailbox)
        try:
            settled = await connection.fetchval(SQL.settle, *asked)
        except RaiseError as error:
            raise Usage("settle", str(error)) from None
    print("settled" if settled else "there is no such message")
    return CLEAN if settled else FINDING


def _told(rows: list[dict[str, Any]], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps([row | {"errors": json.loads(row["errors"])} for row in rows], indent=2, default=str))
    else:
        for row in rows:
            print(f"{row['message_id']}  {row['code']}{'  EMERGENCY' if row['emergency'] else ''}")
            whose = f"{row['source']} (mailbox {row['sender']})" if row["source"] else f"mailbox {row['sender']}"
            print(f"  from {whose}, {row['workflow']}, {row['received_at']:%Y-%m-%d %H:%M} UTC")
            for error in json.loads(row["errors"]):
                print(f"  {error['path'] or 'the message'}: {error['detail']}")
        print(f"{counted(len(rows), 'message')} not taken and not settled")
    return FINDING if rows else CLEAN
