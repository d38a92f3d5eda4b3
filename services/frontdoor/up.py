"""`frontdoor up`: the whole system on one machine, in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shared.command_line import add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES = """
frontdoor up --embedded                      try it: a temporary folder, gone at the end
frontdoor up --embedded --data ./data        everything survives a restart
frontdoor up --embedded --port-base 9000     intake on 9000, triage on 9001, audit on 9002, HL7 v2 on 9004, the watch on 9005

In another terminal, once every line says ready:
  frontdoor reconcile                        is everything accounted for?
  curl localhost:8080/ready                  is intake ready, and why not?
  curl localhost:8084/metrics                who waits, and for how long? (`frontdoor watch` runs with it)
"""


def register(commands: Commands) -> None:
    """Adds `up` to the command line."""
    parser = add_command(commands, "up", "start the whole system here; Ctrl-C stops it", EXAMPLES)
    parser.add_argument("--embedded", action="store_true", help="with the broker and PostgreSQL that Python brought")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep everything in DIR (default: a temporary folder)")
    parser.add_argument(
        "--port-base", type=int, metavar="PORT", help="intake's port; triage and audit take the next two"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Starts everything and stays; 0 after a clean stop, 1 when something could not be kept up."""
    if not arguments.embedded:
        raise Usage(
            "not-embedded", "say `frontdoor up --embedded`, or `docker compose up` for the system in containers"
        )
    from services.frontdoor.embedded import foreground

    return foreground.run(arguments.data, arguments.port_base)
