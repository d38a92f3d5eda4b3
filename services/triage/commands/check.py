"""`frontdoor rules check`: the gate's verdict on a rule file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from shared.command_line import CLEAN, FINDING, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse

    from services.triage.rules import Refused
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules check deploy/rules/lambeth/ruleset.yaml
"""


def register(commands: Commands) -> None:
    """Adds `check` to the command line."""
    parser = add_command(commands, "check", "say whether a rule file could come into force, and why not", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="the verdict as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where the file would pass, 1 with every finding where it would not."""
    from services.triage.commands.places import required_roles
    from services.triage.rules import Refused, read

    try:
        roles = required_roles(arguments.file.resolve().parent.name)
        rules = read(contents(arguments.file), arguments.file.name, roles=roles)
    except Refused as refused:
        return tell(refused, as_json=arguments.json)
    print(json.dumps({"findings": [], "version": rules.version}) if arguments.json else f"{rules.version}: sound")
    return CLEAN


def tell(refused: Refused, *, as_json: bool) -> int:
    """Prints what was found, and gives the exit code of a finding."""
    if as_json:
        print(json.dumps({"findings": [asdict(finding) for finding in refused.findings]}))
    else:
        print("\n".join(map(str, refused.findings)))
    return FINDING


def contents(file: Path) -> bytes:
    """The bytes of a rule file; `Usage` where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Usage("no-file", f"cannot read {file}: {error.strerror}") from error
