"""Tables as an XLSX book: one sheet a table, each cell formatted as text, so that a spreadsheet changes none."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.dimensions import ColumnDimension

from services.triage.rules.sheets import cells_of, check_names, column_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

    from services.triage.rules.findings import Place
    from services.triage.rules.layout import Cells

TEXT: Final = "@"
WIDEST: Final = 60  # characters that a column shows; longer texts are there in full
LAST_COLUMN: Final = 16_384


def book_of(tables: Mapping[str, Cells]) -> bytes:
    """A book of these tables, by the names of their sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, cells in tables.items():
        _fill(book.create_sheet(name), cells)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _fill(sheet: Worksheet, cells: Cells) -> None:
    for number, row in enumerate(cells, 1):
        for column, text in enumerate(row, 1):
            cell = sheet.cell(number, column, text or None)
            cell.data_type = "s"  # after the value, which openpyxl takes for a formula where it begins with =
            cell.number_format = TEXT
            cell.font = Font(bold=number == 1)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for column, width in enumerate(widths, 1):
        _format(sheet, column, column, min(width, WIDEST) + 2)
    _format(sheet, len(widths) + 1, LAST_COLUMN, 13)
    sheet.freeze_panes = "B2"


def _format(sheet: Worksheet, first: int, last: int, width: int) -> None:
    """Columns as text to their last row, so that what is typed below or beside the table stays as typed too."""
    letter = get_column_letter(first)
    sheet.column_dimensions[letter] = ColumnDimension(sheet, index=letter, min=first, max=last, width=width)
    sheet.column_dimensions[letter].number_format = TEXT


def tables_in(data: bytes, names: Collection[str], place: Place) -> dict[str, Cells]:
    """The tables in the sheets of a book; faults are noted."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl does not keep, such as colours by rule, is nothing to us
            book = load_workbook(io.BytesIO(data))
    except (BadZipFile, InvalidFileException, SyntaxError, LookupError, TypeError, ValueError, OSError):
        # openpyxl raises what it stumbles over: SyntaxError is that of XML
        place.fault("not readable as an XLSX book", "save it anew as `Excel workbook (.xlsx)`, without a password")
        return {}
    check_names(book.sheetnames, names, place)
    return {
        sheet.title: cells_of(_texts(sheet, place.at(table=sheet.title)), place.at(table=sheet.title))
        for sheet in book.worksheets
        if sheet.title in names
    }


def _texts(sheet: Worksheet, place: Place) -> list[list[str]]:
    for merged in sheet.merged_cells.ranges:
        place.at(column=str(merged)).fault("merged cells: all but the first are blank", "unmerge and fill in each")
    return [[_text(cell, place) for cell in row] for row in sheet.iter_rows()]


def _text(cell: Cell | MergedCell, place: Place) -> str:
    """What a cell says; a whole number that was typed as one is its digits."""
    here = place.at(row=str(cell.row), column=column_name(cell.column or 1))
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        here.fault("a formula", "write what it comes to, as text")
    elif isinstance(value, str) and cell.data_type != "e":
        return value
    elif cell.data_type == "n" and isinstance(value, int | float) and value == int(value) and not _percent(cell):
        return str(int(value))
    else:
        here.fault(f"neither text nor a whole number: {value}", "format the cell as text and type it anew")
    return ""


def _percent(cell: Cell | MergedCell) -> bool:
    return "%" in cell.number_format
