"""`frontdoor audit verify`: proof that nothing audited was altered, removed or put in, receipts included.

`frontdoor audit key` makes the keys that audit signs its heads with.

The chain is the audit service's own: this command runs it there, as a process, with the auditor's role. The receipts
in intake are held against the digests that audit recorded.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shared import running
from shared.command_line import CLEAN, FINDING, USAGE, add_command

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES = """
frontdoor audit verify                       recompute every chain, compare every receipt (exit code 1: a finding)
frontdoor audit verify --heads heads.json    hold it against a copy of published heads kept elsewhere
frontdoor audit verify --key heads-keys/     believe only heads that one of these public keys signed
frontdoor audit verify --json                for a program
frontdoor audit key heads.pem > public.pem   a new pair: the private key for FRONTDOOR_HEADS_KEY of audit

A finding is one line: altered|missing|inserted STREAM TOPIC PARTITION OFFSET, the first of each partition; of receipts
in intake that are not as audited the first of each kind is named, by where its event lies. `disposed, digest stands` is no finding:
the content went on record, its place in the chain is proven. With --key, `unproven STREAM TOPIC PARTITION OFFSET` names
heads that no key given has signed. Keep public keys and copies of heads where whoever runs the database cannot write.
"""

KEY_EXAMPLES = """
frontdoor audit key heads.pem > heads-public.pem

Give the private key to audit (FRONTDOOR_HEADS_KEY=heads.pem) and nobody else; keep the public one outside. To change keys
make another pair, restart audit with it, and keep every public key: `audit verify --key` takes a folder of them.
"""


def register(commands: Commands) -> None:
    """Adds `audit verify` to the command line."""
    audit = add_command(commands, "audit", "prove that nothing audited was altered, removed or put in", EXAMPLES)
    actions = audit.add_subparsers(title="actions", metavar="ACTION", required=True)
    parser = add_command(actions, "verify", "recompute every chain, compare every receipt", EXAMPLES)
    parser.add_argument("--json", action="store_true", help="findings and figures as JSON")
    parser.add_argument(
        "--heads",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an audit heads event (JSON) kept elsewhere",
    )
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a public key (PEM), or a folder of *.pem: heads that none of them signed are a finding",
    )
    running.add_data_argument(parser)
    parser.set_defaults(run=run)
    making = add_command(
        actions, "key", "make a pair of keys to sign heads with, and print the public one", KEY_EXAMPLES
    )
    making.add_argument("file", type=Path, metavar="FILE", help="the private key's new file (mode 0600)")
    making.set_defaults(run=make)


def make(arguments: argparse.Namespace) -> int:
    """Makes a pair; `Usage` where the file is there already."""
    from shared.signing import make_key

    print(make_key(arguments.file), end="")
    return CLEAN


def run(arguments: argparse.Namespace) -> int:
    """0 where every chain and receipt stands, 1 where one does not."""
    from services.frontdoor.receipts import compare

    auditor = running.auditor_dsn(arguments.data)
    chains = _chains(arguments, auditor)
    if chains.returncode == USAGE:
        return USAGE
    compared = asyncio.run(compare(auditor))
    if arguments.json:
        print(json.dumps(json.loads(chains.stdout) | {"receipts": compared.as_json()}))
    else:
        print("\n".join(compared.lines()))
        for finding in compared.findings.values():
            print(f"  {finding.why}", file=sys.stderr)
    return FINDING if chains.returncode or compared.findings else CLEAN


def _chains(arguments: argparse.Namespace, auditor: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.audit", "verify", *(["--json"] if arguments.json else [])]
    for file in arguments.heads:
        command += ["--heads", str(file.absolute())]
    for file in arguments.key:
        command += ["--key", str(file.absolute())]
    said = subprocess.PIPE if arguments.json else None
    environment = os.environ | {"FRONTDOOR_AUDITOR_DSN": auditor}
    return subprocess.run(command, env=environment, check=False, stdout=said, text=True)  # noqa: S603  (our own module)
