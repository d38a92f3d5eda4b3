"""Edges: at every number and word that a cell names, an example shows that the row ends there and not one further.

An edge is an input of a row and the values of which one must be shown: with it and all else as the row asks, some
example's outcome hangs on whether the row matches. For each thing that follows from a row an example shows it too: the
row matches, and the outcome hangs on that. Where no possible referral's outcome does, none is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.triage.proof.effects import effects, follows
from services.triage.proof.prover import whole
from services.triage.proof.shown import Shown
from services.triage.rules.findings import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.triage.proof.prover import Prover
    from services.triage.rules import Allowed, Proposal, Row, Value
    from services.triage.rules.findings import Place

FEW = 2  # words on one side of a cell that reads as naming the other side


@dataclass(frozen=True, slots=True)
class Edge:
    """What some example must show: the row with an input at one of these values; without values, what follows from it."""

    row: Row[object]
    column: str
    values: frozenset[Value]


@dataclass(frozen=True, slots=True)
class Missing:
    """An edge that no example shows, and a referral that would."""

    edge: Edge
    facts: Mapping[str, Value]
    got: Proposal


def check_edges(prover: Prover, place: Place) -> None:
    """Every edge that matters is shown by an example."""
    for missing in missing_edges(prover):
        row, column, got = missing.edge.row, missing.edge.column, missing.got
        here = place.at(table=row.table, row=row.id, column=column, line=row.line)
        what = f"where {column} is {shown(str(missing.facts[column]))}" if missing.edge.values else f"and its {column}"
        hold = ", held" if got.hold else ""
        also = f", also {', '.join(got.also)}" if got.also else ""
        comes = f"priority {got.urgency}, {got.destination}{also}{hold}"
        cure = f"if this is right, add it to the examples: {prover.words(missing.facts)} comes to {comes}"
        here.fault(f"no example shows row {row.id} {what}", cure, "edge", whole(missing.facts))


def missing_edges(prover: Prover) -> Iterator[Missing]:
    """The edges that no example shows though one could, each with a referral that would."""
    seen = Shown(prover.rules)
    for edge, terms in _edges(prover):
        if not seen.has(edge.row, edge.column, edge.values) and (facts := prover.find(*terms)) is not None:
            if edge.values:
                facts[edge.column] = prover.among(edge.values, edge.column, facts[edge.column])
            seen.see(facts)
            yield Missing(edge, facts, prover.rules.propose(facts))


def _edges(prover: Prover) -> Iterator[tuple[Edge, tuple[str, ...]]]:
    """Every edge, and the terms of a referral that shows it."""
    matters = effects(prover)
    parts = follows(prover, matters)
    for row in prover.rules.rows:
        for name, allowed in row.when.items():
            rest = prover.formula.when({other: cell for other, cell in row.when.items() if other != name})
            for values in _of_cell(allowed, prover.rules.inputs[name]):
                there = prover.formula.any_of(prover.formula.is_value(name, value) for value in sorted(values, key=str))
                yield Edge(row, name, values), (rest, there, matters[row.id])
        for column, term in parts[row.id].items():
            yield Edge(row, column, frozenset()), (term,)


def _of_cell(allowed: Allowed, domain: Allowed) -> Iterator[frozenset[Value]]:
    """Each number at a bound that the cell names and the one beside it; each word that it names; one value outside."""
    for span in allowed.numbers:
        for end, beside in ((span.start, span.start - 1), (span.stop - 1, span.stop)):
            if beside in domain:
                yield from (frozenset((number,)) for number in (end, beside))
    outside = domain.words - allowed.words
    if domain.numbers or len(outside) > 1 or len(allowed.words) <= FEW:  # else the cell reads `not x`
        yield from (frozenset((word,)) for word in sorted(allowed.words))
    yield frozenset(domain) - frozenset(allowed)
