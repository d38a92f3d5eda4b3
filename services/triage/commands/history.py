"""`frontdoor rules history`: what was in force when, by whom and why, and what was refused."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from shared import running
from shared.command_line import CLEAN, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    import datetime as dt
    from collections.abc import Iterator

    from services.triage.past import Event
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules history                       every locality, the present set marked with *
frontdoor rules history --locality lambeth    one of them
frontdoor rules history --json                for a program

Needs a running system: --data, or FRONTDOOR_READER_DSN.
"""


def register(commands: Commands) -> None:
    """Adds `history` to the command line."""
    parser = add_command(commands, "history", "show what was in force when, and what was refused", EXAMPLES)
    parser.add_argument("--locality", help="one place alone")
    parser.add_argument("--json", action="store_true", help="the history as JSON")
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """0 with the history; `Usage` where the database cannot be reached or knows no such locality."""
    from services.triage.past import Event
    from services.triage.store import SQL
    from shared.postgres import connected

    async with connected(running.reader_dsn(arguments.data)) as connection:
        rows = await connection.fetch(SQL.rule_history, arguments.locality)
    history = [Event(*row.values()) for row in rows]
    if arguments.locality and not history:
        raise Usage("unknown-locality", f"no rule set was ever offered for {arguments.locality}")
    if arguments.json:
        print(json.dumps({"history": [_as_json(event) for event in history]}, ensure_ascii=False))
    else:
        print(*_lines(history), sep="\n")
    return CLEAN


def _as_json(event: Event) -> dict[str, Any]:
    times = {name: at and at.isoformat() for name in ("at", "since", "until") for at in [getattr(event, name)]}
    shown = {**event._asdict(), **times, "findings": json.loads(event.findings) if event.findings else []}
    return {name: value for name, value in shown.items() if name not in {"id", "stood"}}


def _lines(history: list[Event]) -> Iterator[str]:
    for locality, events in groupby(history, key=lambda event: event.locality):
        yield locality
        yield from map(_line, events)


def _line(event: Event) -> str:
    mark = "*" if event.in_force else " "
    return f"{mark} {_time(event.at)}  {event.what:9}  {event.version or '':12}  {event.hash[:12]}  {event.by}: {_why(event)}"


def _why(event: Event) -> str:
    if event.findings:
        first, *others = json.loads(event.findings)
        more = f" (and {len(others)} more)" if others else ""
        return f"{event.file}: {first['code']}: {first['message']}{more}"
    instead = f" (instead of {event.instead_of})" if event.instead_of else ""
    later = f" (from {_time(event.since)})" if event.since and event.since > event.at else ""
    return f"{event.reason}{instead}{later}"


def _time(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
