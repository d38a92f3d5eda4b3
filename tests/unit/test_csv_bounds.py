"""However long a line or wide a head, a file is read in little memory, and the rows behind it are read."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from services.intake.commands.portions import portions
from services.intake.problems import Refused
from services.intake.sources import csv
from services.intake.sources.csv import rows as csv_rows
from services.intake.sources.csv.rows import LONGEST

HEAD = b"family,born,reason.text\n"
ROW = b"Example,1984-03-17,low\n"
MOST = 4_000_000  # bytes of memory


class Endless(io.RawIOBase):
    """A file of one line that goes on and on."""

    def __init__(self, size: int) -> None:
        self._before, self._left = HEAD, size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, *_: int) -> int:
        return 0

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any buffer, as BufferedReader gives it
        some = self._before or b"a" * min(len(buffer), self._left)
        buffer[: len(some)] = some
        self._left, self._before = self._left - (0 if self._before else len(some)), b""
        return len(some)


@pytest.mark.parametrize("long", [b"a", b"a,", b'"aaa'])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_that_is_too_long_is_one_row_with_a_fault_and_the_next_is_read(long: bytes, end: bytes):
    body = (HEAD + ROW + long * 1_000_000 + b"\n" + ROW).replace(b"\n", end)
    head, rows = csv.opened(io.BytesIO(body))
    found = [(row.line, row.fault.code if row.fault else None, len(row.raw) <= LONGEST + 3) for row in rows]
    assert found == [(2, None, True), (3, "unreadable", True), (4, None, True)]
    _, faults = csv.row_told(head, csv.rows_of(body, None, None, 9)[1][1])
    assert "characters" in faults[0].detail


@pytest.mark.parametrize("more", range(-2, 3))
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_about_as_long_as_may_be_is_one_row_whatever_ends_it(more: int, end: bytes):
    body = (HEAD + b"a" * (LONGEST + more) + b"\n" + ROW).replace(b"\n", end)
    _, rows = csv.rows_of(body, None, None, 9)
    assert [row.line for row in rows] == [2, 3]
    assert rows[1].fault is None


def test_a_row_that_goes_on_into_a_line_that_is_too_long_takes_nothing_of_it():
    body = HEAD + b'Example,1984-03-17,"low\n' + b"a" * LONGEST + b'aaa"\n' + ROW
    _, rows = csv.rows_of(body, None, None, 9)
    assert [(row.line, row.fault is None) for row in rows] == [(2, False), (3, False), (4, True)]


def test_quotes_that_never_close_are_not_looked_for_through_the_whole_file():
    read = []

    class Noted(csv_rows._Lines):
        def __next__(self) -> str:
            read.append(1)
            return super().__next__()

    lines = 490
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "_Lines", Noted)
        _, rows = csv.opened(io.BytesIO(HEAD + b'x","\n' * lines + b"\n" * 100_000))
        assert sum(row.fault is not None for row in rows) == lines
    assert len(read) < 2 * lines * csv_rows.MOST_LINES


def test_a_cut_row_is_answered_at_the_line_that_it_has_in_its_portion():
    body = HEAD + ROW + b"a" * 200_000 + b"\r\n" + ROW
    for portion in portions(*csv.opened(io.BytesIO(body)), 10):
        _, there = csv.rows_of(portion.body, None, None, 10)
        assert [(row.line, row.raw) for row in there] == [(line, row.raw) for line, row in portion.by_line().items()]


def test_a_file_without_line_ends_takes_little_memory():
    tracemalloc.start()
    _, rows = csv.opened(io.BufferedReader(Endless(60_000_000)))  # type: ignore[type-var]  # a raw stream all the same
    assert [row.fault is None for row in rows] == [False]
    assert tracemalloc.get_traced_memory()[1] < MOST
    tracemalloc.stop()


@pytest.mark.parametrize(
    "start",
    [
        b"born" + b",a" * 1000,
        b"born" + b"," * 60_000,
        b"born," + b"a" * LONGEST,
        b"\n" * (LONGEST + 1) + b"born",
        b"a" * 1_000_000,
    ],
    ids=["one column too many", "empty columns", "a long name", "blank lines", "one line of no table"],
)
def test_a_head_that_is_too_wide_is_refused(start: bytes):
    with pytest.raises(Refused) as refused:
        csv.opened(io.BytesIO(start + b"\n1984-03-17\n"))
    assert (refused.value.status, refused.value.code) == (400, "too-large")


def test_a_thousand_columns_are_read():
    head, _ = csv.opened(io.BytesIO(b"born" + b",a" * 999 + b"\n"))
    assert len(head.columns) == 1000


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16"])
def test_utf_16_is_read_with_and_without_its_mark_where_it_is_told(codec: str):
    file = "reason.text,person.nhs_number\nlow,9990000018\n".encode(codec)
    _, rows = csv.opened(io.BytesIO(file), "utf-16")
    assert [row.cells for row in rows] == [["low", "9990000018"]]


def test_a_file_that_is_no_utf_16_is_refused_where_that_is_told():
    with pytest.raises(Refused, match="unreadable"):
        csv.opened(io.BytesIO(b"reason.text,person.nhs_number\n"), "utf-16")
