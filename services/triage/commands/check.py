"""`frontdoor rules check`: the gate's verdict on a rule file."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.command_line import CLEAN, FINDING, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse

    from services.triage.commands.counterexamples import Counterexample
    from services.triage.proof.verdict import Verdict
    from services.triage.rules import Refused
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules check deploy/rules/lambeth/ruleset.yaml                         could it come into force?
frontdoor rules check next.yaml --against deploy/rules/lambeth/ruleset.yaml     and what would it do differently?
frontdoor rules check next.yaml --referrals shown                               each referral that shows a fault, as files
frontdoor rules check next.yaml --json                                          every finding whole

It asks all that the gate asks, before a version comes into force: that the file is well formed and approved; and, proved
of every possible referral, that each goes somewhere, each row can change something, each promise is kept, and each
edge of each row is shown by an example. With --referrals, NAME.facts.json is for `frontdoor rules explain FILE`, and
NAME.post.json a body for POST /referrals. Exit code 0: it could come into force. 1: findings.
"""


def register(commands: Commands) -> None:
    """Adds `check` to the command line."""
    parser = add_command(commands, "check", "say whether a rule file could come into force, and why not", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--against", type=Path, metavar="OLD", help="another rule file: what comes out otherwise")
    parser.add_argument("--referrals", type=Path, metavar="DIR", help="a new or empty folder, for referrals as files")
    parser.add_argument("--json", action="store_true", help="the verdict as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where the file would pass, 1 with every finding where it would not."""
    from services.triage.commands.counterexamples import counterexamples, write
    from services.triage.commands.given import draft
    from services.triage.commands.places import required_roles
    from services.triage.commands.progress import steps
    from services.triage.proof.verdict import judge

    text, folder, began = contents(arguments.file), arguments.referrals, time.perf_counter()
    old = draft(arguments.against) if arguments.against else None
    if folder and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Usage("not-empty", f"{folder} is there and not empty: name a new folder")
    with steps() as begin:
        verdict = judge(text, arguments.file.name, begin, required_roles(arguments.file.resolve().parent.name))
    took = time.perf_counter() - began
    shown = counterexamples(verdict, with_posts=bool(folder or arguments.json))
    if folder:
        write(folder, shown)
    if arguments.json:
        print(json.dumps(as_json(verdict, shown, took) | _against(old, verdict), ensure_ascii=False))
    else:
        from services.triage.commands.check_report import show

        show(arguments.file, verdict, took, old, folder)
    return FINDING if verdict.findings else CLEAN


def as_json(verdict: Verdict, shown: dict[int, Counterexample], took: float) -> dict[str, Any]:
    """Every finding whole, with the referral that shows it; a file that cannot be read has no summary."""
    findings = []
    for number, finding in enumerate(verdict.findings, 1):
        told: dict[str, Any] = asdict(finding) | {"referral": None}
        if example := shown.get(number):
            told |= {"referral": {"facts": example.facts}}
            told |= {"post": example.post.body, "cannot_be_posted": example.post.unsaid} if example.post else {}
        findings.append(told)
    rules = verdict.rules
    return {
        "findings": findings,
        "version": rules.version if rules else None,
        "hash": rules.hash if rules else None,
        "summary": verdict.summary()._asdict() | {"seconds": round(took, 3)} if rules else None,
    }


def _against(old: Any, verdict: Verdict) -> dict[str, Any]:
    from services.triage.commands.diff import as_json as difference_as_json
    from services.triage.proof.compared import compared

    if old is None or verdict.rules is None:
        return {}
    return {"against": difference_as_json(compared(old, verdict.rules))}


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
