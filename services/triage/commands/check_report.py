"""Prints the verdict on a rule file: what is wrong, for whom, where, how to cure it and how to look closer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from rich.console import Console

from services.triage.commands import diff_report
from services.triage.commands.counterexamples import explaining
from services.triage.commands.diff_report import line
from services.triage.proof.compared import compared
from services.triage.proof.explaining import cells_of, explain
from services.triage.proof.wording import facts_in_words, number_in_words, outcome_in_words
from services.triage.rules.findings import MOST_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from services.triage.proof.verdict import Verdict
    from services.triage.rules import Finding, RuleSet

# The worst first: what cannot be read, what is not known, what could harm, what only misleads, what is still to do.
HEADINGS: Final = {
    "parse": "Cannot be read as it stands",
    "solver": "Not proved",
    "gap": "Referrals that go nowhere",
    "promise": "Promises that do not hold",
    "overlap": "Rows that can match together and differ, unsaid",
    "dead-row": "Rows that can never change anything",
    "example": "Examples that come out otherwise, rows without one",
    "edge": "Edges that no example shows",
    "approval": "Approvals that are missing",
}

MOST_SHOWN: Final = 20  # findings of one kind that are printed


def show(file: Path, verdict: Verdict, took: float, old: RuleSet | None, folder: Path | None) -> None:
    """Prints the whole verdict."""
    console = Console(highlight=False)
    for code, heading in HEADINGS.items():
        if found := [finding for finding in verdict.findings if finding.code == code]:
            line(console, f"\n{heading} ({len(found):,})", "bold red")
            if code == "edge":
                _edges(console, file, found)
            else:
                for finding in found[:MOST_SHOWN]:
                    _finding(console, file, verdict.rules, finding)
                if len(found) > MOST_SHOWN:
                    line(console, f"  ... and {len(found) - MOST_SHOWN:,} more of these (--json has all)", "dim")
    if old is not None and verdict.rules is not None:
        diff_report.show(console, compared(old, verdict.rules))
    if folder:
        line(console, f"\nthe referrals that show this are in {folder}")
    line(console, f"\n{summary(verdict, took)}", "bold")


def summary(verdict: Verdict, took: float) -> str:
    """One line: what was looked at, how much is proved."""
    if verdict.rules is None:
        many = len(verdict.findings) >= MOST_FINDINGS
        why = "so many that no more were looked for" if many else "nothing can be proved until the file can be read"
        return f"{len(verdict.findings):,} finding{'s' * (len(verdict.findings) > 1)}: {why}"
    rules, told = verdict.rules, verdict.summary()
    word = "sound" if not verdict.findings else f"{len(verdict.findings):,} finding{'s' * (len(verdict.findings) > 1)}"
    proved = "promises not proved" if told.promises_proved is None else f"{told.promises_proved} proved"
    return (
        f"{rules.locality} {rules.version}: {word}; {told.rows} rows, {told.promises} promises ({proved}), "
        f"{told.examples} examples, {number_in_words(told.possible_referrals)} possible referrals, {took:.1f} s"
    )


def _finding(console: Console, file: Path, rules: RuleSet | None, finding: Finding) -> None:
    line(console, f"  {_example(rules, finding)}{finding.message}")
    for part in (*_sent(rules, finding), f"where:  {where(file, finding)}", f"cure:   {finding.cure}"):
        line(console, f"    {part}")
    if rules and finding.referral:
        line(console, f"    closer: {explaining(file, rules, json.loads(finding.referral)['facts'])}")
    console.print()


def _example(rules: RuleSet | None, finding: Finding) -> str:
    """Of which example something is said, and of what of it."""
    for example in rules.examples if rules else ():
        if finding.code == "example" and finding.table == "examples" and finding.line == str(example.line):
            facts = facts_in_words(example.given, {}) or "as the examples' baseline"
            return f"{example.row}, {facts}: {finding.column} "
    return ""


def where(file: Path, finding: Finding) -> str:
    """The place of a finding, beginning as editors and terminals can open it."""
    parts = (("table", finding.table), ("row", finding.row), ("column", finding.column))
    start = f"{file}:{finding.line}" if finding.line else str(file)
    return ", ".join((start, *(f"{name} {value}" for name, value in parts if value)))


def _sent(rules: RuleSet | None, finding: Finding) -> Iterator[str]:
    """Where a referral that breaks a promise goes, and what the row asked that sent it there."""
    if rules is None or not finding.referral or finding.code != "promise":
        return
    explained = explain(rules, json.loads(finding.referral)["facts"])
    row = explained.decided
    yield f"to:     {outcome_in_words(rules, explained.proposal)}"
    asked = "; ".join(map(str, cells_of(rules, row, explained.facts))) or "it asks nothing"
    yield f"by:     row {row.id} ({row.table}, line {row.line}): {asked}"


def _edges(console: Console, file: Path, found: Sequence[Finding]) -> None:
    """Many may be missing at once: one line a row, and one cure."""
    by_row: dict[tuple[str, str, str], list[str]] = {}
    for finding in found:
        facts = json.loads(finding.referral)["facts"] if finding.referral else {}
        at = f"{finding.column} = {facts[finding.column]}" if finding.column in facts else finding.message
        by_row.setdefault((finding.row, finding.table, finding.line), []).append(at)
    for (row, table, number), edges in by_row.items():
        line(console, f"  row {row} ({table}, line {number}): {'; '.join(edges)}")
    line(console, f"    cure:   frontdoor rules examples {file} proposes them; clinicians confirm each")
