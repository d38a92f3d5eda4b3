"""Where each line of a rule file stands, told from its text alone.

Faults of the frame are found before there are tables; people look for them by table, row and column all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from services.triage.rules.rows import OVERLAYS, SECTIONS, URGENCY

if TYPE_CHECKING:
    from services.triage.rules.findings import Place

_TABLES: Final = frozenset(("approved", "inputs", "destinations", "promises", URGENCY, SECTIONS, OVERLAYS, "examples"))
_TOP: Final = re.compile(r"(\w[\w ]*):")
_ENTRY: Final = re.compile(r"( +)([^\s:{\[-][^:]*):")
_NAME: Final = re.compile(r" *- *name: *[\"']?([^\"'#]*)")
_BLOCK: Final = re.compile(r" *(- *)?table: *\|")
_KEY: Final = re.compile(r"(\w[\w ]*):")
_NEAR: Final = 120  # characters before a fault in which its key is looked for


class _Standing(NamedTuple):
    """What one line stands in; `columns` are those of the table of lines around it."""

    table: str = ""
    row: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lines:
    """The lines of a file, and the places of what stands in them."""

    texts: tuple[str, ...]
    file: Place

    def at(self, line: int, offset: int) -> Place:
        """The place of a character: `line` counts from 1, `offset` from 0."""
        line = min(line, len(self.texts))  # what is not closed is found behind the end
        standing, text = self._standing[line - 1], self.texts[line - 1]
        if standing.columns and "|" in text:
            cell = text.count("|", 0, offset)
            column = standing.columns[cell] if cell < len(standing.columns) else ""
        else:
            keys = _KEY.findall(text, max(0, offset - _NEAR), offset) or _KEY.findall(text, 0, _NEAR)[:1]
            column = keys[-1] if keys else ""
        return self.file.at(table=standing.table, row=standing.row, column=column, line=line)

    @cached_property
    def _standing(self) -> list[_Standing]:
        """What each line stands in; told once, when the first fault asks."""
        found: list[_Standing] = []
        kind, margin, here = "", "", _Standing()
        for line in self.texts:
            if top := _TOP.match(line):
                kind, margin = top[1], ""
                here = _Standing(kind if kind in _TABLES else "")
            elif kind in {"inputs", "destinations"} and (entry := _ENTRY.match(line)):
                margin = margin or entry[1]
                here = _Standing(kind, entry[2]) if entry[1] == margin else here
            elif kind in {URGENCY, SECTIONS, OVERLAYS} and (name := _NAME.match(line)):
                here = _Standing(name[1].strip() if kind == SECTIONS else f"{kind}: {name[1].strip()}")
            elif here.table and "|" in line and not _BLOCK.match(line):
                here = _row(here, line)
            elif here.columns:
                here = here._replace(row="")
            found.append(here)
        return found


def _row(table: _Standing, line: str) -> _Standing:
    """A line of cells: the first of a table names its columns."""
    cells = tuple(" ".join(cell.split()) for cell in line.split("|"))
    return table._replace(row=cells[0]) if table.columns else table._replace(row="", columns=cells)
