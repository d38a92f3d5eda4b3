"""What the gate refuses: every small mistake in the tables of a small rule set that changes what becomes of anybody."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from services.triage.gate import verdict
from tests.assurance.completing import completed
from tests.assurance.trial import Trials

SMALL = completed((Path(__file__).parents[1] / "samples" / "small-ruleset.yaml").read_bytes())[0].decode()


@pytest.fixture(scope="module")
def trials() -> Trials:
    return Trials(SMALL.encode())


def found_with(*changes: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Code, row and column of what the gate finds in the small file with each line that says the first saying the second."""
    file = SMALL
    for old, new in changes:
        assert file.count(old) == 1, f"{old!r} stands {file.count(old)} times in the file"
        file = file.replace(old, new)
    findings = verdict(file.encode(), "small", "lambeth", None)["findings"]
    return [(finding["code"], finding["row"], finding.get("column", "")) for finding in findings]


def test_no_small_mistake_that_moves_a_referral_gets_past_the_gate(trials: Trials):
    tried = [trials.short(number) for number in range(len(trials.mutants))]
    assert sum(one.moves is True for one in tried) > 50
    assert [str(trials.mutants[one.number]) for one in tried if one.moves and not one.code] == []


def test_the_gate_says_of_the_file_what_it_says_of_the_tables(trials: Trials):
    for number in random.Random(7).sample(range(len(trials.mutants)), 15):
        both = trials.both(number)
        assert next(iter(both.whole), "") == both.short, trials.mutants[number]


U11 = "| yes            |                 | safeguarding |      |"
ABUSE = "| domestic_abuse = yes; problem = social | 3 | peer-support-programme | safeguarding | |"


def test_of_an_overlay_that_adds_and_holds_an_example_must_show_each():
    holds = (U11, "| yes | | safeguarding | yes |")
    held = "| domestic_abuse = yes; problem = social | 3 | peer-support-programme | safeguarding | yes |"
    anyway = "| domestic_abuse = yes; risk_unanswered = yes | 2 | hub | safeguarding | yes |"
    assert found_with(holds, (ABUSE, held)) == []
    assert found_with(holds, (ABUSE, anyway)) == [("edge", "U11", "hold")]


def test_of_a_destination_row_with_a_priority_an_example_must_show_the_priority():
    urgent = [
        (
            "row | current_team | destination  | source | hazard",
            "row | current_team | destination | source | hazard | priority",
        ),
        ("D02 | not none     | current_team | test   | HZ04", "D02 | not none | current_team | test | HZ04 | 2"),
    ]
    lines = [line for line in SMALL.splitlines() if line.strip().startswith("D02") and "current_team = " in line]
    teams = ("focused-support", "crisis-outreach")
    urgent += [
        (line, f"    D02 | current_team = {team}; risk_unanswered = yes | 2 | {team} | | yes |")
        for line, team in zip(lines, teams, strict=True)
    ]
    assert found_with(*urgent) == [("edge", "D02", "priority")]


def test_a_file_with_more_faults_than_are_of_use_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.triage.rules.findings.MOST_FINDINGS", 2)
    assert len(found_with(("| crisis-outreach | test   | HZ02", "| hub | test | HZ02"))) == 2


@pytest.mark.parametrize(
    ("given", "column"),
    [("problem = mood; phq9 = 9 ", "phq9"), ("problem = mood; phq9 = 10 ", "phq9"), ("phq9 = 10 ", "problem")],
    ids=["the value beside its number", "its number", "a word that it does not name"],
)
def test_an_example_must_show_where_a_cell_ends(given: str, column: str):
    (line,) = (line for line in SMALL.splitlines() if f"| {given}" in line)
    assert ("edge", "D08", column) in found_with((f"{line}\n", ""))
