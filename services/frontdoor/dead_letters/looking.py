"""`frontdoor dead-letters list` and `show`: what waits, by incident; one record, with its history."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from services.frontdoor.dead_letters.asking import add_filters, wanted
from shared import running
from shared.command_line import CLEAN, FINDING, add_command, as_id
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from services.frontdoor.dead_letters.entries import Entry
    from shared.command_line import Commands

LIST: Final = """
frontdoor dead-letters list                          what waits, a line for each group and code
frontdoor dead-letters list --each                   a line for each, with its id
frontdoor dead-letters list --code wrong-key --since 24h --each
frontdoor dead-letters list --referral 5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11 --all
frontdoor dead-letters list --json                   incidents and each dead letter, for a program

Exit code 1: something waits. --all shows what was worked too.
"""
SHOW: Final = """
frontdoor dead-letters show 0f3c3f3e-55f8-5a0e-9d1c-1c1f6f0d7a11                      why it waits, and its history
frontdoor dead-letters show 0f3c3f3e-55f8-5a0e-9d1c-1c1f6f0d7a11 --value > value.json its value, byte for byte, to edit

The id is in `list --each`; it is also the cause of the hold at the hub. Events hold no identity, but a record that can
never work may hold anything, also what a sender put there: --value is for whoever may see that, on a screen that is
theirs. Without it nothing is printed that is not an id, a time, a number or a name of ours.
"""


def register(commands: Commands) -> None:
    """Adds the two to the command line."""
    parser = add_command(commands, "list", "show what waits, by incident", LIST)
    parser.add_argument("--each", action="store_true", help="a line for each dead letter")
    parser.add_argument("--all", action="store_true", help="also what was replayed, edited or discarded")
    add_filters(parser)
    parser.set_defaults(run=run_list)
    parser = add_command(commands, "show", "show one dead letter, without content", SHOW)
    parser.add_argument("id", help="of the dead letter")
    parser.add_argument("--value", action="store_true", help="its value alone, as it came: may hold anything")
    parser.add_argument("--json", action="store_true", help="for a program")
    running.add_data_argument(parser)
    parser.set_defaults(run=run_show)


async def run_list(arguments: argparse.Namespace) -> int:
    """1 where something waits; `Usage` where the records of audit cannot be read."""
    from services.frontdoor.dead_letters.entries import entries, waiting
    from services.frontdoor.dead_letters.showing import each, table
    from services.frontdoor.dead_letters.system import caught_up, reached

    async with reached(arguments.data) as at:
        try:
            behind = await caught_up(at.connection, at.settings, patience=3)
            more = f"audit is {behind} records behind Kafka" if behind else ""
        except Usage as error:
            more = error.detail
        found = await entries(at.connection, wanted(arguments, worked=arguments.all))
    if more:
        print(f"frontdoor: there may be more than this: {more}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(as_json(found, whole=not more)))
    else:
        lines = each(found) if arguments.each else table(found, dt.datetime.now(dt.UTC))
        print(*(lines if found else ["nothing waits"]), sep="\n")
    return FINDING if waiting(found) else CLEAN


def as_json(found: Sequence[Entry], *, whole: bool) -> dict[str, Any]:
    """For programs; `whole` is false where there may be more than audit has recorded."""
    from services.frontdoor.dead_letters.entries import incidents, waiting

    grouped = [
        {
            "group": group,
            "code": code,
            "count": len(entries),
            "waiting": len(waiting(entries)),
            "first_seen": entries[0].letter.failed_at.isoformat(),
            "last_seen": entries[-1].letter.failed_at.isoformat(),
            "oldest_waiting": next((entry.letter.failed_at.isoformat() for entry in waiting(entries)), None),
        }
        for (group, code), entries in incidents(found).items()
    ]
    return {"incidents": grouped, "dead_letters": [entry.as_json() for entry in found], "whole": whole}


async def run_show(arguments: argparse.Namespace) -> int:
    """0 with the dead letter; `Usage` where there is none of that id, or its content was disposed of."""
    from services.frontdoor.dead_letters.entries import Wanted, content, entries
    from services.frontdoor.dead_letters.showing import one, shown
    from shared.postgres import connected

    async with connected(running.auditor_dsn(arguments.data)) as connection:
        (entry,) = await entries(connection, Wanted(frozenset({as_id(arguments.id)})))
        was = await content(connection, entry)
    if arguments.value:
        print("frontdoor: this may hold what a sender put there: keep it off shared screens", file=sys.stderr)
        sys.stdout.buffer.write(was.value or b"")
    elif arguments.json:
        steps: list[dict[str, Any]] = msgspec.to_builtins(entry.steps)
        bytes_of_it = None if was.value is None else len(was.value)
        print(json.dumps(entry.as_json() | {"key": shown(was.key), "value_bytes": bytes_of_it, "history": steps}))
    else:
        print(*one(entry, was), sep="\n")
    return CLEAN
