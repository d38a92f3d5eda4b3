"""The tables of a rule file go out to a spreadsheet and come back: nothing is lost, and nothing else is touched."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.rules.findings import Place
from services.triage.rules.layout import Layout, read_layout, trimmed
from services.triage.rules.sheets import LONGEST_NAME, from_csv, sheet_names, to_csv
from services.triage.workbook import book_of, tables_in
from tests.rule_files import BOROUGH

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.triage.rules.layout import Cells

TESTS = Path(__file__).parents[1]
DEPLOYED = sorted((TESTS.parent / "deploy" / "rules").glob("*/ruleset.yaml"))
HEAD, _, REST = BOROUGH.partition("urgency:\n")
TABLES, _, EXAMPLES = f"\n{REST}".partition("examples:")
FILES = {file.parent.name: file.read_bytes() for file in DEPLOYED} | {
    "small": (TESTS / "samples" / "small-ruleset.yaml").read_bytes(),
    "with Windows line ends": BOROUGH.replace("\n", "\r\n").encode(),
    "without a last line end": BOROUGH.rstrip("\n").encode(),
    "with its examples first": (HEAD + "examples:" + EXAMPLES + "urgency:" + TABLES).encode(),
}
AWKWARD = [
    "=1+1",
    "+44",
    "-",
    "@x",
    "007",
    "2",
    "1 or 4",
    "2026-01-01",
    "0 to 27",
    "1e5",
    "'twas",
    "''",
    '"',
    ",;",
    "#N/A",
]
TEXT = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="|"), max_size=9)


def as_csv(cells: Cells) -> Cells:
    return back(lambda place: from_csv(to_csv(cells), place))


def as_csv_of_another_country(cells: Cells) -> Cells:
    """With semicolons, without a byte order mark, and with what a spreadsheet leaves below and beside a table."""
    text = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(to_csv(cells).decode("utf-8-sig"), newline=""))
    csv.writer(text, delimiter=";", lineterminator="\n").writerows([*([*row, "", ""] for row in rows), [""], []])
    return back(lambda place: from_csv(text.getvalue().encode(), place))


def as_book(cells: Cells) -> Cells:
    return back(lambda place: tables_in(book_of({"01-x": cells}), ["01-x"], place)["01-x"])


def back(read: Callable[[Place], Cells]) -> Cells:
    place = Place("spreadsheet")
    cells = read(place)
    place.refuse_if_faulty()
    return cells


WAYS = pytest.mark.parametrize("way", [as_csv, as_csv_of_another_country, as_book])


@WAYS
@pytest.mark.parametrize("file", FILES)
def test_a_file_comes_back_byte_for_byte(file: str, way: Callable[[Cells], Cells]):
    layout = read_layout(FILES[file], file)
    assert layout.with_cells([way(table.cells) for table in layout.tables]) == FILES[file]


@st.composite
def edited(draw: st.DrawFn) -> tuple[Layout, int, list[tuple[str, ...]]]:
    """A borough's file, the place of one table, and its rows as somebody edited them."""
    layout = read_layout(FILES[draw(st.sampled_from(list(FILES)[-4:]))], "borough")
    which = draw(st.integers(0, len(layout.tables) - 1))
    header, *rows = layout.tables[which].cells
    rows = draw(st.permutations(rows))[draw(st.integers(0, 2)) :]
    rows += draw(st.lists(st.tuples(*[st.sampled_from(AWKWARD) | TEXT] * len(header)), max_size=3))
    columns: list[tuple[str, ...]] = list(zip(header, *rows, strict=True))
    columns += [("a new column", *(draw(TEXT) for _ in rows))]
    return layout, which, list(zip(*draw(st.permutations(columns)), strict=True))


@WAYS
@given(edit=edited())
def test_any_edit_comes_back_and_changes_its_own_table_alone(
    way: Callable[[Cells], Cells], edit: tuple[Layout, int, list[tuple[str, ...]]]
):
    layout, which, rows = edit
    cells = [way(trimmed(rows)) if number == which else table.cells for number, table in enumerate(layout.tables)]
    after = read_layout(layout.with_cells(cells), "borough")
    assert [table.cells for table in after.tables] == [
        trimmed(rows) if number == which else table.cells for number, table in enumerate(layout.tables)
    ]
    old, new = layout.tables[which].lines, after.tables[which].lines
    assert after.lines[: new.start] == layout.lines[: old.start]
    assert after.lines[new.stop :] == layout.lines[old.stop :]


@pytest.mark.parametrize("file", FILES)
def test_tables_edited_at_once_each_keep_their_place_and_their_line_ends(file: str):
    layout = read_layout(FILES[file], file)
    cells = [(*table.cells, ("X1",) * len(table.cells[0])) for table in layout.tables]
    data = layout.with_cells(cells)
    after = read_layout(data, file)
    assert [(table.name, table.cells) for table in after.tables] == [
        (table.name, wanted) for table, wanted in zip(layout.tables, cells, strict=True)
    ]
    ends = [Counter(line[len(line.rstrip("\r\n")) :] for line in lines) for lines in (layout.lines, after.lines)]
    assert ends[1] - ends[0] == {layout.lines[0][len(layout.lines[0].rstrip("\r\n")) :]: len(cells)}
    assert data[-1:].isspace() == FILES[file][-1:].isspace()


def test_a_table_is_laid_out_again_with_its_columns_aligned():
    layout = read_layout(BOROUGH.encode(), "borough")
    cells = [table.cells for table in layout.tables]
    which = next(number for number, table in enumerate(layout.tables) if table.name == "crisis")
    cells[which] = (("row", "means", "source"), ("U03", "", "a"), ("U07.11", "yes", ""))
    lines = layout.with_cells(cells).decode().splitlines()
    start = layout.tables[which].lines.start
    assert lines[start : start + 3] == [
        "      row    | means | source",
        "      U03    |       | a",
        "      U07.11 | yes   |",
    ]


@pytest.mark.parametrize("file", DEPLOYED, ids=lambda file: file.parent.name)
def test_a_cell_that_needs_no_more_room_changes_one_line_of_a_deployed_file(file: Path):
    layout = read_layout(file.read_bytes(), file.name)
    cells = [table.cells for table in layout.tables]
    header, first, *rest = cells[-1]
    cells[-1] = (header, (*first[:-1], "other"), *rest)
    after = layout.with_cells(cells).splitlines()
    assert sum(old != new for old, new in zip(file.read_bytes().splitlines(), after, strict=True)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "FALSE",
        "Mar-1",
        "DEC1",
        "may 2",
        "1 March",
        "1234567890123456",
        "#N/A",
        "'quoted",
        "=A1",
        "+44",
        "-1",
        "@x",
        "007",
        "1.50",
        "50%",
        "£5",
        "(5)",
        "2026-01-01",
        "1-2",
        "1/2",
        "1e5",
        "10:30",
        "4 p",
    ],
)
def test_what_a_spreadsheet_takes_for_something_else_goes_out_as_text(text: str):
    assert to_csv(((text,),)) == f"\ufeff'{text}\r\n".encode()


@pytest.mark.parametrize("text", ["2", "1 or 4", "0 to 27", "20 or more", "under 18", "D02", "U03.1", "yes", "maybe"])
def test_what_no_spreadsheet_changes_goes_out_as_it_is(text: str):
    assert to_csv(((text,),)) == f"\ufeff{text}\r\n".encode()


def test_every_cell_of_a_book_is_text_and_stays_text_where_somebody_types():
    book = openpyxl.load_workbook(io.BytesIO(book_of({"01-x": (("row", "why"), ("=1+1", "007"))})))
    sheet = book.worksheets[0]
    assert [(cell.value, cell.data_type, cell.number_format) for cell in sheet[2]] == [
        ("=1+1", "s", "@"),
        ("007", "s", "@"),
    ]
    assert {dimension.number_format for dimension in sheet.column_dimensions.values()} == {"@"}
    assert max(dimension.max or 0 for dimension in sheet.column_dimensions.values()) == 16_384


def test_sheets_are_numbered_in_the_files_order_under_names_that_a_spreadsheet_takes():
    names = sheet_names(
        ["urgency: Mental Health Act", "crisis", "crisis!", "a name far longer than any sheet's name is"]
    )
    assert names == ["01-urgency-mental-health-act", "02-crisis", "03-crisis", "04-a-name-far-longer-than-any-s"]
    assert max(map(len, names)) <= LONGEST_NAME
