"""The file of refused rows can be opened in a spreadsheet without harm, and comes back saying what was sent."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.commands.report import Report
from services.intake.commands.sending import Answered
from services.intake.sources.csv import Head, Row, opened, row_told
from services.intake.sources.csv.formulas import as_sent, harmless

HEADS: Final = ("nhs number", "phone", "reason.text", "=our list")
RUNS: Final = ("=", "+", "-", "@", "\t", "\r")
REFUSED: Final[dict[str, Any]] = {"code": "unreadable", "errors": [{"path": "", "code": "unreadable", "detail": "no"}]}


def table(*lines: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def refused(body: bytes, folder: str) -> Path:
    """The file that people mend, of one whose rows are all refused."""
    head, rows = opened(io.BytesIO(body))
    with Report(Path(folder, "list.csv"), head, 1, None) as report:
        for row in rows:
            report.note(Answered(row, "refused", REFUSED))
    assert report.mend
    return report.mend


def said(head: Head, row: Row) -> dict[str, Any]:
    told, _ = row_told(head, row)
    return told.document


@pytest.mark.parametrize("run", RUNS)
def test_no_cell_and_no_head_of_it_is_a_formula(run: str):
    body = table(HEADS, ("9990000018", f"{run}44 7700 900123", f'{run}HYPERLINK("http://example.test")', f"{run}1"))
    with TemporaryDirectory() as folder, refused(body, folder).open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert len(cells) == 10
    assert not [cell for cell in cells if cell.startswith(RUNS)]


@given(st.lists(st.text("='+-@\t\rab4 ", max_size=6), min_size=4, max_size=4))
@example(["", "+44 7700 900123", "'=already with an apostrophe", "''"])
def test_rows_that_come_back_as_they_were_say_what_they_said(cells: list[str]):
    body = table(HEADS, ("x", *cells[1:]))
    with TemporaryDirectory() as folder:
        first, again = opened(io.BytesIO(body)), opened(io.BytesIO(refused(body, folder).read_bytes()))
        (row,), (back,) = first[1], again[1]
    assert back.cells[1:] == row.cells
    assert said(again[0], back) == said(first[0], row)


def test_an_apostrophe_that_was_sent_stays():
    assert [as_sent(cell) for cell in ("'t Hooft", "'", "''", "")] == ["'t Hooft", "'", "''", ""]
    assert [as_sent(harmless(cell)) for cell in ("=1", "'=1", "''=1")] == ["=1", "'=1", "''=1"]
