"""A spreadsheet with something in it that no table can hold is refused, at its place, with its cure."""

from __future__ import annotations

import datetime as dt
import io
from functools import partial
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from services.triage.rules import Refused
from services.triage.rules.findings import Place
from services.triage.rules.layout import read_layout
from services.triage.rules.sheets import from_csv
from services.triage.workbook import book_of, tables_in
from tests.noted_faults import SHEETS, not_noted
from tests.rule_files import BOROUGH

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.triage.rules.layout import Cells


def cells(read: Callable[[Place], Cells]) -> Cells:
    place = Place("spreadsheet")
    found = read(place)
    place.refuse_if_faulty()
    return found


def book_with(change: Callable[[Any], object]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(book_of({"01-x": (("row", "phq9"), ("D01", "3"))})))
    change(book.worksheets[0])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def set_cell(name: str, value: object, number_format: str = "General") -> Callable[[Any], object]:
    def change(sheet: Any) -> None:
        sheet[name].number_format = number_format
        sheet[name] = value

    return change


@pytest.mark.parametrize("typed", [2, 2.0, "2", " 2 "], ids=repr)
def test_a_number_typed_as_one_is_its_digits(typed: object):
    data = book_with(set_cell("B2", typed))
    assert cells(lambda place: tables_in(data, ["01-x"], place)["01-x"]) == (("row", "phq9"), ("D01", "2"))


BOOK_FAULTS = {
    "a formula": (set_cell("B2", "=1+1"), "2", "B", "formula"),
    "an error": (set_cell("B2", "#N/A"), "2", "B", "text"),
    "a fraction": (set_cell("B2", 2.5), "2", "B", "text"),
    "a date": (set_cell("B2", dt.date(2026, 1, 1), "yyyy-mm-dd"), "2", "B", "text"),
    "a percentage": (set_cell("B2", 1, "0%"), "2", "B", "text"),
    "yes as the spreadsheet's own": (set_cell("B2", value=True), "2", "B", "text"),
    "a line break": (set_cell("B2", "one\ntwo"), "2", "B (phq9)", "line break"),
    "a stroke": (set_cell("B2", "1 | 2"), "2", "B (phq9)", "`|`"),
    "a character unseen": (set_cell("B2", "a\x7f"), "2", "B (phq9)", "seen"),
    "a column without a name": (set_cell("D3", "3"), "3", "D", "name"),
    "merged cells": (lambda sheet: sheet.merge_cells("A1:B1"), "", "A1:B1", "unmerge"),
    "an empty sheet": (lambda sheet: sheet.delete_rows(1, 2), "", "", "empty"),
}


@pytest.mark.parametrize("fault", BOOK_FAULTS)
def test_what_no_table_can_hold_is_refused_with_its_sheet_row_and_column(fault: str):
    change, row, column, says = BOOK_FAULTS[fault]
    data = book_with(change)
    with pytest.raises(Refused) as refused:
        cells(lambda place: tables_in(data, ["01-x"], place)["01-x"])
    found = refused.value.findings[0]
    assert (found.file, found.table, found.row, found.column) == ("spreadsheet", "01-x", row, column)
    assert says in found.message + found.cure


CSV_FAULTS = [
    (b"row,why\nD01,caf\xe9\n", "not UTF-8"),
    (b'row,why\nD01,"open\n', "not readable as CSV"),
    (b"row,why\nD01,a|b\n", r"row 2, column B \(why\)"),
    (b'row,why\r\nD01,"a\r\nb"\r\n', r"row 2, column B \(why\)"),
    (b"", "empty sheet"),
]


@pytest.mark.parametrize(("data", "says"), CSV_FAULTS)
def test_a_csv_file_that_cannot_be_taken_is_refused(data: bytes, says: str):
    with pytest.raises(Refused, match=says):
        cells(partial(from_csv, data))


SHEETS_FAULTS: list[list[str]] = [[], ["01-x", "01-x (2)"]]


@pytest.mark.parametrize("names", SHEETS_FAULTS)
def test_a_sheet_too_few_or_too_many_is_refused(names: list[str]):
    data = book_of(dict.fromkeys(names or ["other"], (("row",),)))
    with pytest.raises(Refused, match="01-x"):
        cells(lambda place: tables_in(data, ["01-x"], place).get("01-x", ()))


@pytest.mark.parametrize("data", [b"row,why", book_with(set_cell("B2", "\ufffe"))], ids=["CSV", "broken XML"])
def test_what_is_no_book_is_refused(data: bytes):
    with pytest.raises(Refused, match="not readable as an XLSX book"):
        cells(lambda place: tables_in(data, ["01-x"], place).get("01-x", ()))


FILE_FAULTS = [
    ("D02 | not none ", "D02 ", "4 cells under 5 columns"),
    ("  - name: crisis\n", "  - name: crisis\u2028\n", "LINE SEPARATOR"),
    ("  - name: crisis\n", "  - name: crisis\n    name: crisis\n", "stands twice"),
    ("  - name: crisis\n", "  - name: x\n    table: |\n  - name: crisis\n", "a table without lines"),
]


@pytest.mark.parametrize(("old", "new", "says"), FILE_FAULTS)
def test_a_rule_file_whose_tables_cannot_be_told_apart_is_refused(old: str, new: str, says: str):
    assert BOROUGH.count(old) == 1
    with pytest.raises(Refused, match=says):
        read_layout(BOROUGH.replace(old, new).encode(), "borough")


def test_each_fault_of_a_spreadsheet_that_the_reader_knows_is_tested():
    def read_all() -> None:
        attempts = [
            *(partial(test_a_csv_file_that_cannot_be_taken_is_refused, *fault) for fault in CSV_FAULTS),
            *(partial(test_a_sheet_too_few_or_too_many_is_refused, names) for names in SHEETS_FAULTS),
            *(partial(test_a_rule_file_whose_tables_cannot_be_told_apart_is_refused, *fault) for fault in FILE_FAULTS),
            *(partial(test_what_no_table_can_hold_is_refused_with_its_sheet_row_and_column, it) for it in BOOK_FAULTS),
        ]
        for attempt in attempts:
            attempt()

    assert [site for site in not_noted(read_all) if site[0] in SHEETS] == []
