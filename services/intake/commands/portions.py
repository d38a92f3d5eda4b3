"""A file in portions, each a file by itself with the same head; and what the answer's lines mean in the whole file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from services.intake.sources import csv

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from services.intake.sources.csv import Head, Row

MOST_CHARACTERS: Final = 262_144
_LINE_END: Final = re.compile(r"\r\n|\n|\r")


class Portion(NamedTuple):
    """Some rows of a file, in their order."""

    head: Head
    rows: tuple[Row, ...]

    @property
    def body(self) -> bytes:
        """What is sent."""
        return self.head.as_bytes(*(row.raw for row in self.rows))

    def by_line(self) -> dict[int, Row]:
        """The rows by the line that each begins in in this portion."""
        found, line = {}, 1 + _lines(self.head.text)
        for row in self.rows:
            found[line] = row
            line += _lines(row.raw)
        return found

    def only(self, lines: Collection[int]) -> Portion:
        """The rows that begin in these lines of this portion."""
        return self._replace(rows=tuple(row for line, row in self.by_line().items() if line in lines))

    def halves(self) -> tuple[Portion, Portion]:
        """The same rows in two portions."""
        half = len(self.rows) // 2
        return self._replace(rows=self.rows[:half]), self._replace(rows=self.rows[half:])


def portions(head: Head, rows: Iterable[Row], most: int) -> Iterator[Portion]:
    """The rows in portions. One whose quotes do not fit goes alone, and one with a date that no other may be read like."""
    held: list[Row] = []
    size = 0
    for row in rows:
        alone = row.fault is not None or csv.month_first(head, [row])
        if held and (alone or len(held) == most or size + len(row.raw) > MOST_CHARACTERS):
            yield Portion(head, tuple(held))
            held, size = [], 0
        if alone:
            yield Portion(head, (row,))
        else:
            held.append(row)
            size += len(row.raw)
    if held:
        yield Portion(head, tuple(held))


def _lines(text: str) -> int:
    return len(_LINE_END.findall(text))
