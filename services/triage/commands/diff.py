"""`frontdoor rules diff`: what two rule files do differently, over every possible referral."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.command_line import CLEAN, FINDING, add_command

if TYPE_CHECKING:
    import argparse

    from services.triage.proof.compared import Compared
    from services.triage.rules import Proposal, RuleSet
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules diff deploy/rules/lambeth/ruleset.yaml next.yaml            who would go elsewhere, and who decides it
frontdoor rules diff deploy/rules/lambeth/ruleset.yaml next.yaml --json     every kind of referral that moves, whole

Not the text is compared but what becomes of people: where to, how urgent, what is added, who is held. Nothing is tried
out: it is proved of every possible referral, or shown. What a row tells people, and its source, are not compared.
Exit code 0: the same. 1: something differs, in what becomes of people or in what the files declare.
"""


def register(commands: Commands) -> None:
    """Adds `diff` to the command line."""
    parser = add_command(commands, "diff", "show which possible referrals come out otherwise", EXAMPLES)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--json", action="store_true", help="the difference as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """1 where something differs; `Refused` where one of the files cannot be read."""
    from services.triage.commands.given import draft
    from services.triage.commands.progress import steps
    from services.triage.proof.compared import compared

    with steps() as begin:
        begin("the files are read")
        old, new = draft(arguments.old), draft(arguments.new)
        begin("every possible referral is compared")
        found = compared(old, new)
    if arguments.json:
        print(json.dumps(as_json(found), ensure_ascii=False))
    else:
        from rich.console import Console

        from services.triage.commands.diff_report import show

        show(Console(highlight=False), found)
    return FINDING if found.moves or found.redefined else CLEAN


def as_json(found: Compared) -> dict[str, Any]:
    """The whole difference; `number` is null where there were too many kinds of referral to count."""
    return {
        "old": _named(found.old),
        "new": _named(found.new),
        "same": not found.moves,
        "possible": found.difference.possible,
        "moves": [
            {
                "lost": lost,
                "changes": [change._asdict() for change in move.changes],
                "number": move.number,
                "facts": dict(move.facts),
                "before": _outcome(move.before),
                "after": _outcome(move.after),
            }
            for move, lost in found.moves
        ],
        "redefined": [each._asdict() for each in found.redefined],
    }


def _named(rules: RuleSet) -> dict[str, str]:
    return {"locality": rules.locality, "version": rules.version, "hash": rules.hash}


def _outcome(got: Proposal) -> dict[str, Any]:
    return {name: value for name, value in got._asdict().items() if name != "notes"}
