"""`frontdoor rules approve`: writes down who has read and approved a rule file, so that it may come into force."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from services.triage.commands.check import contents
from shared.command_line import CLEAN, FINDING, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from services.triage.rules import Refused
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules approve deploy/rules/lambeth/ruleset.yaml --role clinician --name "Dr Ada Example"
frontdoor rules approve ruleset.yaml --role "someone who uses services" --name "Bea Example" --date 2026-01-31

Signs the text as it stands, all but its approvals: whoever changes it afterwards asks everybody again. Each role stands
once; who approves in its name now replaces who did before. Which roles are needed: `approvals` in deploy/localities.yaml.
"""


def register(commands: Commands) -> None:
    """Adds `approve` to the command line."""
    parser = add_command(commands, "approve", "approve a rule file in the name of one role", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--role", required=True, help="the role in which the person approves")
    parser.add_argument("--name", required=True, help="who read it and approves")
    parser.add_argument("--date", type=_date, help="when (default: today)")
    parser.add_argument("--json", action="store_true", help="what was signed as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 when the approval is written down; 1 where the file has faults: nobody signs what could not come into force."""
    from services.triage.commands.places import required_roles
    from services.triage.rules import Refused, read
    from services.triage.rules.approvals import digest_of

    file = contents(arguments.file)
    try:
        rules = read(file, arguments.file.name, roles=None)
    except Refused as refused:
        _show_faults(refused, as_json=arguments.json)
        return FINDING
    roles = required_roles(rules.locality)
    signed = _signed(file, arguments, roles)
    _write(arguments.file.resolve(), signed)
    said = {
        "locality": rules.locality,
        "version": rules.version,
        "digest": digest_of(signed),
        "role": _one_line(arguments.role),
        "name": _one_line(arguments.name),
        "missing": _missing(signed, roles),
    }
    print(json.dumps(said, ensure_ascii=False) if arguments.json else _in_words(said))
    return CLEAN


def _signed(file: bytes, arguments: argparse.Namespace, roles: Sequence[str]) -> bytes:
    """The file with the approval; `Usage` where there is no such role or no name, or no place to write it to."""
    from services.triage.rules.approvals import sign
    from services.triage.rules.findings import nearest

    role, name = _one_line(arguments.role), _one_line(arguments.name)
    if role not in roles:
        raise Usage("role", f"{role!r} is no role whose approval is asked for here: {nearest(role, roles)}")
    if not name or not name.isprintable():
        raise Usage("name", "--name is blank, or has a character that cannot be seen")
    day = arguments.date or dt.datetime.now().astimezone().date()
    signed = sign(file, role, name, day)
    if signed is None:
        raise Usage("approved", f"{arguments.file} has no plain list of approvals at its margin: add `approved: []`")
    return signed


def _missing(file: bytes, roles: Sequence[str]) -> list[str]:
    """The roles that have not approved this text yet; others that approved another text among them."""
    from services.triage.rules import Refused, read

    try:
        read(file, "", roles=roles)
    except Refused as refused:
        return list(dict.fromkeys(finding.row for finding in refused.findings))
    return []


def _write(file: Path, content: bytes) -> None:
    """Replaces the file whole: whoever watches it never sees half of it."""
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as beside:
            beside.write(content)
            beside.flush()
            os.fsync(beside.fileno())
        shutil.copymode(file, beside.name)
        Path(beside.name).replace(file)
    except OSError as error:
        raise Usage("no-file", f"cannot write {file}: {error.strerror}") from error


def _show_faults(refused: Refused, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"findings": [asdict(finding) for finding in refused.findings]}))
    else:
        print(*refused.findings, "not signed: correct these first", sep="\n")


def _in_words(said: Mapping[str, object]) -> str:
    missing = said["missing"]
    left = f"still missing: {', '.join(missing)}" if isinstance(missing, list) and missing else "no approval is missing"
    return (
        f"{said['name']} ({said['role']}) approved {said['locality']} {said['version']}, text {said['digest']}\n{left}"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
