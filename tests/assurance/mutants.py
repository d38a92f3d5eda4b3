"""Mutants: a rule file with one mistake in one of its rule tables.

Every cell that decides is mistaken in every way below; where there is a neighbour on either side, both are taken. The
texts for people (source, hazard, safety net, note) decide nothing and are left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from services.triage.rules.row_tables import read_tables
from shared.codes import NOT_RECORDED, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.triage.rules import Place, RuleSet, frame
    from services.triage.rules.layout import Cells, Layout, WrittenTable

NUMBER: Final = "number by one"
WORD: Final = "word for its neighbour"
LESS: Final = "word taken out"
BLANK: Final = "cell blanked"
DELETED: Final = "row deleted"
TWICE: Final = "row twice, same id"
AGAIN: Final = "row twice, new id"
SWAPPED: Final = "row swapped with the next"
DESTINATION: Final = "destination changed"
PRIORITY: Final = "priority changed"
KINDS: Final = (NUMBER, WORD, LESS, BLANK, DELETED, TWICE, AGAIN, SWAPPED, DESTINATION, PRIORITY)

OUTCOMES: Final = ("priority", "destination", "add", "hold", "beats")
_NUMBER: Final = re.compile("[0-9]+")
_ALTERNATIVE: Final = re.compile(r" or (?!(?:more|under)(?: or |$))")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: where, what stood there, what stands there now, and the whole table with it."""

    kind: str
    table: str
    row: str
    column: str
    before: str
    after: str
    cells: Cells

    def __str__(self) -> str:
        where = f"{self.row}, {self.column}: " if self.column else f"{self.row}: "
        return f"{where}{self.before} -> {self.after or 'blank'}" if self.before else f"{self.row}"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The words of each input, the destinations and the priorities, in the order in which they are declared."""

    words: dict[str, list[str]]
    destinations: list[str]
    numbers: frozenset[str]

    def of(self, word: str, listed: Sequence[str]) -> list[str]:
        """The words before and after one in its list, whose ends meet."""
        if word not in listed:
            return []
        place = listed.index(word)
        beside = (listed[place - 1], listed[(place + 1) % len(listed)])
        return [other for other in dict.fromkeys(beside) if other != word]


def neighbours(top: frame.Mapping, rules: RuleSet) -> Neighbours:
    """What stands beside what in a rule file."""
    declared = top.entries["inputs"]
    written = {name: _listed(node) for name, node in declared.entries.items()}  # type: ignore[union-attr]  # examined
    words = {
        name: [word for word in (*written[name], "yes", "no", NOT_RECORDED) if word in domain.words]
        for name, domain in rules.inputs.items()
    }
    numbers = frozenset(name for name, domain in rules.inputs.items() if domain.numbers)
    return Neighbours(
        {name: list(dict.fromkeys(listed)) for name, listed in words.items()}, list(rules.destinations), numbers
    )


def _listed(node: frame.Node) -> list[str]:
    """The words under `one of`."""
    listing = node.entries.get("one of")  # type: ignore[union-attr]  # examined
    return [item.text for item in listing.items] if listing else []  # type: ignore[union-attr,misc]  # examined


def mutants(top: frame.Mapping, layout: Layout, rules: RuleSet, place: Place) -> Iterator[Mutant]:
    """Every mutant of the rule tables of a file that was examined, always in the same order."""
    beside = neighbours(top, rules)
    names = {table.place.table for table in chain(*read_tables(top, place))}
    for table in layout.tables:
        if table.name in names:
            for number, row in enumerate(table.cells[1:], 1):
                yield from _of_cells(table, number, row, beside)
                yield from _of_rows(table, number, row)


def _of_cells(table: WrittenTable, number: int, row: Sequence[str], beside: Neighbours) -> Iterator[Mutant]:
    for place, (column, cell) in enumerate(zip(table.cells[0], row, strict=True)):
        if not cell or (column not in OUTCOMES and column not in beside.words):
            continue
        for kind, after in (*_of_cell(column, cell, beside), (BLANK, "")):
            changed = (*row[:place], after, *row[place + 1 :])
            cells = (*table.cells[:number], changed, *table.cells[number + 1 :])
            yield Mutant(kind, table.name, row[0], column, cell, after, cells)


def _of_cell(column: str, cell: str, beside: Neighbours) -> Iterator[tuple[str, str]]:
    """What a cell is mistaken for."""
    if column == "priority":
        yield from ((PRIORITY, code) for code in beside.of(cell, [str(code) for code in Urgency]))
    elif column in {"destination", "add"}:
        known = beside.destinations
        yield from ((DESTINATION, name) for name in (beside.of(cell, known) or (known[0], known[-1])))
    elif column in beside.words:
        yield from _of_asked(cell, beside.words[column], beside)
        if column in beside.numbers:
            yield from _off_by_one(cell)


def _of_asked(cell: str, known: list[str], beside: Neighbours) -> Iterator[tuple[str, str]]:
    """Each word of a cell for each of its neighbours, and each alternative taken out."""
    parts = _ALTERNATIVE.split(cell)
    for place, part in enumerate(parts):
        denied = "not " if part.startswith("not ") and part != NOT_RECORDED else ""
        for word in beside.of(part.removeprefix(denied), known):
            yield WORD, " or ".join((*parts[:place], denied + word, *parts[place + 1 :]))
        if len(parts) > 1:
            yield LESS, " or ".join((*parts[:place], *parts[place + 1 :]))


def _off_by_one(cell: str) -> Iterator[tuple[str, str]]:
    for match in _NUMBER.finditer(cell):
        for number in (int(match[0]) - 1, int(match[0]) + 1):
            yield NUMBER, f"{cell[: match.start()]}{number}{cell[match.end() :]}"


def _of_rows(table: WrittenTable, number: int, row: tuple[str, ...]) -> Iterator[Mutant]:
    """A row deleted, twice, or swapped with the next one of its table."""
    above, below = table.cells[:number], table.cells[number + 1 :]
    changed = {
        DELETED: (*above, *below),
        TWICE: (*above, row, row, *below),
        AGAIN: (*above, row, (f"{row[0]}.again", *row[1:]), *below),
    }
    if below:
        changed[SWAPPED] = (*above, below[0], row, *below[1:])
    for kind, cells in changed.items():
        yield Mutant(kind, table.name, row[0], "", "", "", cells)
