"""Every word of a row is in what it says: nothing is overwritten by another column, whatever the heads are."""

from __future__ import annotations

import csv as rows
import io
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.contract.reading import read
from services.intake.problems import Refused
from services.intake.safety.screen import screen_of
from services.intake.sources import csv
from services.intake.sources.csv.heads import columns

SCREEN: Final = screen_of(["kill* himself"])
KNOWN: Final = ["NHS number", "Reason"]
WHO: Final = ["9990000018", "low"]
names = st.sampled_from(["Notes", "Notes ", "notes", "", "column 3", "column 4", "Our list", "Notes (2)"])


def document(heads: list[str], cells: list[str]) -> dict[str, Any]:
    """What a row says under these heads."""
    text = io.StringIO()
    rows.writer(text).writerows((KNOWN + heads, WHO + cells))
    return csv.told(text.getvalue().encode()).document


def test_two_columns_that_nobody_knows_may_have_one_head_and_both_are_kept_and_screened():
    told = document(["Notes", "Notes"], ["wants to kill himself tonight", "prefers mornings"])
    assert told["unmapped"] == {"Notes": "wants to kill himself tonight\n\nprefers mornings"}
    assert SCREEN.finds(read(told).prose)


def test_rows_that_differ_in_one_of_them_alone_are_two():
    one, other, third = (
        document(["Notes", "Notes"], cells)["message_id"]
        for cells in (["hears voices", "mornings"], ["sleeps badly", "mornings"], ["", "mornings"])
    )
    assert len({one, other, third}) == 3


@pytest.mark.parametrize("cells", [["", "mornings"], ["mornings", ""], ["mornings", "mornings"]])
def test_a_row_that_fills_only_one_of_them_says_what_it_said_with_one_column(cells: list[str]):
    assert document(["Notes", "Notes"], cells) == document(["Notes"], ["mornings"])


@given(st.lists(st.tuples(names, st.from_regex(r"[a-z]{3,8}", fullmatch=True)), max_size=7))
def test_every_text_under_any_heads_is_kept_and_screened(others: list[tuple[str, str]]):
    told = document([head for head, _ in others], [text for _, text in others])
    assert not {text for _, text in others} - {word for text in read(told).prose for word in text.split()}


@given(
    st.lists(st.sampled_from(["reason.others[0]", "reason.others[00]", "REASON others [1]", "others[01]"]), min_size=2)
)
def test_two_columns_of_one_item_are_refused_however_its_number_is_written(heads: list[str]):
    assert all(column.path in {"reason.others[0]", "reason.others[1]"} for column in columns(heads))
    if len({column.path for column in columns(heads)}) < len(heads):
        with pytest.raises(Refused) as refused:
            document(heads, ["05"] * len(heads))
        assert refused.value.code == "duplicate-key"
