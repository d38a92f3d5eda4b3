"""Urgency and overlays may each be several narrow tables: they say the same as one wide one, and faults name theirs."""

from __future__ import annotations

import pytest

from services.triage.rules import read
from tests.rule_files import borough, borough_with, findings_of

SEVERAL = ("urgency:\n  table: |", "urgency:\n- name: all\n  table: |")
AND_HINTS = (
    "    U10.1 |                |                |       | yes        | 2        | A call on the same day       | draft  | HZ02, HZ04",
    "- name: hints\n  table: |\n    row | risk_words | priority | source | hazard\n    U10.1 | yes | 2 | draft | HZ02",
)


def test_several_narrow_tables_say_the_same_as_one_wide_one() -> None:
    several = read(
        borough_with(
            SEVERAL,
            AND_HINTS,
            ("overlays:\n  table: |", "overlays:\n- name: beside\n  table: |"),
        ),
        "borough",
    )
    tables = {row.table for row in (*several.rows.urgency, *several.rows.overlays)}
    assert tables == {"urgency: all", "urgency: hints", "overlays: beside"}
    for case in several.examples:
        assert several.propose(case.facts)[:-1] == borough().propose(case.facts)[:-1]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("| yes | 2 | draft |", "| yse | 2 | draft |"), ("urgency: hints", "U10.1", "risk_words")),
        (("- name: hints\n", "- name: all\n"), ("urgency", "", "name")),
        (("- name: hints\n", "- title: hints\n"), ("urgency", "", "title")),
        (("- name: hints\n  table: |", "- name: hints\n  table: >"), ("urgency", "", "table")),
        (("- name: continuity", '- name: "urgency: all"'), ("sections", "", "name")),
    ],
)
def test_a_fault_in_one_of_several_tables_names_it(change: tuple[str, str], place: tuple[str, str, str]) -> None:
    file = borough_with(SEVERAL, AND_HINTS).decode()
    assert findings_of(file.encode()) == () and file.count(change[0]) == 1
    found = [(finding.table, finding.row, finding.column) for finding in findings_of(file.replace(*change).encode())]
    assert place in found
