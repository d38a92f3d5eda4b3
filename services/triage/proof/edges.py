"""Edges: at every number and word that a cell names, an example shows that the row ends there and not one further.

An edge is an input of a row and the values of which one must be shown: with it and all else as the row asks, some
example's outcome hangs on whether the row matches. Where no possible referral's outcome does, none is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.triage.proof.effects import effects
from services.triage.proof.prover import whole
from services.triage.rules.findings import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from services.triage.proof.prover import Prover
    from services.triage.rules import Allowed, Proposal, Row, RuleSet, Value
    from services.triage.rules.findings import Place

FEW = 2  # words on one side of a cell that reads as naming the other side


@dataclass(frozen=True, slots=True)
class Edge:
    """What some example must show: the row with the input at one of these values."""

    row: Row[object]
    input: str
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
        row, got = missing.edge.row, missing.got
        here = place.at(table=row.table, row=row.id, column=missing.edge.input, line=row.line)
        at = missing.facts[missing.edge.input]
        message = f"no example shows row {row.id} where {missing.edge.input} is {shown(str(at))}"
        hold = ", held" if got.hold else ""
        also = f", also {', '.join(got.also)}" if got.also else ""
        comes = f"priority {got.urgency}, {got.destination}{also}{hold}"
        cure = f"if this is right, add it to the examples: {prover.words(missing.facts)} comes to {comes}"
        here.fault(message, cure, "edge", whole(missing.facts))


def missing_edges(prover: Prover) -> Iterator[Missing]:
    """The edges that no example shows though one could, each with a referral that would."""
    seen, matters = _shown(prover.rules), effects(prover)
    for row in prover.rules.rows:
        for name, allowed in row.when.items():
            rest = prover.formula.when({other: cell for other, cell in row.when.items() if other != name})
            for values in _edges(allowed, prover.rules.inputs[name]):
                if values & seen[row.id, name]:
                    continue
                there = prover.formula.any_of(prover.formula.is_value(name, value) for value in sorted(values, key=str))
                facts = prover.find(rest, there, matters[row.id])
                if facts is not None:
                    facts[name] = prover.among(values, name, facts[name])
                    for shown_row, shown_input in _shown_by(prover.rules, facts):
                        seen[shown_row, shown_input].add(facts[shown_input])
                    yield Missing(Edge(row, name, values), facts, prover.rules.propose(facts))


def _edges(allowed: Allowed, domain: Allowed) -> Iterator[frozenset[Value]]:
    """Each number at a bound that the cell names and the one beside it; each word that it names; one word outside."""
    for span in allowed.numbers:
        for number in (span.start - 1, span.start, span.stop - 1, span.stop):
            at_end = number in {domain.numbers[0].start, domain.numbers[-1].stop - 1}
            if number in domain and not (at_end and number in allowed):
                yield frozenset((number,))
    outside = domain.words - allowed.words
    if len(outside) == 1 and len(allowed.words) > FEW:
        yield frozenset(outside)  # the cell reads `not x`
        return
    yield from (frozenset((word,)) for word in sorted(allowed.words))
    if outside and not domain.numbers:
        yield frozenset(outside)


def _shown(rules: RuleSet) -> defaultdict[tuple[str, str], set[Value]]:
    """For each row and input the values at which some example hangs on whether the row matches."""
    seen: defaultdict[tuple[str, str], set[Value]] = defaultdict(set)
    for example in rules.examples:
        for row, name in _shown_by(rules, example.facts):
            seen[row, name].add(example.facts[name])
    return seen


def _shown_by(rules: RuleSet, facts: Mapping[str, Value]) -> Iterable[tuple[str, str]]:
    """The rows and inputs for which one referral shows where the row ends: all else is as the row asks."""
    masks, rows = rules.decider.masks, tuple(rules.rows)
    denied = {name: masks.every & ~by_value[facts[name]] for name, by_value in masks.by_input}
    once = twice = 0
    for bits in denied.values():
        twice |= once & bits
        once |= bits
    matching = masks.every & ~once
    came = _asserted(rules.decider.of(matching, facts))
    near = masks.every & ~twice
    for place, row in enumerate(rows):
        bit = 1 << place
        if near & bit and _differs(rules, matching ^ bit, facts, came):
            yield from ((row.id, name) for name in row.when if not once & bit or denied[name] & bit)


def _differs(rules: RuleSet, bits: int, facts: Mapping[str, Value], came: object) -> bool:
    """Whether something else comes of the facts where these rows match; where no destination row does, too."""
    routes = bits >> len(rules.rows.urgency) & (1 << len(rules.rows.routes)) - 1
    return not routes or _asserted(rules.decider.of(bits, facts)) != came


def _asserted(got: Proposal) -> object:
    """What an example says of an outcome."""
    return got.urgency, got.destination, frozenset(got.also), got.hold


def shown_among(rules: RuleSet, facts: Mapping[str, Value], edges: Iterable[Edge]) -> list[Edge]:
    """Those of the edges that one referral shows."""
    seen = set(_shown_by(rules, facts))
    return [edge for edge in edges if (edge.row.id, edge.input) in seen and facts[edge.input] in edge.values]
