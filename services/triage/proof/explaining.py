"""Why one referral comes out as it does: the rows that counted, those that lost, and what ruled out every other row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from services.triage.proof.wording import cell_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from services.triage.rules import Extra, Proposal, Route, Row, RuleSet, Value
    from shared.codes import Urgency

Outcome = TypeVar("Outcome")


class Cell(NamedTuple):
    """What a row asks of one fact, in words, beside the fact."""

    fact: str
    value: Value
    asked: str

    def __str__(self) -> str:
        return f"{self.fact} is {self.value} (asked: {self.asked})"


class Explanation(NamedTuple):
    """What came of the facts and by which rows, each table's in its order.

    `ruled_out` are all other rows, each with the first of its cells that does not allow the fact.
    """

    facts: Mapping[str, Value]
    proposal: Proposal
    decided: Row[Route]
    beaten: tuple[Row[Route], ...]
    urgency: tuple[Row[Urgency], ...]
    overlays: tuple[Row[Extra], ...]
    ruled_out: tuple[tuple[Row[object], Cell], ...]


def explain(rules: RuleSet, facts: Mapping[str, Value]) -> Explanation:
    """Why the facts come out as they do; raises `Bug` where they are not as `undeclared` would have them."""
    proposal, routes = rules.propose(facts), rules.rows.routes
    return Explanation(
        facts,
        proposal,
        _named(routes, (proposal.row,))[0],
        _named(routes, proposal.beaten),
        _named(rules.rows.urgency, proposal.urgency_rows),
        _named(rules.rows.overlays, proposal.overlay_rows),
        tuple((row, cell) for row in rules.rows for cell in _first_against(rules, row, facts)),
    )


def cells_of(rules: RuleSet, row: Row[object], facts: Mapping[str, Value]) -> tuple[Cell, ...]:
    """All that a row asks, beside the facts."""
    return tuple(
        Cell(name, facts[name], cell_in_words(allowed, rules.inputs[name])) for name, allowed in row.when.items()
    )


def undeclared(rules: RuleSet, facts: Mapping[str, Value]) -> dict[str, Value]:
    """The facts that some row asks for and that have a value which the rule set does not declare."""
    asked = {name for row in rules.rows for name in row.when}
    return {name: facts[name] for name in rules.inputs if name in asked and facts[name] not in rules.inputs[name]}


def _named(rows: tuple[Row[Outcome], ...], ids: Iterable[str]) -> tuple[Row[Outcome], ...]:
    wanted = frozenset(ids)
    return tuple(row for row in rows if row.id in wanted)


def _first_against(rules: RuleSet, row: Row[object], facts: Mapping[str, Value]) -> Iterator[Cell]:
    """The first cell of a row that does not allow its fact; none where the row matches."""
    for name, allowed in row.when.items():
        if facts[name] not in allowed:
            yield Cell(name, facts[name], cell_in_words(allowed, rules.inputs[name]))
            return
