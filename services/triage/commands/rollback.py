"""`frontdoor rules rollback`: brings an earlier rule set back into force, at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shared import running
from shared.command_line import CLEAN, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse

    from services.triage.past import Event
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules rollback --by "Dr Ada Example" --reason "sends eating disorders to the wrong team"
frontdoor rules rollback --to 2026.1.1 --by "Dr Ada Example" --reason "the last that we trust"
frontdoor rules rollback --locality lambeth --by ... --reason ...    where several places are served

Without --to: to what was in force before. It decides from the next referral on, with no proof to wait for: only a set
that was in force here comes back. The file in the rules folder stays as it is and does not come back by itself; a new
version there does. Needs a running system: --data, or FRONTDOOR_ADMIN_DSN of a superuser or of frontdoor_owner.
"""


def register(commands: Commands) -> None:
    """Adds `rollback` to the command line."""
    parser = add_command(commands, "rollback", "bring an earlier rule set back into force, at once", EXAMPLES)
    parser.add_argument("--locality", help="which place (default: the one that has rules)")
    parser.add_argument("--to", metavar="VERSION", help="which version (default: the one in force before)")
    parser.add_argument("--by", required=True, help="who decided it")
    parser.add_argument("--reason", required=True, help="why")
    parser.add_argument("--json", action="store_true", help="what came back as JSON")
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """0 when the earlier set is in force; `Usage` where there is none, or the database cannot be reached."""
    from shared.postgres import connected

    by, reason = arguments.by.strip(), arguments.reason.strip()
    if not by or not reason:
        raise Usage("blank", "--by and --reason must say who and why: audit keeps both")
    async with connected(running.admin_dsn(arguments.data)) as connection, connection.transaction():
        back, left = await _roll_back(connection, arguments.locality, arguments.to, (by, reason))
    if arguments.json:
        said = {"locality": back.locality, "version": back.version, "hash": back.hash, "instead_of": left.version}
        print(json.dumps(said))
    else:
        print(f"{back.locality}: {back.version} is in force again, instead of {left.version}")
    return CLEAN


async def _roll_back(
    connection: Any, locality: str | None, to: str | None, why: tuple[str, str]
) -> tuple[Event, Event]:
    """What is in force again, and what it ended."""
    from services.triage.past import Event, brought_back, in_force
    from services.triage.store import SQL

    await connection.execute(SQL.lock_activations)
    history = [Event(*row.values()) for row in await connection.fetch(SQL.rule_history, locality)]
    places = sorted({event.locality for event in history if event.in_force})
    if len(places) > 1:
        raise Usage("which-locality", f"say which place with --locality: {', '.join(places)}")
    back, left = brought_back(history, to), in_force(history)
    await connection.execute(SQL.roll_back, back.locality, back.hash, *why, left.hash)
    return back, left
