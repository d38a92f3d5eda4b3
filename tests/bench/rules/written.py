"""Rows written out as a rule file."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from tests.plain_rules import AT_ONCE, ORDER
from tests.signing import signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.plain_rules import Plain, PlainRow, Value


class Example(NamedTuple):
    """A referral and what comes of it; `given` is what it says beside the baseline."""

    row: str
    given: dict[str, Value]
    came: Plain


def written(lambeth: str, rows: list[PlainRow], examples: Iterable[Example]) -> bytes:
    """The file: Lambeth's head, inputs, destinations and quiet referral around these rows, approved so."""
    head, _, rest = lambeth.partition("\npromises:\n")
    _, _, given = rest.partition("\nexamples:\n")
    parts = [
        head.replace("ruleset: lambeth", "ruleset: grown"),
        "promises:",
        *(f'  - {{hazard: {hazard}, text: "{text}"}}' for text, hazard in _promises(rows).items()),
        *(line for kind in ("urgency", "sections", "overlays") for line in _kind(kind, rows)),
        "examples:",
        given.partition("  table: |\n")[0] + "  table: |",
        *_lines([_example(example) for example in examples], "    "),
    ]
    return signed("\n".join(parts) + "\n").encode()


def _promises(rows: list[PlainRow]) -> dict[str, str]:
    """Promises that hold by the rows that they are read from, each with its hazard: of rows that ask for one thing."""
    promises: dict[str, str] = {}
    for row in rows:
        hazard, asks = row.cells["hazard"].partition(",")[0], [f"{name} is {row.cells[name]}" for name, _ in row.asks]
        if len(asks) != 1:
            continue
        if row.kind == "urgency":
            codes = " or ".join(ORDER[: ORDER.index(row.cells["priority"]) + 1])
            promises[f"when {asks[0]}, priority is {codes}"] = hazard
        elif row.table in AT_ONCE:
            promises[f"when {asks[0]}, section is emergency or crisis"] = hazard
    return promises


def _kind(kind: str, rows: list[PlainRow]) -> Iterator[str]:
    """The tables of one kind."""
    yield f"{kind}:"
    for table, of_table in groupby((row for row in rows if row.kind == kind), key=lambda row: row.table):
        yield f"  - name: {table}"
        yield "    table: |"
        yield from _lines([row.cells for row in of_table], "      ")


def _lines(cells: list[dict[str, str]], indent: str) -> Iterator[str]:
    """A table's lines; a column that no row fills is left out."""
    columns = list(dict.fromkeys(name for row in cells for name, cell in row.items() if cell))
    yield indent + " | ".join(columns)
    yield from (indent + " | ".join(row.get(name, "") for name in columns) for row in cells)


def _example(example: Example) -> dict[str, str]:
    came = example.came
    return {
        "row": example.row,
        "given": "; ".join(f"{name} = {value}" for name, value in example.given.items()),
        "priority": came.urgency,
        "destination": came.destination,
        "also": ", ".join(came.also),
        "hold": "yes" if came.hold else "",
    }
