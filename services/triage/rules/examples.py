"""Examples: referrals in words with the outcome that clinicians confirmed. Each must come out so; each row needs one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from services.triage.rules import tables
from services.triage.rules.cells import CellError, Value, read_value
from services.triage.rules.fields import mapping_at, node_as_text, only_keys, table_at
from services.triage.rules.findings import nearest, shown
from services.triage.rules.row_tables import names
from shared.codes import Urgency
from shared.errors import Bug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.triage.rules import frame
    from services.triage.rules.decider import Decider, Proposal
    from services.triage.rules.findings import Place
    from services.triage.rules.row_tables import Vocabulary
    from services.triage.rules.rows import Rows
    from services.triage.rules.tables import Line


@dataclass(frozen=True, slots=True)
class Example:
    """The facts of one example (`given` beside the baseline) and what must come of them.

    `row` is the row that the example is about or, as U03 for U03.1 and U03.2, its family; an example that shows where
    a row ends is about that row too.
    """

    row: str
    given: Mapping[str, Value]
    facts: Mapping[str, Value]
    priority: str
    destination: str
    also: frozenset[str]
    hold: bool
    why: str
    line: int


class Examples(NamedTuple):
    """`baseline` is a value for every input: the facts of an example that does not say otherwise."""

    baseline: Mapping[str, Value]
    all: tuple[Example, ...]


def read_examples(top: frame.Mapping, words: Vocabulary, place: Place) -> Examples:
    """The examples; one with a fault is noted and left out."""
    mapping = mapping_at(top, "examples", place)
    if mapping is None:
        return Examples({}, ())
    only_keys(mapping, ("given", "table"), place)
    given = mapping_at(mapping, "given", place)
    baseline = _baseline(given, words, place) if given else {}
    lines = tables.read_table(table_at(mapping, "table", place), tables.EXAMPLES, (), place)
    examples: dict[tuple[str, str], Example] = {}
    for line in lines:
        key = line.text("row"), line.text("given")
        if key in examples:
            line.place.fault("this example stands twice", "keep one of the two")
        elif example := _example(line, baseline, words):
            examples[key] = example
    return Examples(baseline, tuple(examples.values()))


def check_examples(examples: tuple[Example, ...], rows: Rows, decider: Decider, place: Place) -> None:
    """Each example comes out as written, and every row takes part in at least one."""
    ids, unused = {row.id for row in rows}, {row.id for row in rows}
    known = ids.union(name[:at] for name in ids for at, letter in enumerate(name) if letter == ".")
    for example in examples:
        here = place.at(row=example.row, line=example.line)
        if example.row not in known:
            here.at(column="row").fault(f"no row {shown(example.row)}", nearest(example.row, ids), "example")
            continue
        try:
            got = decider.propose(example.facts)
        except Bug:
            here.fault("goes nowhere", "end the last section with a row that asks nothing", "gap")
            continue
        unused.difference_update((*got.urgency_rows, got.row, *got.overlay_rows))
        for column, expected, came in _differences(example, got):
            cure = "`rules diff` shows whom it moves: correct the row or, only where this is meant, the example"
            here.at(column=column).fault(f"expected {expected or 'none'}, got {came or 'none'}", cure, "example")
    for row in (row for row in rows if row.id in unused):
        here = place.at(table=row.table, row=row.id, line=row.line)
        here.fault(f"row {row.id} takes part in no example", f"add one to the examples: {row.id} | ...", "example")


def _differences(example: Example, got: Proposal) -> Iterator[tuple[str, str, str]]:
    """The columns in which an example comes out otherwise: column, expected, got."""
    pairs = (
        ("priority", example.priority, got.urgency),
        ("destination", example.destination, got.destination),
        ("also", ", ".join(sorted(example.also)), ", ".join(sorted(got.also))),
        ("hold", "yes" if example.hold else "no", "yes" if got.hold else "no"),
    )
    return (pair for pair in pairs if pair[1] != pair[2])


def _baseline(mapping: frame.Mapping, words: Vocabulary, place: Place) -> dict[str, Value]:
    """The facts of every example that does not say otherwise: a value for every input."""
    here = place.at(row="given", line=mapping.line)
    for name in words.inputs:
        if name not in mapping.entries:
            here.at(column=name).fault(f"no value for {name}", f"add `{name}: not recorded`, or another of its values")
    facts = {}
    for name, node in mapping.entries.items():
        at = here.at(column=name, line=node.line)
        value = _value(name, node_as_text(node, at), words, at)
        if value is not None:
            facts[name] = value
    return facts


def _value(name: str, text: str, words: Vocabulary, place: Place) -> Value | None:
    """One value of an input, or None after a fault; a fault in the input's declaration was noted there."""
    if name not in words.asked:
        place.fault(f"no such input: {shown(name)}", nearest(name, words.asked))
    elif text and name in words.inputs:
        try:
            return read_value(text, words.inputs[name])
        except CellError as error:
            place.fault(f"{name}: {error}", error.cure)
    return None


def _example(line: Line, baseline: Mapping[str, Value], words: Vocabulary) -> Example | None:
    before = len(line.place.findings)
    given, also = _given(line, words), frozenset(names(line.text("also")))
    _check_words(line, also, words)
    if len(line.place.findings) > before:
        return None
    return Example(
        row=line.text("row"),
        given=given,
        facts={**baseline, **given},
        priority=line.text("priority"),
        destination=line.text("destination"),
        also=also,
        hold=line.text("hold") == "yes",
        why=line.text("why"),
        line=line.place.line,
    )


def _given(line: Line, words: Vocabulary) -> dict[str, Value]:
    """The facts of the cell `given`: `suicidal = plan; means = yes`."""
    given: dict[str, Value] = {}
    here = line.at("given")
    for part in filter(str.strip, line.text("given").split(";")):
        name, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or not text:
            here.fault(f"{shown(part.strip())} gives no value", "write `input = value`, several with `;` between")
        elif name in given:
            here.fault(f"{name} stands twice", "keep one of the two")
        elif (value := _value(name, text, words, here)) is not None:
            given[name] = value
    return given


def _check_words(line: Line, also: frozenset[str], words: Vocabulary) -> None:
    """The words of the other columns are among those that the file knows."""
    priority, hold = line.text("priority"), line.text("hold")
    if priority and priority not in set(Urgency):
        line.at("priority").fault(f"{shown(priority)} is no MHSDS priority code", f"use one of: {', '.join(Urgency)}")
    if hold not in {"", "yes", "no"}:
        line.at("hold").fault(f"hold: {shown(hold)}", "write yes, or leave the cell blank")
    for column, named in (("destination", line.text("destination")), *(("also", name) for name in sorted(also))):
        if named and named not in words.named:
            line.at(column).fault(f"no such destination: {shown(named)}", nearest(named, words.named))
