"""A row that is not taken may be an emergency, though nobody could read that: its sender is told to phone."""

from __future__ import annotations

import pytest

from services.intake.contract.reading import read
from services.intake.safety.emergency import is_emergency
from services.intake.sources import csv
from services.intake.sources.csv.danger import PHONE

HEAD = "nhs number,phone,born,reason.text,life in danger,urgency\n"
AT = "9990000018,,1984-03-17,"


def refused(row: str) -> tuple[list[bool], bool]:
    """Which faults of a row say to phone, and whether the report lists it among the emergencies."""
    head, (one,) = csv.rows_of((HEAD + row).encode(), None, None, 1)
    told, faults = csv.row_told(head, one)
    assert faults
    return [PHONE in fault.detail for fault in faults], is_emergency(read(told.document))


@pytest.mark.parametrize(
    "row",
    [
        f'{AT}"Wants to die tonight,no,emergency',
        f'{AT}"Said "end it all" today",no,emergency',
        f"{AT}Low, wants to die,no,emergency",
        f"{AT}Low, wants to die,no,1",
        f"{AT}Low, wants to die,no,1.0",
        f"{AT}Low, wants to die,1.0,3.0",
        f"{AT}Low, wants to die,yes,3",
        f'{AT}"Low,no,1',
        f'{AT}"Wants to die"\t,no,Emergency',
    ],
)
def test_a_row_that_does_not_fall_into_its_columns_is_an_emergency_where_any_of_it_says_so(row: str):
    assert refused(row) == ([True], True)


@pytest.mark.parametrize(
    "row",
    [
        *(f'{AT}"Low,no,3', f"{AT}Low, wants to die,no,3", f"{AT}Low, no,no,2"),
        *(f"9990000018,{one},1984-03-17,Low, wants to die,no,2" for one in ("1", "1.0", "01")),
    ],
)
def test_one_that_does_not_say_so_still_says_to_phone_since_nobody_can_tell(row: str):
    assert refused(row) == ([True], False)


@pytest.mark.parametrize("cells", ["Low,no,#N/A", "Low,#REF!,3", "#NAME?,no,3"])
def test_an_answer_about_risk_or_words_that_a_spreadsheet_changed_say_to_phone(cells: str):
    assert refused(AT + cells) == ([True], False)


def test_a_date_that_may_be_another_says_nothing_of_phoning():
    assert refused("9990000018,,03/04/84,Low,no,3") == ([False], False)
