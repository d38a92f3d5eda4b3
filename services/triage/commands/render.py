"""`frontdoor rules render`: a rule file as one page for sign-off."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from shared.command_line import CLEAN, FINDING, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules render next.yaml --out next.html                        a page to read, to print and to sign
frontdoor rules render next.yaml --against deploy/rules/lambeth/ruleset.yaml --out next.html
                                                                        with what it changes, beside the version in force
frontdoor rules render next.yaml > next.html                            the same, to standard output

The page is one file: it needs no network and runs no script. Approvals are not asked for: it is made to get them. Exit
code 0: all else that the gate asks holds. 1: the page begins with what does not.
"""


def register(commands: Commands) -> None:
    """Adds `render` to the command line."""
    parser = add_command(commands, "render", "write a rule file as one page for sign-off", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--against", type=Path, metavar="OLD", help="another rule file: what this one changes")
    parser.add_argument("--out", type=Path, metavar="PAGE.html", help="the page (default: standard output)")
    parser.add_argument("--json", action="store_true", help="the findings, and where the page is or the page itself")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """1 where the page begins with findings; `Refused` where the file cannot be read."""
    from services.triage.commands.check import contents
    from services.triage.commands.given import draft
    from services.triage.commands.places import required_roles
    from services.triage.commands.progress import steps
    from services.triage.proof.compared import compared
    from services.triage.proof.page import page_of
    from services.triage.proof.verdict import judge
    from services.triage.rules import Refused

    out: Path | None = arguments.out
    if out and out.exists() and out.suffix != ".html":
        raise Usage("exists", f"{out} is there and no page: name a file that ends in .html")
    with steps() as begin:
        verdict = judge(contents(arguments.file), arguments.file.name, begin)
        if verdict.rules is None:
            raise Refused(verdict.findings)
        found = compared(draft(arguments.against), verdict.rules) if arguments.against else None
    page = page_of(verdict, verdict.rules, required_roles(arguments.file.resolve().parent.name), found)
    if out:
        out.write_text(page, encoding="utf-8")
    if arguments.json:
        told = [asdict(finding) for finding in verdict.findings]
        print(json.dumps({"findings": told, "out": str(out) if out else None, "page": None if out else page}))
    else:
        sys.stdout.write(f"the page is in {out}: open it, print it, have it signed\n" if out else page)
    return FINDING if verdict.findings else CLEAN
