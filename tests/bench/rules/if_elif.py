"""The peer of (a): the same rules as a good engineer would write them by hand, in plain if, elif and return.

The text of each cell becomes a comparison of local variables; numbers that are not recorded are -1, so that one
comparison does. Urgencies are asked from the most urgent down, and no further than the first that holds; the first
destination row that holds returns.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tests.plain_rules import AT_ONCE, ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.plain_rules import PlainRow, Value

Answer = tuple[str, str, tuple[str, ...], bool]  # urgency, destination, also, hold
RANK = {code: rank for rank, code in enumerate(ORDER)} | {"not recorded": len(ORDER) - 1}


def compiled(rows: list[PlainRow], inputs: Mapping[str, frozenset[Value]]) -> Callable[[Mapping[str, Value]], Answer]:
    """The function, ready to be called with facts."""
    names: dict[str, Any] = {"CODES": ORDER, "RANK": RANK}
    exec(compile("\n".join(source(rows, inputs)), "<by hand>", "exec"), names)  # noqa: S102  (our own text)
    return names["triage"]  # type: ignore[no-any-return]  # the function that our own text defines


def source(rows: list[PlainRow], inputs: Mapping[str, frozenset[Value]]) -> Iterator[str]:
    """Its lines."""
    yield "def triage(facts):"
    for name in sorted({name for row in rows for name, _ in row.asks} | {"referrer_urgency"}):
        yield f"    {name} = facts['{name}']"
        if {"not recorded", 0} <= inputs[name]:
            yield f"    if {name} == 'not recorded': {name} = -1"
    yield from _urgency([row for row in rows if row.kind == "urgency"], inputs)
    yield from _overlays([row for row in rows if row.kind == "overlays"], inputs)
    added = {row.text("add") for row in rows} - {""}
    for row in rows:
        if row.kind == "sections":
            yield from _destination(row, inputs, added)


def _urgency(rows: list[PlainRow], inputs: Mapping[str, frozenset[Value]]) -> Iterator[str]:
    yield "    rank = RANK[referrer_urgency]"
    raising = sorted((row for row in rows if row.cells["priority"] != ORDER[-1]), key=_rank)
    for number, (rank, group) in enumerate(groupby(raising, key=_rank)):
        either = " or ".join(f"({_condition(row, inputs)})" for row in group)
        yield f"    {'el' if number else ''}if rank > {rank} and ({either}): rank = {rank}"


def _rank(row: PlainRow) -> int:
    return RANK[row.cells["priority"]]


def _overlays(rows: list[PlainRow], inputs: Mapping[str, frozenset[Value]]) -> Iterator[str]:
    yield "    also = []"
    holding = " or ".join(f"({_condition(row, inputs)})" for row in rows if row.text("hold"))
    yield f"    hold = bool({holding or 'False'})"
    added = dict.fromkeys(row.text("add") for row in rows if row.text("add"))
    for name in added:  # in the order of the first row that adds it, which is not always that of the first to match
        either = " or ".join(f"({_condition(row, inputs)})" for row in rows if row.text("add") == name)
        yield f"    if {either}: also.append({name!r})"


def _destination(row: PlainRow, inputs: Mapping[str, frozenset[Value]], added: set[str]) -> Iterator[str]:
    destination = row.text("destination")
    yield f"    if {_condition(row, inputs)}:"
    if priority := row.text("priority"):
        yield f"        if rank > {RANK[priority]}: rank = {RANK[priority]}"
    named = "current_team" if destination == "current_team" else repr(destination)
    if destination in {*added, "current_team"}:
        yield f"        if {named} in also: also.remove({named})"
    hold = "False" if row.table in AT_ONCE else "hold"
    yield f"        return CODES[rank], {named}, also, {hold}"


def _condition(row: PlainRow, inputs: Mapping[str, frozenset[Value]]) -> str:
    """What a row asks, as Python."""
    return " and ".join(_asked(name, row.cells[name], inputs[name]) for name, _ in row.asks) or "True"


def _asked(name: str, cell: str, domain: frozenset[Value]) -> str:
    if 0 in domain:
        found = [_number(name, part, "not recorded" in domain) for part in re.split(r" or (?!more|under)", cell)]
        return found[0] if len(found) == 1 else f"({' or '.join(found)})"
    if cell.startswith("not ") and not cell.startswith("not recorded"):
        return f"{name} != {cell.removeprefix('not ')!r}"
    words = cell.split(" or ")
    return f"{name} == {cell!r}" if len(words) == 1 else f"{name} in {{{', '.join(map(repr, words))}}}"


def _number(name: str, part: str, may_be_blank: bool) -> str:
    least = "0 <= " if may_be_blank else ""
    for pattern, python in (
        (r"(\d+) or more", "{name} >= {0}"),
        (r"over (\d+)", "{name} > {0}"),
        (r"(\d+) or under", "{least}{name} <= {0}"),
        (r"under (\d+)", "{least}{name} < {0}"),
        (r"(\d+) to (\d+)", "{0} <= {name} <= {1}"),
        (r"(\d+)", "{name} == {0}"),
    ):
        if match := re.fullmatch(pattern, part):
            return python.format(*match.groups(), name=name, least=least)
    return f"{name} < 0"
