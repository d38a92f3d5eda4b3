"""The tables of a rule set for people to read: destinations, rows, promises, examples."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from services.triage.proof.page_parts import element, listed, table
from services.triage.proof.wording import (
    cell_in_words,
    destination_in_words,
    effect_in_words,
    facts_in_words,
    priority_in_words,
)
from shared.codes import Urgency
from shared.errors import Bug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from services.triage.proof.page_parts import Part
    from services.triage.proof.verdict import Verdict
    from services.triage.rules import Row, RuleSet
    from services.triage.rules.examples import Example

MOST_COLUMNS: Final = 7  # facts of a table that have a column each; where rows ask more, each row names what it asks


def destinations(rules: RuleSet) -> Element:
    """Where a referral can go."""
    columns = ("destination", "id", "care setting", "team type", "human gate", "response", "accepting")
    rows = (
        (to.name, to.id, str(to.care_setting), to.team_type, str(to.gate), to.response, "yes" if to.accepting else "no")
        for to in rules.destinations.values()
    )
    return table(f"{len(rules.destinations)} destinations", columns, rows)


def rows_by_table(verdict: Verdict, rules: RuleSet, rows: Iterable[Row[object]]) -> Iterator[Element]:
    """Each table of rows: what a row asks, what follows, what people are told, whence it is."""
    taking_part = examples_by_row(rules)
    unshown = Counter(finding.row for finding in verdict.findings if finding.code == "edge")
    for name, grouped in groupby(rows, key=lambda row: row.table):
        yield _rows(rules, name, list(grouped), taking_part, unshown)


def _rows(
    rules: RuleSet, name: str, rows: Sequence[Row[object]], taking_part: Counter[str], unshown: Counter[str]
) -> Element:
    asked = [fact for fact in rules.inputs if any(fact in row.when for row in rows)]
    wide = len(asked) > MOST_COLUMNS
    heads = ("asks",) if wide else (fact.replace("_", " ") for fact in asked)
    columns = ("row", *heads, "then", "people are told", "source", "hazards", "examples")
    lines = []
    for row in rows:
        words = {fact: cell_in_words(row.when[fact], rules.inputs[fact]) for fact in asked if fact in row.when}
        cells: list[Part] = [words.get(fact, "") for fact in asked]
        if wide:
            cells = [listed(f"{fact.replace('_', ' ')}: {cell}" for fact, cell in words.items()) if words else ""]
        left = f"; {unshown[row.id]} edges not shown" if unshown[row.id] else ""
        ends = (row.note, row.source, ", ".join(row.hazards), f"{taking_part[row.id]}{left}")
        lines.append((row.id, *cells, effect_in_words(rules, row), *ends))
    return table(name, columns, lines)


def examples_by_row(rules: RuleSet) -> Counter[str]:
    """How many examples each row takes part in."""
    counted = Counter[str]()
    for example in rules.examples:
        try:
            got = rules.propose(example.facts)
        except Bug:
            continue  # it goes nowhere, which is a finding
        counted.update((*got.urgency_rows, got.row, *got.overlay_rows))
    return counted


def promises(verdict: Verdict, rules: RuleSet) -> Element:
    """Each promise, and whether it is proved."""
    rows = []
    for number, promise in enumerate(rules.promises, 1):
        against = verdict.against_promise(number)
        if against:
            said = element("span", "; ".join(finding.message for finding in against), class_="bad")
        elif verdict.proved:
            said = element("span", "proved for every possible referral", class_="good")
        else:
            said = element("span", "not proved", class_="bad")
        rows.append((str(number), promise.text, promise.hazard, said))
    return table(f"{len(rules.promises)} promises", ("number", "promise", "hazard", "does it hold?"), rows)


def examples(rules: RuleSet) -> Iterator[Element]:
    """The examples, collapsed by the row that they are about."""
    by_row: dict[str, list[Example]] = {}
    for example in rules.examples:
        by_row.setdefault(example.row, []).append(example)
    for row, found in by_row.items():
        words = f"{row}: {len(found)} example{'s' * (len(found) > 1)}"
        columns = ("facts beside the baseline", "comes to", "why")
        lines = ((facts_in_words(each.given, {}) or "none", _comes_to(rules, each), each.why) for each in found)
        yield element("details", element("summary", words), table(f"Examples about {row}", columns, lines))


def _comes_to(rules: RuleSet, example: Example) -> str:
    priority = priority_in_words(Urgency(example.priority))
    also = "".join(f", also {destination_in_words(rules, name)}" for name in sorted(example.also))
    held = ", held for a person" if example.hold else ""
    return f"{destination_in_words(rules, example.destination)}, {priority}{also}{held}"
