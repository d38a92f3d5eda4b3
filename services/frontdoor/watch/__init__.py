"""`frontdoor watch`: accounts for everything, all the time, and says whom somebody must look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared import running
from shared.command_line import add_command

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES = """
frontdoor watch                                      of the system that runs here
FRONTDOOR_READER_DSN=postgresql://... frontdoor watch   of one elsewhere
FRONTDOOR_CANARY_KEY=... frontdoor watch             and a canary referral every hour, as that synthetic source
curl localhost:8084/metrics                          what it sees

It runs until SIGTERM. Its log has a line with ids for each event that is not through (once when it comes, when its time
is over, when it is through after all) and for each referral that nobody answered in half of its time and in all of it.
"""


def register(commands: Commands) -> None:
    """Adds `watch` to the command line."""
    parser = add_command(
        commands, "watch", "account for everything, all the time; alarm where somebody waits", EXAMPLES
    )
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Watches until SIGTERM or Ctrl-C: 0 after a clean stop, 1 when something failed; `Usage` where nothing is found."""
    from services.frontdoor.watch import app
    from services.frontdoor.watch.settings import WatchSettings
    from shared import service

    dsn = running.reader_dsn(arguments.data)

    async def watch() -> None:
        await app.run(WatchSettings(postgres_dsn=dsn))

    return service.main(watch)
