"""What examples must show of a rule set, by brute force from the definition; shares nothing with the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.enumerated import allows, matches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.triage.rules import Allowed, Row, Value
    from tests.enumerated import Enumerated, Facts


class Edge(NamedTuple):
    """What an example must show: a row with an input at one of some values; without values, what follows from it."""

    row: str
    column: str
    values: frozenset[Value]


def edges(all_of: Enumerated) -> Iterator[Edge]:
    """Every end of every cell, and everything that can follow from a row."""
    rows = all_of.rules.rows
    for row in rows:
        for name, allowed in row.when.items():
            yield from (Edge(row.id, name, values) for values in ends(allowed, all_of.rules.inputs[name]))
    kinds = (
        (rows.urgency, ("priority",)),
        (rows.routes, ("destination", "priority")),
        (rows.overlays, ("add", "hold")),
    )
    for those, columns in kinds:
        yield from (Edge(row.id, column, frozenset()) for row in those for column in columns)


def ends(allowed: Allowed, domain: Allowed) -> Iterator[frozenset[Value]]:
    """Every number at which a cell begins or ends and the one beside it, every word that it names, one value outside."""
    inside = {value for value in domain if value in allowed}
    outside = frozenset(domain) - inside
    for number in (value for value in domain if isinstance(value, int)):
        beside = {number - 1, number + 1}
        if (inside if number in outside else outside) & beside:
            yield frozenset((number,))
    reads_not = not domain.numbers and len(outside) < 2 < len(inside)  # `not x` names x alone
    yield from (frozenset((word,)) for word in inside if isinstance(word, str) and not reads_not)
    if outside:
        yield outside


def unshown(all_of: Enumerated) -> set[Edge]:
    """The edges that no example shows though some referral would."""
    return {
        edge
        for edge in edges(all_of)
        if not shown(all_of, edge)
        and any(_thinkable(all_of, edge, facts) and shows(all_of, edge, facts) for facts in all_of.facts)
    }


def shown(all_of: Enumerated, edge: Edge) -> bool:
    """Whether an example shows an edge."""
    return any(shows(all_of, edge, example.facts) for example in all_of.rules.examples)


def _thinkable(all_of: Enumerated, edge: Edge, facts: Facts) -> bool:
    """Whether the row could match this: no file that can be read sends to, or adds, a current team that is none."""
    row = next(row for row in all_of.rules.rows if row.id == edge.row)
    return facts.get("current_team") in all_of.rules.destinations or "current_team" not in str(row.outcome)


def shows(all_of: Enumerated, edge: Edge, facts: Facts) -> bool:
    """Whether a referral has one of the values, all else as the row asks, and its outcome hangs on the row."""
    row = next(row for row in all_of.rules.rows if row.id == edge.row)
    if edge.values:
        rest = {name: allowed for name, allowed in row.when.items() if name != edge.column}
        if facts[edge.column] not in edge.values or not allows(rest, facts):
            return False
    elif not matches(row, facts):
        return False
    rows = {other.id for other in all_of.rules.rows if matches(other, facts)}
    if not all_of.come(rows, facts).section:
        return False
    if not edge.values:
        return _follows(all_of, row, edge.column, rows, facts)
    return all_of.come(rows | {row.id}, facts).asserted() != all_of.come(rows - {row.id}, facts).asserted()


def _follows(all_of: Enumerated, row: Row[object], column: str, rows: set[str], facts: Facts) -> bool:
    """Whether the outcome hangs on what stands in this column of a row that matches, as all these do."""
    came, without = all_of.come(rows, facts), all_of.come(rows - {row.id}, facts)
    routes = [route.id for route in all_of.rules.rows.routes]
    if column == "priority" and row.id in routes:
        decides = row.id == next(route for route in routes if route in rows)
        return decides and came.urgency != all_of.person(facts)
    return {
        "priority": came.urgency != without.urgency,
        "destination": came.asserted() != without.asserted(),
        "add": came.also != without.also,
        "hold": came.hold != without.hold,
    }[column]
