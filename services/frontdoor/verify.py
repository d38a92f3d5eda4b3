"""`frontdoor audit verify`: proof that nothing audited was altered, removed or put in.

The chain is the audit service's own: this command runs it there, as a process, with the auditor's role.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.frontdoor import running
from services.frontdoor.cli import add_command

if TYPE_CHECKING:
    import argparse

    from services.frontdoor.cli import Commands

EXAMPLES = """
frontdoor audit verify                       recompute every chain (exit code 1: a finding)
frontdoor audit verify --heads heads.json    hold it against a copy of published heads kept elsewhere
frontdoor audit verify --json                for a program

A finding is one line: altered|missing|inserted STREAM TOPIC PARTITION OFFSET, the first of each partition.
`disposed, digest stands` is no finding: the content went on record, its place in the chain is proven.
"""


def register(commands: Commands) -> None:
    """Adds `audit verify` to the command line."""
    audit = add_command(commands, "audit", "prove that nothing audited was altered, removed or put in", EXAMPLES)
    actions = audit.add_subparsers(title="actions", metavar="ACTION", required=True)
    parser = add_command(actions, "verify", "recompute every chain", EXAMPLES)
    parser.add_argument("--json", action="store_true", help="findings and figures as JSON")
    parser.add_argument(
        "--heads",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an audit heads event (JSON) kept elsewhere",
    )
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where every chain stands, 1 where one does not."""
    command = [sys.executable, "-m", "services.audit", "verify", *(["--json"] if arguments.json else [])]
    for file in arguments.heads:
        command += ["--heads", str(file.absolute())]
    environment = os.environ | {"FRONTDOOR_AUDITOR_DSN": running.auditor_dsn(arguments.data)}
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  (our own module)
