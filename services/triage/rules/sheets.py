"""Tables as sheets: what a sheet is called, what it may hold, and how it is written as CSV.

A spreadsheet takes some texts in a CSV file for numbers, dates or formulas and saves something else: 007, 1-2, =A1.
Such a cell goes out with an apostrophe before it, and one apostrophe before any cell is taken off when it comes back.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

from services.triage.rules.findings import nearest
from services.triage.rules.layout import trimmed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from services.triage.rules.findings import Place
    from services.triage.rules.layout import Cells

LONGEST_NAME: Final = 31  # characters of a sheet's name, in Excel
_MARK: Final = "'"
_SEPARATORS: Final = ",;\t"  # a spreadsheet saves with the one of its own language
_LEFT_ALONE: Final = re.compile(  # by every spreadsheet: small whole numbers, our words about numbers, words
    r"(?:0|[1-9][0-9]{0,14})"
    r"|[0-9]+ (?:or|to) .*"
    r"|(?!(?:true|false)$|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ .,/-]*[0-9])[\"(]*[^\W\d_].*",
    re.IGNORECASE,
)
_UNSEEN: Final = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def sheet_names(tables: Sequence[str]) -> list[str]:
    """What the sheets of these tables are called: numbered in their order, so that no two are the same."""
    digits = max(2, len(str(len(tables))))
    words = ("-".join(re.findall("[a-z0-9]+", table.lower())) for table in tables)
    return [f"{number:0{digits}}-{name}"[:LONGEST_NAME].rstrip("-") for number, name in enumerate(words, 1)]


def check_names(found: Collection[str], wanted: Collection[str], place: Place) -> None:
    """Notes each sheet that is missing, and each that belongs to no table."""
    for name in wanted:
        if name not in found:
            place.at(table=name).fault("this table is missing", "put it back, or export once more")
    for name in sorted(set(found) - set(wanted)):
        here = place.at(table=name)
        here.fault("no table of the rule file has this name", f"take it away; {nearest(name, wanted)}")


def cells_of(rows: Sequence[Sequence[str]], place: Place) -> Cells:
    """The cells of a sheet as a table has them; what no table can hold is noted, with its row and column."""
    names: dict[int, str] = {}
    for number, row in enumerate(rows, 1):
        texts = {column: cell.strip() for column, cell in enumerate(row, 1) if cell.strip()}
        names = names or texts
        for column, text in texts.items():
            here = place.at(row=str(number), column=column_name(column, names.get(column, "")))
            if column not in names:
                here.fault("a cell in a column without a name", "name the column in the first row, or empty the cell")
            _check_text(text, here)
    if not names:
        place.fault("an empty sheet", "put the columns' names back: a table without rows has them still")
    return trimmed(rows)


def column_name(number: int, name: str = "") -> str:
    """A column as a spreadsheet shows it, from 1, with the name in its first cell: C (means)."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters} ({' '.join(name.split())})" if name else letters


def _check_text(text: str, place: Place) -> None:
    if len(text.splitlines()) > 1:
        place.fault("a line break inside a cell", "put all of it on one line")
    elif "|" in text:
        place.fault("a `|` inside a cell", "use another sign: `|` stands between the cells of a table")
    elif _UNSEEN.search(" ".join(text.split())):
        place.fault("a character that cannot be seen", "type the text anew")


def to_csv(cells: Cells) -> bytes:
    """A table as CSV that Excel and LibreOffice open as it is meant: UTF-8 with its mark, commas, CRLF."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_marked(cell) for cell in row] for row in cells)
    return text.getvalue().encode("utf-8-sig")


def _marked(cell: str) -> str:
    return cell if not cell or _LEFT_ALONE.fullmatch(cell) else _MARK + cell


def from_csv(data: bytes, place: Place) -> Cells:
    """The table in a CSV file, whatever spreadsheet saved it; faults are noted."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        place.fault("not UTF-8", "save it anew as `CSV UTF-8`")
        return ()
    top = next(filter(str.strip, text.splitlines()), "")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=top.count), strict=True)
    try:
        rows = [[cell.removeprefix(_MARK) for cell in row] for row in lines]
    except csv.Error as error:
        place.at(line=lines.line_num).fault(f"not readable as CSV: {error}", "save it anew from the spreadsheet")
        return ()
    return cells_of(rows, place)
