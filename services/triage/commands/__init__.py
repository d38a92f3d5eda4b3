"""`frontdoor rules`: read, change, prove and bring into force the rules of a place. One module a command."""

from __future__ import annotations

import argparse
import importlib
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.command_line import Commands

COMMANDS: Final = (
    "approve",
    "bring_in",
    "check",
    "diff",
    "examples",
    "explain",
    "export",
    "history",
    "render",
    "replay",
    "rollback",
    "what_if",
)

EXAMPLES: Final = """
frontdoor rules check deploy/rules/lambeth/ruleset.yaml     could it come into force, and why not?
frontdoor rules diff OLD NEW                                who would go elsewhere, proved of every possible referral
frontdoor rules examples FILE                               the examples that it lacks, for clinicians to confirm
frontdoor rules explain FILE phq9=18 problem=mood           which row decides, and which it beats
frontdoor rules what-if FILE phq9=? suicidal=?              all that can come of it while these are unknown
frontdoor rules replay FILE --since 90d                     past referrals under it and under the rules in force
frontdoor rules render FILE --out PAGE.html                 a page to read, print and sign
frontdoor rules export FILE --xlsx BOOK.xlsx                its tables as a spreadsheet
frontdoor rules import FILE --from BOOK.xlsx                and back, once it is edited
frontdoor rules approve FILE --role clinician --name "..."  sign it
frontdoor rules history                                     what was in force when, by whom and why
frontdoor rules rollback --by "..." --reason "..."          back to what was in force before, at once
frontdoor rules COMMAND --help                              each command has examples of its own
"""


def register(commands: Commands) -> None:
    """Adds `rules` and its commands to the command line."""
    parser = commands.add_parser(
        "rules",
        help="read, change and prove the rules of a place",
        description="Read, change and prove the rules of a place. No command needs a running system but those that say so.",
        epilog="examples:\n" + textwrap.indent(EXAMPLES.strip("\n"), "  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    registered = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"services.triage.commands.{name}").register(registered)
