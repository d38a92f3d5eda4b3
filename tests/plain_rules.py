"""A naive interpreter of rule files: straight from the file's cells, row by row, with none of the product's code.

It reads the file and every cell anew, so that what it and the product agree on was read twice. It takes a sound file
for granted, and says nothing of one that is not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Value = str | int
ORDER = ["1", "4", "2", "3"]  # most urgent first
AT_ONCE = ("emergency", "crisis")  # sections that no hold stops


class PlainRow(NamedTuple):
    """One line of a rule table: the text of its cells by column, and the values that it asks for by input."""

    kind: str
    table: str
    cells: dict[str, str]
    asks: tuple[tuple[str, frozenset[Value]], ...]

    @property
    def id(self) -> str:
        return self.cells["row"]

    def text(self, column: str) -> str:
        return self.cells.get(column, "")


class Plain(NamedTuple):
    """What comes of one referral, in the order of `Proposal`."""

    urgency: str
    urgency_rows: tuple[str, ...]
    destination: str
    section: str
    row: str
    beaten: tuple[str, ...]
    overlay_rows: tuple[str, ...]
    also: tuple[str, ...]
    hold: bool
    notes: tuple[str, ...]


def propose(rows: list[PlainRow], facts: Mapping[str, Value]) -> Plain:
    """The most urgent of the matching urgency rows, the first matching destination row, all matching overlays."""
    matching = list(matching_rows(rows, facts))
    raising = [row for row in matching if row.kind == "urgency"]
    first, *beaten = [row for row in matching if row.kind == "sections"]
    adding = [row for row in matching if row.kind == "overlays"]
    codes = [*(row.cells["priority"] for row in (*raising, first) if row.text("priority")), "3"]
    codes += [code for code in ORDER if code == facts["referrer_urgency"]]
    destination = (
        str(facts["current_team"]) if first.text("destination") == "current_team" else first.text("destination")
    )
    also = [row.text("add") for row in adding if row.text("add") not in {"", destination}]
    notes = [row.text("safety net") or row.text("note") for row in (first, *raising, *adding)]
    return Plain(
        min(codes, key=ORDER.index),
        tuple(row.id for row in raising),
        destination,
        first.table,
        first.id,
        tuple(row.id for row in beaten),
        tuple(row.id for row in adding),
        tuple(dict.fromkeys(also)),
        any(row.text("hold") for row in adding) and first.table not in AT_ONCE,
        tuple(dict.fromkeys(filter(None, notes))),
    )


def matching_rows(rows: Iterable[PlainRow], facts: Mapping[str, Value]) -> Iterator[PlainRow]:
    """The rows each of whose cells allows the fact."""
    for row in rows:
        for name, allowed in row.asks:
            if facts[name] not in allowed:
                break
        else:
            yield row


def inputs_of(file: bytes) -> dict[str, frozenset[Value]]:
    """Every value of each input."""
    return {name: frozenset(_domain(declared)) for name, declared in yaml.safe_load(file)["inputs"].items()}


def _domain(declared: dict[str, str | list[str]]) -> Iterator[Value]:
    if "may be" in declared:
        yield "not recorded"
    if numbers := declared.get("whole number"):
        first, last = str(numbers).split(" to ")
        yield from range(int(first), int(last) + 1)
    else:
        yield from declared.get("one of", ("yes", "no"))


def rows_of(file: bytes) -> list[PlainRow]:
    """Every row, in the file's order."""
    document, inputs = yaml.safe_load(file), inputs_of(file)
    return [
        row_of(kind, table.get("name", kind), cells, inputs)
        for kind in ("urgency", "sections", "overlays")
        for table in (document[kind] if isinstance(document[kind], list) else [document[kind]])
        for cells in lines_of(table["table"])
    ]


def lines_of(table: str) -> list[dict[str, str]]:
    """The lines of a table, each as its cells by column."""
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


def row_of(kind: str, table: str, cells: dict[str, str], inputs: Mapping[str, frozenset[Value]]) -> PlainRow:
    """A row, its cells read."""
    asked = {name: cell for name, cell in cells.items() if cell and name in inputs}
    return PlainRow(kind, table, cells, tuple((name, values_of(cell, inputs[name])) for name, cell in asked.items()))


def values_of(cell: str, domain: frozenset[Value]) -> frozenset[Value]:
    """The values that a cell allows."""
    if cell.startswith("not ") and cell != "not recorded" and not cell.startswith("not recorded or "):
        return domain - {cell.removeprefix("not ")}
    parts = re.split(r" or (?!more|under)", cell)
    return frozenset(value for value in domain if any(_allows(part, value) for part in parts))


def _allows(part: str, value: Value) -> bool:
    """Whether one alternative of a cell allows a value."""
    if isinstance(value, str):
        return part == value
    numbers = [int(digits) for digits in re.findall(r"\d+", part)]
    match re.sub(r"\d+", "N", part):
        case "N or more":
            return value >= numbers[0]
        case "N or under":
            return value <= numbers[0]
        case "under N":
            return value < numbers[0]
        case "over N":
            return value > numbers[0]
        case "N to N":
            return numbers[0] <= value <= numbers[1]
    return part == str(value)
