"""`frontdoor rules what-if`: all that can come of a referral of which something is not known yet."""

from __future__ import annotations

import json
from itertools import groupby
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.command_line import CLEAN, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from services.triage.commands.given import Given
    from services.triage.proof.classes import Class
    from services.triage.proof.outcomes import Outcome, Region
    from services.triage.rules import RuleSet
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules what-if FILE phq9=?                        every score, and none
frontdoor rules what-if FILE phq9=? suicidal=? age=17      two unknown, of a person of 17
frontdoor rules what-if FILE 'problem=?' --json            for a program (quotes where the shell needs them)

What is not named is as in the baseline of the file's examples. Whether a question of the risk screen is unanswered
follows from the answers unless it is named; all other facts are taken as they are, also where one bears on another.
"""


def register(commands: Commands) -> None:
    """Adds `what-if` to the command line."""
    parser = add_command(commands, "what-if", "show all outcomes that are possible while facts are unknown", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("given", nargs="+", metavar="FACT", help="phq9=? for unknown, age=17 for known")
    parser.add_argument("--json", action="store_true", help="the outcomes as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints every possible outcome; `Usage` where too much is unknown to try it all."""
    from services.triage.commands.given import draft, facts_given
    from services.triage.proof.outcomes import classes_in_question, outcomes

    rules = draft(arguments.file)
    given = facts_given(rules, arguments.given)
    if not given.unknown:
        raise Usage("nothing-unknown", "give at least one fact as unknown: phq9=? (frontdoor rules explain for none)")
    classes = classes_in_question(rules, given.facts, given.unknown, follows=given.follows)
    _check_size(classes)
    regions = outcomes(rules, given.facts, classes, follows=given.follows)
    if arguments.json:
        print(json.dumps(as_json(rules, given, regions), ensure_ascii=False))
    else:
        from rich.console import Console

        _show(Console(highlight=False), rules, given, regions)
    return CLEAN


def _check_size(classes: Mapping[str, Sequence[Class]]) -> None:
    from services.triage.proof.outcomes import MOST_COMBINATIONS

    if (size := prod(map(len, classes.values()))) > MOST_COMBINATIONS:
        kinds = ", ".join(f"{name} {len(each)}" for name, each in classes.items())
        raise Usage(
            "too-many",
            f"{size:,} combinations that the rules tell apart ({kinds}), and at most {MOST_COMBINATIONS:,} are tried: "
            "give some of these a value",
        )


def where(rules: RuleSet, given: Given, region: Region) -> dict[str, str]:
    """The values of the unknown facts for which an outcome comes, in words."""
    from services.triage.proof.wording import cell_in_words

    named = zip(given.unknown, region.values, strict=True)
    return {name: cell_in_words(values, rules.inputs[name]) for name, values in named}


def as_json(rules: RuleSet, given: Given, regions: Sequence[Region]) -> dict[str, Any]:
    """Each outcome with the values for which it comes."""
    return {
        "ruleset": {"locality": rules.locality, "version": rules.version, "hash": rules.hash},
        "given": dict(given.named),
        "outcomes": [region.outcome._asdict() | {"when": where(rules, given, region)} for region in regions],
    }


def _show(console: Console, rules: RuleSet, given: Given, regions: Sequence[Region]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    known = ", ".join(f"{name} {value}" for name, value in given.named.items()) or "nothing else given"
    console.print(f"[bold]{rules.locality} {rules.version}[/] [dim]({escape(known)}; the rest as in the baseline)[/]")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
    for name in ("outcome", "where", "row"):
        table.add_column(name)
    for outcome, group in groupby(regions, key=lambda region: region.outcome):
        shown = _outcome(rules, outcome)
        for region in group:
            words = "\n".join(f"{name} {cell}" for name, cell in where(rules, given, region).items())
            table.add_row(escape(shown), escape(words), outcome.row)
            shown = ""
    console.print(table)


def _outcome(rules: RuleSet, outcome: Outcome) -> str:
    from services.triage.proof.wording import destination_in_words, priority_in_words

    lines = [priority_in_words(outcome.urgency), destination_in_words(rules, outcome.destination)]
    lines += [f"added: {destination_in_words(rules, name)}" for name in outcome.also]
    return "\n".join(lines + ["held for a person"] * outcome.hold)
