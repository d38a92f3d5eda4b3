"""A section's row may carry a priority, which counts among the urgencies where that row decides."""

from __future__ import annotations

from services.triage.rules import read
from tests.rule_files import borough_with, findings_of


def test_a_sections_priority_raises_where_its_row_decides_and_never_lowers() -> None:
    header = "      row | destination | safety net                          | source | hazard\n      D33 | hub        "
    urgent = (header, header.replace("row", "row | priority").replace("D33", "D33 | 2"))
    fits_nothing = "    D33   |                                                            | "
    rules = read(borough_with(urgent, (f"{fits_nothing}3", f"{fits_nothing}2")), "borough")
    quiet = dict(rules.examples[-1].facts)
    urgency = {own: rules.propose(quiet | {"referrer_urgency": own}).urgency for own in ("1", "4", "2", "3")}
    assert urgency == {"1": "1", "4": "4", "2": "2", "3": "2"}
    assert rules.propose(quiet | {"current_team": "crisis-team"}).urgency == "3"


def test_an_overlap_that_differs_in_priority_alone_is_declared_too() -> None:
    row = "      D02 | not none     | current_team | draft  | HZ04\n"
    header = "      row | current_team | destination  | source | hazard\n"
    urgent = (
        "      D02 | not none | current_team | draft | HZ04 | 2\n      D01 | not none | current_team | draft | HZ04 |\n"
    )
    findings = findings_of(borough_with((header + row, header.replace("hazard", "hazard | priority") + urgent)))
    overlaps = [(finding.row, finding.column, finding.cure) for finding in findings if finding.code == "overlap"]
    assert overlaps == [("D02", "beats", "add D01 to this cell, or narrow one of the two rows")]
