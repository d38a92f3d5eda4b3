"""The items of a score in one cell: a blank keeps its place, since the ninth of the PHQ-9 asks of thoughts of self-harm."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.contract.reading import Reading, read
from services.intake.sources import csv

ITEMS: Final = st.lists(st.sampled_from(["", "0", "1", "2", "3", "3.0"]), min_size=9, max_size=9)


def said(cell: str, head: str = "phq9_items") -> Reading:
    """What is read of a row with that cell."""
    return read(csv.told(f'NHS number,Reason,{head}\n9990000018,low,"{cell}"\n'.encode()).document)


def codes(reading: Reading) -> set[tuple[str, str]]:
    """The places and codes of its warnings."""
    return {(notice.path, notice.code) for notice in reading.warnings}


@pytest.mark.parametrize(
    "cell", ["1;1;;1;1;1;1;1;3", "1|1||1|1|1|1|1|3", "1;1; ;1;1;1;1;1;3;;", "1\n1\n\n1\n1\n1\n1\n1\n3\n", ";;;;;;;;3"]
)
def test_a_blank_keeps_its_place_so_that_the_ninth_answer_is_the_ninth(cell: str):
    reading = said(cell)
    assert reading.get("presentation.phq9_item9") == 3
    assert reading.get("presentation.phq9") is None
    assert codes(reading) == {("presentation.phq9_items", "items-incomplete")}


@pytest.mark.parametrize("between", [";", "|", " ; ", "; \r\n", ";\n", "\r\n", "\n"])
@given(items=ITEMS)
def test_every_item_is_read_in_its_place(between: str, items: list[str]):
    read_in = said(between.join(items)).get("presentation.phq9_items") or []
    assert read_in == [int(float(item)) if item else None for item in items][: len(read_in)]
    assert not any(items[len(read_in) :])


@pytest.mark.parametrize("between", ["\n\n", ";;", "\r\n\r\n"])
def test_a_blank_line_between_items_is_none(between: str):
    assert said(between.join("001001003")).get("presentation.phq9_item9") == 3


def test_where_blanks_make_more_places_than_questions_nobody_guesses():
    assert said("1;;1;;1;;1;;1;;1;;1;;1;;3").get("presentation.phq9") == 11
    untold = said("1;;1;;1;;1;;1;;1;;1;;3")
    assert (untold.get("presentation.phq9_item9"), untold.unread_risk) == (None, True)
    assert codes(untold) == {("presentation.phq9_items", "wrong-type")}


def test_a_cell_without_blanks_and_lists_of_codes_say_what_they_said():
    whole = said("1;1;1;1;1;1;1;1;3")
    assert (whole.get("presentation.phq9"), whole.get("presentation.phq9_item9")) == (11, 3)
    assert codes(said("1;1;1;1;1;1;1;1;3;2")) == {("presentation.phq9_items", "too-many")}
    assert said("05;;06;", "reason.others").document["reason"]["others"] == ["05", "06"]
    assert said("1;1;1;1;1;1;2", "gad7 items").get("presentation.gad7") == 8


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(("score", "questions"), [("phq9", 9), ("gad7", 7)])
def test_questions_in_columns_are_numbered_from_0_or_as_on_the_form_from_1(score: str, questions: int, first: int):
    answers = ["1"] * (questions - 1) + ["3"]
    heads = [f"{score}_items[{number + first}]" for number in range(questions)]
    reading = read(
        csv.told(f"NHS number,Reason,{','.join(heads)}\n9990000018,low,{','.join(answers)}\n".encode()).document
    )
    assert reading.get(f"presentation.{score}_items") == [1] * (questions - 1) + [3]
    assert (reading.get(f"presentation.{score}"), reading.warnings) == (questions + 2, [])
