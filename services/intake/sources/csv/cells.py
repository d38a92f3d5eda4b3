"""What one cell says. A spreadsheet changes values in silence: where nobody can tell what stood there, the row is not taken.

The sender still has the value, and a row that was refused is mended and sent again; one that was read wrongly is not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.intake.contract.fields import CONTRACT
from services.intake.contract.values import DATE, MOMENT, URGENCY, YES_NO, number
from services.intake.sources import maps

if TYPE_CHECKING:
    from services.intake.sources.csv.heads import Column

DETAILS: Final = {
    "spreadsheet": "a spreadsheet changed this value, and nobody can tell what it was: format the column as text, put the value in again",
    "which-day": "more than one day may be meant: write it as 2025-12-31",
}
_WORDS_OF: Final = {  # tables of names, for cells that hold no code
    "reason.code": "mhsds-reason",
    "reason.others": "mhsds-reason",
    "person.ethnic_category": "ethnic-category",
    "person.gender": "gender-identity",
    "referrer.source_of_referral": "source-of-referral",
}
_AS_READ: Final = frozenset((YES_NO.name, URGENCY.name, number(0, 1).name))
_BETWEEN: Final = re.compile(r"[;|][ \t]*(?:\r\n?|\n)?|\r\n?|\n")  # two items: a separator, a line's end, or both
_POWER: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)  # 9.43477E+09
_ERROR: Final = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|#+)", re.IGNORECASE)
_DAY: Final = re.compile(r"(\d{1,2})([/. -])(\d{1,2})\2(\d{2}|\d{4})(?:[ T](\d{1,2}:\d\d(?::\d\d)?))?")
_NAMED: Final = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ ,-]+(\d{2}|\d{4})(?:[ T](\d{1,2}:\d\d(?::\d\d)?))?")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T](\d{1,2}:\d\d(?::\d\d)?))?")
_DAY_COUNT: Final = re.compile(r"\d{4,5}(?:\.\d+)?")  # a spreadsheet's days since 1900, or since 1904
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Cell(NamedTuple):
    """What a cell says, in the contract's terms; or the code of why that cannot be told."""

    value: Any = None
    fault: str | None = None


def read(column: Column, text: str, *, month_first: bool = False) -> Cell:
    """The cell of a known column. `month_first`: the file has a date that can only be month, day, year."""
    if _ERROR.fullmatch(text) or (_POWER.fullmatch(text) and not column.kind.prose):
        return Cell(fault="spreadsheet")
    if _dated(column):
        return _day(text, month_first=month_first)
    if column.listed:
        return Cell(_items(column, text))
    return Cell(_coded(column, text))


def _items(column: Column, text: str) -> list[str | None] | str:
    """The items of a cell. One of a list of scores that is left blank keeps its place: the ninth of the PHQ-9 asks of self-harm.

    Where blanks make more places than there are questions they are no items, if all are there without them; if not,
    nobody can tell which is which, and the cell stays the text that it is.
    """
    places = [item.strip() for item in _BETWEEN.split(text)]
    items = [_coded(column, item) for item in places if item]
    if column.kind.name != number(0, 1).name:
        return list(items)
    while places and not places[-1]:
        places.pop()
    if len(places) <= column.listed:
        return [_coded(column, item) if item else None for item in places]
    return list(items) if len(items) >= column.listed else text


def is_month_first(column: Column, text: str) -> bool:
    """Whether a cell is a date that can only be month, day, year."""
    day = _DAY.fullmatch(text) if _dated(column) else None
    return day is not None and int(day[1]) <= 12 < int(day[3]) <= 31


def reason(text: str) -> tuple[str, str]:
    """What stands under the head "Reason": a code or the name of one, else people's own words. Its path and value."""
    code = CONTRACT["reason"]["code"].read(text) or maps.table("mhsds-reason").ours.get(text.casefold())
    return ("reason.code", code) if code else ("reason.text", text)


def _dated(column: Column) -> bool:
    return column.kind is DATE or column.kind is MOMENT


def _coded(column: Column, text: str) -> str:
    """The cell as the contract has it, where that is a code, a number or a yes: a spreadsheet turns 04 into 4, and 12 into 12.0.

    Saved by one, a file still says what it said, so it is a repeat. A name in words is its code, in the fields that take codes.
    """
    kind = column.kind
    if kind.prose or not (kind.otherwise or kind.name in _AS_READ):
        return text
    table = _WORDS_OF.get(str(column.path).partition("[")[0])
    unknown = text if table is None else maps.table(table).read(text)
    return unknown if (value := kind.read(text)) is None else str(value)


def _day(text: str, *, month_first: bool) -> Cell:
    """A date as the contract has it. British order; a year in two digits, or a count of days, may be more than one day."""
    if day := _DAY.fullmatch(text):
        first, _, second, year, time = day.groups()
        told = int(first) > 12 or int(first) == int(second) or not month_first
        return _iso(year, int(second), first, time) if told else Cell(fault="which-day")
    if day := _NAMED.fullmatch(text):
        first, month, year, time = day.groups()
        known = month.casefold() in _MONTHS
        return _iso(year, _MONTHS.index(month.casefold()) + 1, first, time) if known else Cell(text)
    if day := _YEAR_FIRST.fullmatch(text):
        year, month, last, time = day.groups()
        return _iso(year, int(month), last, time)
    return Cell(fault="spreadsheet") if _DAY_COUNT.fullmatch(text) else Cell(text)


def _iso(year: str, month: int, day: str, time: str | None) -> Cell:
    if len(year) == 2 or month > 12:
        return Cell(fault="which-day")
    return Cell(
        f"{year}-{month:02}-{int(day):02}" + (f"T{time.zfill(8 if time.count(':') > 1 else 5)}" if time else "")
    )
