"""Tables: lines of cells between `|`, the first line the columns' names; they paste to and from a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.triage.rules.findings import nearest, shown
from services.triage.rules.letters import plain, unusual

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from services.triage.rules.findings import Place
    from services.triage.rules.frame import Scalar

MOST_LINES: Final = 5000
Columns = tuple[tuple[str, ...], tuple[str, ...]]

# Columns that are no inputs: those whose cells must be filled, then those whose cells may be blank.
URGENCY: Final[Columns] = (("row", "priority", "source", "hazard"), ("safety net",))
SECTION: Final[Columns] = (("row", "destination", "source", "hazard"), ("priority", "safety net", "beats"))
OVERLAYS: Final[Columns] = (("row", "source", "hazard"), ("add", "hold", "note"))
EXAMPLES: Final[Columns] = (("row", "priority", "destination"), ("given", "also", "hold", "why"))
COLUMNS: Final = frozenset(name for table in (URGENCY, SECTION, OVERLAYS, EXAMPLES) for part in table for name in part)


@dataclass(frozen=True, slots=True)
class Line:
    """One row as written: the text of each cell by its column's name, and where it stands."""

    cells: dict[str, str]
    place: Place

    def at(self, column: str) -> Place:
        """Where a cell of this row stands."""
        return self.place.at(column=column)

    def text(self, column: str) -> str:
        """A cell's text: blank where the table lacks the column."""
        return self.cells.get(column, "")


def read_table(block: Scalar | None, columns: Columns, inputs: Collection[str], place: Place) -> list[Line]:
    """The rows of a table; one with too few or too many cells is noted and left out. A missing table was noted."""
    if block is None:
        return []
    filled, other = columns
    lines = list(written(block, place))
    if len(lines) > MOST_LINES:
        place.at(line=block.line).fault(f"more than {MOST_LINES} lines", "split the locality or shorten the table")
        return []
    if not lines:
        place.at(line=block.line).fault("a table without lines", f"begin with the columns: {' | '.join(filled)}")
        return []
    (top, header), *below = lines
    _check_header(header, filled, (*filled, *other, *inputs), top)
    rows = [Line(dict(zip(header, cells, strict=True)), here) for here, cells in below]
    for row in rows:
        for column in filled:
            if column in header and not row.text(column):
                row.at(column).fault("blank", "fill it in")
    return rows


def written(block: Scalar, place: Place) -> Iterator[tuple[Place, list[str]]]:
    """The cells of each line of a table and where it stands; the first line holds the columns' names.

    A row with too few or too many cells is noted and left out.
    """
    width = 0
    for number, line in enumerate((block.text or "").split("\n"), block.line + 1):
        if not line.strip():
            continue
        cells = [" ".join(cell.split()) for cell in line.split("|")]
        here = place.at(row=cells[0] if width else "", line=number)
        width = width or len(cells)
        if len(cells) == width:
            yield here, cells
        else:
            bars = unusual("".join(letter for letter in line if letter != "|" and plain(letter) == "|"))
            here.fault(f"{len(cells)} cells under {width} columns{bars}", "one cell a column, each after a `|`")


def _check_header(header: list[str], filled: tuple[str, ...], known: tuple[str, ...], place: Place) -> None:
    for index, name in enumerate(header):
        here = place.at(column=name or str(index + 1))
        if name not in known:
            here.fault(f"{shown(name)} is no column of this table and no declared input", nearest(name, known))
        elif name in header[:index]:
            here.fault("this column stands twice", "keep one of the two")
    for name in filled:
        if name not in header:
            place.at(column=name).fault("this column is missing", f"add {name!r} to the table's first line")
