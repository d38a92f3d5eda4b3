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
from services.triage.proof.shown import ADD, DESTINATION, HOLD, PRIORITY
from services.triage.rules.findings import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.triage.proof.prover import Prover
    from services.triage.rules import Allowed, Proposal, Row, RuleSet, Value
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
    seen = prover.shown.beside()
    for edge, term in _open(prover):
        if seen.has(edge.row, edge.column, edge.values):
            continue  # by a referral that another edge brought
        if (facts := prover.find(term)) is not None:
            if edge.values:
                facts[edge.column] = prover.among(edge.values, edge.column, facts[edge.column])
            seen.see(facts)
            yield Missing(edge, facts, prover.rules.propose(facts))


def _open(prover: Prover) -> Iterator[tuple[Edge, str]]:
    """The edges that no example shows, of rows with one that some referral could: what that would have to be."""
    unshown = [edge for edge in edges(prover.rules) if not prover.shown.has(edge.row, edge.column, edge.values)]
    if not unshown:
        return
    formula, matters = prover.formula, effects(prover)
    parts, taken = follows(prover, matters), formula.no(prover.does.nowhere)
    by_row: dict[str, list[tuple[Edge, str]]] = {}
    for edge in unshown:
        term = _there(prover, edge, matters) if edge.values else parts[edge.row.id][edge.column]
        by_row.setdefault(edge.row.id, []).append((edge, formula.all_of((taken, term))))
    any_of = {row: formula.any_of(term for _, term in terms) for row, terms in by_row.items()}
    prover.solver.prepare(any_of.values())
    for row, term in any_of.items():
        if prover.solver.possible(term):  # one question a row: of most no edge is open
            yield from by_row[row]


def _there(prover: Prover, edge: Edge, matters: Mapping[str, str]) -> str:
    """That the input has one of the edge's values, all else is as the row asks, and whether the row matches matters."""
    formula, name = prover.formula, edge.column
    rest = formula.when({other: cell for other, cell in edge.row.when.items() if other != name})
    there = formula.any_of(formula.is_value(name, value) for value in sorted(edge.values, key=str))
    return formula.all_of((rest, there, matters[edge.row.id]))


def edges(rules: RuleSet) -> Iterator[Edge]:
    """Every edge that some example may have to show."""
    for row in rules.rows:
        for name, allowed in row.when.items():
            yield from (Edge(row, name, values) for values in _of_cell(allowed, rules.inputs[name]) if values)
    for kind, columns in (
        (rules.rows.urgency, (PRIORITY,)),
        (rules.rows.routes, (DESTINATION, PRIORITY)),
        (rules.rows.overlays, (ADD, HOLD)),
    ):
        yield from (Edge(row, column, frozenset()) for row in kind for column in columns)


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
