"""A file of rows: how it is encoded and separated, what its columns mean, and its rows one after another.

It is read line by line, so a file of any length takes little memory. Every row keeps its own characters: with the head
before it, it is a file of one row, which is what a receipt keeps.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TextIO

from services.intake.problems import Fault, Refused
from services.intake.sources.csv.encodings import ENCODINGS, demand_text, wide
from services.intake.sources.csv.formulas import as_sent
from services.intake.sources.csv.heads import Column, columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST: Final = 65_536  # characters of a row: one whose quote never closes must not swallow the rows after it
MOST_LINES: Final = 1_000  # of a row, for the same reason: each of them is read again as a row of its own
MOST_COLUMNS: Final = 1_000  # the contract has fewer places that anyone fills, and every row is kept with its head
SEPARATORS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_BOM: Final = (
    "\N{LATIN SMALL LETTER I WITH DIAERESIS}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{INVERTED QUESTION MARK}"
)
_SAYS: Final = re.compile(r"sep=(.)[\r\n]+", re.IGNORECASE)  # a spreadsheet's own first line
_QUOTES: Final = f"quotes that do not fit: they open without closing, or stand inside a text undoubled; or more than {LONGEST} characters or {MOST_LINES} lines"
_LONG: Final = (
    f"a line of more than {LONGEST} characters, which is read no further: take its end from the file that was sent"
)
FAULT: Final = "fault"  # the head of a first column that is not read: why the row was refused before


class Head(NamedTuple):
    """What the head of a file says. `codecs` are tried for each row in their order; none where the text is read already."""

    text: str
    columns: tuple[Column, ...]
    separator: str
    codecs: tuple[str, ...]

    @property
    def mended(self) -> bool:
        """Whether these are rows that were refused before: why stands in a first column, which is not read."""
        return bool(self.columns) and _is_fault(self.columns[0].head)

    @property
    def unknown(self) -> list[Column]:
        """The columns that are not of the contract, without those that have no head."""
        return [column for column in self.columns[self.mended :] if column.path is None and column.head.strip()]

    def as_bytes(self, *rows: str) -> bytes:
        """The head and rows, as they were sent."""
        return "".join((self.text, *rows)).encode("latin-1" if self.codecs else "utf-16")


class Row(NamedTuple):
    """One row: the line that it begins in (from 1), its characters with the line's end, its cells, and what is wrong with all of it."""

    line: int
    raw: str
    cells: list[str]
    fault: Fault | None = None
    codec: str = "utf-8"


def opened(stream: BinaryIO, encoding: str | None = None, separator: str | None = None) -> tuple[Head, Iterator[Row]]:
    """The head of a file that can be sought in, and its rows. Refuses what names no column of the contract."""
    start = stream.read(8)
    stream.seek(0)
    demand_text(start)
    start = start[:2]
    codecs = ENCODINGS[encoding] if encoding else () if start in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8", "cp1252")
    text = io.TextIOWrapper(stream, "latin-1" if codecs else wide(start), errors="replace", newline="")
    lines = _Lines(_bounded(text))
    head = _head_of(lines, codecs, SEPARATORS[separator] if separator else None)
    return head, _rows(head, lines)


def _bounded(text: TextIO) -> Iterator[str]:
    """Lines with their ends. One longer than `LONGEST` is cut to a character more, by which it is known, and its end."""
    halved = False  # a line end, of which the carriage return is read
    while line := text.readline(LONGEST + 1):
        whole, halved = not (halved and line == "\n"), False
        if len(line) > LONGEST:
            line, halved = _cut(line, text)
        if whole:
            yield line


def _cut(first: str, text: TextIO) -> tuple[str, bool]:
    """The beginning of a long line, with its end; and whether a line feed may still belong to that."""
    last = first
    while last and last[-1] not in "\r\n":
        last = text.readline(LONGEST + 1)
    return first if last is first else first + last[-1:], last.endswith("\r")


class _Lines:
    """Lines as they stand; those of the row at hand are held, so that they can be given back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self._back = iter(lines), deque[str]()
        self.held: list[str] = []
        self.number = 1  # of the first line held
        self._size = 0  # characters held

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > LONGEST or len(self.held) >= MOST_LINES:
            raise StopIteration
        line = self._back.popleft() if self._back else next(self._lines)
        self.held.append(line)
        self._size += len(line)
        return line

    def next_row(self) -> None:
        """Goes on behind the lines held."""
        self.number += len(self.held)
        self.held, self._size = [], 0

    def keep_first(self) -> None:
        """Gives all lines held back but the first."""
        self._back.extendleft(reversed(self.held[1:]))
        del self.held[1:]


def _head_of(lines: _Lines, codecs: tuple[str, ...], separator: str | None) -> Head:
    before = ""
    for line in lines:
        if said := _SAYS.fullmatch(line.removeprefix(_BOM if codecs else "")):
            separator = separator or said[1]
        elif line.strip():
            break
        before += line
        lines.next_row()
        _demand_short(before)
    text = "".join(lines.held)
    _demand_short(before + text)
    found = [
        columns(_heads(text.removeprefix(_BOM), one, codecs))
        for one in ([separator] if separator else SEPARATORS.values())
    ]
    best = max(found, key=lambda heads: sum(column.path is not None for column in heads))
    head = Head(before + text, best, separator or [*SEPARATORS.values()][found.index(best)], codecs)
    _demand(head)
    lines.next_row()
    return head


def _heads(text: str, separator: str, codecs: tuple[str, ...]) -> list[str]:
    try:
        heads = next(csv.reader([_decoded(text, codecs)[0]], delimiter=separator), [])[: MOST_COLUMNS + 1]
    except csv.Error:
        return []
    return [as_sent(head) for head in heads] if heads and _is_fault(heads[0]) else heads


def _is_fault(head: str) -> bool:
    return head.strip().casefold() == FAULT


def _demand_short(text: str) -> None:
    if len(text) > LONGEST:
        raise Refused(
            400, "too-large", f"the heads of the columns, with what stands before them, have over {LONGEST} characters"
        )


def _demand(head: Head) -> None:
    """Refuses a head that is too wide, that names nothing, or one thing twice."""
    if len(head.columns) > MOST_COLUMNS:
        raise Refused(400, "too-large", f"more than {MOST_COLUMNS:,} columns: take out those that are empty")
    if "\x00" in head.text:
        raise Refused(400, "unreadable", "no UTF-8 and no Windows-1252: if it is UTF-16, say so")
    known = [column for column in head.columns if column.path]
    if not known:
        detail = "the first line must name the columns: person.nhs_number, person.born, reason.code ...; none of them is known"
        raise Refused(400, "unreadable", detail)
    for column in known:
        for other in known[: known.index(column)]:
            if _same(str(column.path), str(other.path)):
                detail = f"{other.place} and {column.place} say the same"
                raise Refused(400, "duplicate-key", detail, Fault(column.place, "duplicate-key", detail))


def _same(one: str, other: str) -> bool:
    """Whether two columns fill one place, or one of them a list that the other has an item of."""
    shorter, longer = sorted((one, other), key=len)
    return shorter == longer or longer.startswith(f"{shorter}[") or (shorter, longer) == ("reason", "reason.text")


def _rows(head: Head, lines: _Lines) -> Iterator[Row]:
    while True:
        cells, fault = _next(head, lines)
        if not lines.held:
            return
        if fault or any(cell.strip() for cell in cells):
            row = _row(head, lines, cells, fault)
            yield row._replace(cells=[as_sent(cell) for cell in row.cells]) if head.mended else row
        lines.next_row()


def _next(head: Head, lines: _Lines) -> tuple[list[str], Fault | None]:
    """The cells of the next row. Where it cannot be read to its end, only its first line is taken for it: the next is a row again."""
    try:
        cells = next(csv.reader(lines, delimiter=head.separator, strict=True), [])
        if all(len(line) <= LONGEST for line in lines.held):
            return cells, None
    except csv.Error:
        pass
    lines.keep_first()
    fault = Fault("", "unreadable", _LONG if len(lines.held[0]) > LONGEST else _QUOTES)
    try:
        return next(csv.reader([lines.held[0].rstrip("\r\n")], delimiter=head.separator), []), fault
    except csv.Error:
        return [], fault


def _row(head: Head, lines: _Lines, cells: list[str], fault: Fault | None) -> Row:
    raw = "".join(lines.held)
    if raw.isascii() or not head.codecs:
        return Row(lines.number, raw, cells, fault)
    whole, codec = _decoded(raw, head.codecs)
    if not whole:
        fault = fault or Fault("", "unreadable", f"this row is not {' or '.join(head.codecs)}: say how it is encoded")
        return Row(lines.number, raw, cells, fault)
    return Row(lines.number, raw, [cell.encode("latin-1").decode(codec, "replace") for cell in cells], fault, codec)


def _decoded(raw: str, codecs: tuple[str, ...]) -> tuple[str, str]:
    """The text of bytes that were carried as Latin-1, and the first codec that reads them; no text if none does."""
    for codec in codecs:
        try:
            return raw.encode("latin-1").decode(codec), codec
        except UnicodeDecodeError:
            continue
    return ("", "") if codecs else (raw, "")
