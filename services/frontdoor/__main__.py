"""The installed command `frontdoor`: each module named in `COMMANDS` is one command (see `shared.command_line`)."""

from __future__ import annotations

import sys

from services.frontdoor.cli import call, parser_of

COMMANDS = (
    "up",
    "demo",
    "trace",
    "explain",
    "reconcile",
    "watch",
    "verify",
    "dead_letters",
    "schemas",
    "topics",
    "republish",
    "refill",
    "lag",
)


def main() -> None:
    """Runs the command line and leaves with its exit code."""
    parser = parser_of(COMMANDS)
    sys.exit(call(parser.parse_args()))


if __name__ == "__main__":
    main()
