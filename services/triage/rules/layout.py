"""Where the tables stand in a rule file's text, so that one can be written anew and every other byte stays."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.triage.rules.fields import mapping_at, table_at
from services.triage.rules.findings import Place, Refused
from services.triage.rules.frame import read_frame
from services.triage.rules.row_tables import Table, read_tables
from services.triage.rules.tables import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from services.triage.rules import frame

Cells = tuple[tuple[str, ...], ...]  # row by row, the columns' names first, all rows of one width


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """One table: its name as findings say it, its cells, and its lines in the file, counted from 0."""

    name: str
    cells: Cells
    lines: range


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a rule file, each with its end, and its tables in the order in which they stand."""

    lines: tuple[str, ...]
    tables: tuple[WrittenTable, ...]

    def with_cells(self, cells: Sequence[Cells]) -> bytes:
        """The file with other cells in its tables, in their order; a table whose cells are the same stays as it is."""
        lines = list(self.lines)
        for table, wanted in reversed(list(zip(self.tables, cells, strict=True))):
            if wanted != table.cells:
                old = lines[table.lines.start : table.lines.stop]
                lines[table.lines.start : table.lines.stop] = _laid_out(wanted, old)
        return "".join(lines).encode()

    def with_rows(self, name: str, rows: Sequence[Mapping[str, str]]) -> bytes:
        """The file with rows, each by its columns, appended to the table of this name; a column it lacks is added."""
        cells = [table.cells for table in self.tables]
        place = next(place for place, table in enumerate(self.tables) if table.name == name)
        columns, *others = cells[place]
        said = dict.fromkeys(column for row in rows for column, cell in row.items() if cell)
        wanted = (*columns, *(column for column in said if column not in columns))
        old = [(*row, *[""] * (len(wanted) - len(columns))) for row in others]
        cells[place] = (wanted, *old, *(tuple(row.get(column, "") for column in wanted) for row in rows))
        return self.with_cells(cells)


def read_layout(data: bytes, file: str) -> Layout:
    """The layout of a rule file, whatever its rules say; raises `Refused` where the tables cannot be told apart."""
    place = Place(file)
    top = read_frame(data, place)
    if top is None or place.findings:
        raise Refused(tuple(place.findings))
    lines = tuple(io.StringIO(data.decode(), newline=""))
    tables = [table for found in _tables(top, place) if (table := _written(found))]
    place.refuse_if_faulty()
    return Layout(lines, tuple(sorted(tables, key=lambda table: table.lines.start)))


def trimmed(rows: Sequence[Sequence[str]]) -> Cells:
    """Cells without doubled spaces, rows that say nothing and columns that say nothing."""
    spaced = [[" ".join(cell.split()) for cell in row] for row in rows]
    said = [row for row in spaced if any(row)]
    width = max(map(len, said), default=0)
    full = [row + [""] * (width - len(row)) for row in said]
    columns = [column for column in zip(*full, strict=True) if any(column)]
    return tuple(zip(*columns, strict=True))


def _tables(top: frame.Mapping, place: Place) -> Iterator[Table]:
    for tables in read_tables(top, place):
        yield from tables
    here = place.at(table="examples")
    examples = mapping_at(top, "examples", here)
    if examples is not None:
        yield Table(here, table_at(examples, "table", here))


def _written(table: Table) -> WrittenTable | None:
    """A table's cells and lines, or None after a fault."""
    if table.block is None:
        return None
    rows = list(written(table.block, table.place))
    if not rows:
        table.place.at(line=table.block.line).fault("a table without lines", "begin with the columns")
        return None
    first, last = (place.line for place, _ in (rows[0], rows[-1]))
    return WrittenTable(table.place.table, trimmed([cells for _, cells in rows]), range(first - 1, last))


def _laid_out(cells: Cells, old: list[str]) -> list[str]:
    """The lines of a table, its columns aligned; indented, and its lines ended, as the old ones were."""
    indent = old[0][: len(old[0]) - len(old[0].lstrip(" "))]
    end, last_end = (line[len(line.rstrip("\r\n")) :] for line in (old[0], old[-1]))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        indent + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return [line + (end or "\n") for line in lines[:-1]] + [lines[-1] + last_end]
