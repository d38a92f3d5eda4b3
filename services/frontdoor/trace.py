"""`frontdoor trace`: the whole story of one referral, in order, in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shared import running
from shared.command_line import CLEAN, add_command, as_id

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from services.frontdoor.story import Told
    from shared.command_line import Commands

EXAMPLES = """
frontdoor trace 5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11          in words, in order
frontdoor trace 5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11 --json   for a program

The id is a referral's, or that of any of its events. Times are this machine's.
"""


def register(commands: Commands) -> None:
    """Adds `trace` to the command line."""
    parser = add_command(commands, "trace", "tell the whole story of one referral", EXAMPLES)
    parser.add_argument("id", help="of the referral, or of one of its events")
    parser.add_argument("--json", action="store_true", help="the story as JSON, times in UTC")
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Prints the story; `Usage` where audit holds nothing of that id."""
    from services.frontdoor.recorded import recorded
    from services.frontdoor.story import tell

    with running.asked(arguments.data) as auditor:
        events = await recorded(auditor, as_id(arguments.id))
    referral, told = str(events[0].referral_id), [tell(event) for event in events]
    if arguments.json:
        print(json.dumps({"referral_id": referral, "events": [each.as_json() for each in told]}, ensure_ascii=False))
    else:
        print("\n".join(lines(referral, told)))
    return CLEAN


def lines(referral: str, told: Sequence[Told]) -> Iterator[str]:
    """The story for people: a line a day, a line an event."""
    synthetic = " (synthetic)" if any(each.synthetic for each in told) else ""
    yield f"referral {referral}{synthetic}"
    day = ""
    for each in told:
        time = each.at.astimezone()
        if (today := f"{time:%A %-d %B %Y}") != day:
            day = today
            yield day
        yield f"  {time:%H:%M:%S} {each.summary}"
