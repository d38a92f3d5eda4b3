"""A file in portions says what the whole file says, and each answer finds its row in the whole file."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.commands.portions import portions
from services.intake.sources import csv

HEAD = "\r\nfamily,born,reason.text\r\n"
LINES = st.lists(
    st.sampled_from(("Example,1984-03-17,low", 'Ada,1/2/1984,"low\nsince May"', 'a,"b', "a,3/17/1984,c", ",,", ""))
)
ENDS = st.sampled_from(("\n", "\r\n", "\r"))


@given(LINES, ENDS, st.integers(1, 3), st.sampled_from(("utf-8", "utf-16")))
def test_the_portions_of_a_file_hold_its_rows_at_the_lines_that_are_answered(
    lines: list[str], end: str, most: int, encoding: str
):
    body = (HEAD + "".join(line + end for line in lines)).encode(encoding)
    _, whole = csv.rows_of(body, None, None, 1000)
    head, rows = csv.opened(io.BytesIO(body))
    found: list[csv.Row] = []
    for portion in portions(head, rows, most):
        _, there = csv.rows_of(portion.body, None, None, most)
        ours = portion.by_line()
        assert [(row.line, row.raw) for row in there] == [(line, row.raw) for line, row in ours.items()]
        found += portion.rows
    assert found == whole


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_row_that_others_may_not_be_read_with_goes_alone(encoding: str):
    lines = ["Example,1984-03-17,low", "Example,3/17/1984,low", "Example,1/2/1984,low"]
    head, rows = csv.opened(io.BytesIO((HEAD + "\n".join(lines)).encode(encoding)))
    assert [len(portion.rows) for portion in portions(head, rows, 10)] == [1, 1, 1]
    first, second = (
        portions(*csv.opened(io.BytesIO((HEAD + "\n".join(lines[::2])).encode(encoding))), 10).__next__().halves()
    )
    assert (len(first.rows), len(second.rows)) == (1, 1)
