"""What intake brings to the command line: `frontdoor import`, and `frontdoor sources`. One module a command."""

from __future__ import annotations

import argparse
import importlib
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.command_line import Commands

ALONE: Final = ("importing", "replies")  # frontdoor NAME
OF_SOURCES: Final = ("check", "invalid", "listing", "unmapped")  # frontdoor sources NAME

EXAMPLES: Final = """
frontdoor sources check FILE --as csv       how a message would be read and answered, and what triage would be told
frontdoor sources unmapped --since 30d      codes that came and no table knows
frontdoor sources list                      who may refer, and what each may do
frontdoor sources invalid                   what came by MESH and was not taken; settle it
frontdoor sources COMMAND --help            each command has examples of its own
"""


def register(commands: Commands) -> None:
    """Adds intake's commands to the command line."""
    for name in ALONE:
        importlib.import_module(f"services.intake.commands.{name}").register(commands)
    parser = commands.add_parser(
        "sources",
        help="the systems that refer: who they are, and how their messages are read",
        description="The systems that refer: who they are, and how their messages are read.",
        epilog="examples:\n" + textwrap.indent(EXAMPLES.strip("\n"), "  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    registered = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in OF_SOURCES:
        importlib.import_module(f"services.intake.commands.{name}").register(registered)
