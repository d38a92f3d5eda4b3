"""A rule file with one fault in its tables or examples is refused for that alone, at its place, with its cure."""

from __future__ import annotations

import pytest

from services.triage.rules.findings import MOST_FINDINGS
from tests.rule_files import BOROUGH, Fault, assert_only_fault, borough_with, findings_of

TABLES = {
    "a word that no input has": Fault(
        "plan or intent |       ", "plann or intent |      ", "urgency", "U03.1", "suicidal", "'plan'"
    ),
    "a number outside": Fault("10 to 19 ", "10 to 91 ", "routine", "D09.1", "phq9", "91 is outside 0 to 27"),
    "numbers backwards": Fault("10 to 19 ", "19 to 10 ", "routine", "D09.1", "phq9", "allows nothing"),
    "a number in other words": Fault(
        "20 or more  ", "20 or mroe  ", "routine", "D28.1", "phq9", "did you mean '20 or more'?"
    ),
    "a number cell that compares": Fault("10 to 19 ", ">= 10 ", "routine", "D09.1", "phq9", "no way to write numbers"),
    "not recorded where it always is": Fault(
        "U10.2 |                | yes ",
        "U10.2 |                | not recorded ",
        "overlays",
        "U10.2",
        "risk_words",
        "never",
    ),
    "not with two words": Fault(
        "plan or intent |       ", "not plan or intent |  ", "urgency", "U03.1", "suicidal", "one word"
    ),
    "yes in capitals": Fault(
        "U01.2 | yes ", "U01.2 | YES ", "emergency", "U01.2", "life_in_danger", "did you mean 'yes'?"
    ),
    "a column that is no input": Fault(
        "row   | suicidal     ", "row   | sucidal     ", "crisis", "", "sucidal", "'suicidal'"
    ),
    "a column twice": Fault(
        "| domestic_abuse | risk_words", "| risk_words | risk_words", "overlays", "", "risk_words", "twice"
    ),
    "a column missing": Fault(
        " | source | hazard\n      D33 | hub         | The hub owns until someone accepts  | draft  | HZ04",
        " | source\n      D33 | hub         | The hub owns until someone accepts  | draft",
        "otherwise",
        "",
        "hazard",
        "missing",
    ),
    "a cell too many": Fault(
        "D02 | not none ", "D02 | | not none ", "continuity", "D02", "", "6 cells under 5 columns"
    ),
    "a cell too few": Fault("D02 | not none ", "D02 ", "continuity", "D02", "", "4 cells under 5 columns"),
    "a row id twice": Fault("D28.1 | 18 or more    ", "D27.1 | 18 or more    ", "routine", "D27.1", "row", "twice"),
    "a row id that is none": Fault(
        "U10.1 |              ", "10.1 |              ", "urgency", "10.1", "row", "no row id"
    ),
    "a row without a source": Fault(
        "| not none     | current_team | draft ", "| not none     | current_team | ", "continuity", "D02", "source"
    ),
    "a row without a hazard": Fault(
        "current_team | draft  | HZ04", "current_team | draft  | ", "continuity", "D02", "hazard", "blank"
    ),
    "a hazard nobody listed": Fault(
        "current_team | draft  | HZ04", "current_team | draft  | HZ44", "continuity", "D02", "hazard", "'HZ04'"
    ),
    "a priority that is no code": Fault(
        "| 1        | The ref", "| 5        | The ref", "urgency", "U01.1", "priority", "1, 4, 2, 3"
    ),
    "a destination that does not exist": Fault(
        "yes            | emergency-department",
        "yes            | emergency-departement",
        "emergency",
        "U01.2",
        "destination",
        "did you mean 'emergency-department'?",
    ),
    "an added destination that does not exist": Fault(
        "| safeguarding |      | Safe", "| saveguarding | | Safe", "overlays", "U11.1", "add", "'safeguarding'"
    ),
    "the current team where it may be none": Fault(
        "D02 | not none ", "D02 |  ", "continuity", "D02", "destination", "is none"
    ),
    "a hold that is neither": Fault(
        "| yes  | A clinician", "| no  | A clinician", "overlays", "U10.2", "hold", "leave the cell blank"
    ),
    "an overlay that does nothing": Fault(
        "| safeguarding |      | Safe contact only ", "|  |  | ", "overlays", "U11.1", "", "does nothing"
    ),
    "two sections of one name": Fault("- name: continuity", "- name: urgency", "sections", "", "name", "another table"),
    "a table that is not lines": Fault(
        "  table: |\n    row   | domestic_abuse",
        "  table: >\n    row   | domestic_abuse",
        "overlays",
        "",
        "table",
        "table: |",
    ),
    "a last row that goes to no person": Fault(
        "D33 | hub  ", "D33 | talking-therapies  ", "otherwise", "D33", "destination", "a person"
    ),
}

OVERLAPS = {
    "an overlap that nobody declared": Fault(
        "drug-and-alcohol  | draft  | HZ04   | L01.1",
        "drug-and-alcohol  | draft  | HZ04   | ",
        "routine",
        "D27.1",
        "beats",
        "add L01.1",
        "overlap",
    ),
    "a beaten row that cannot match too": Fault(
        "drug-and-alcohol  | draft  | HZ04   | L01.1",
        "drug-and-alcohol  | draft  | HZ04   | L01.1, D28.1",
        "routine",
        "D27.1",
        "beats",
        "cannot match together",
        "overlap",
    ),
    "a beaten row that stands above": Fault(
        "local  | HZ04   |", "local  | HZ04   | D27.1", "routine", "L01.1", "beats", "no later row", "overlap"
    ),
}

EXAMPLES = {
    "a baseline that leaves an input out": Fault(
        ", alcohol_units_week: 0}", "}", "examples", "", "given", "add `alcohol_units_week: not recorded`"
    ),
    "a baseline with a value that is none": Fault("{age: 40,", "{age: 400,", "examples", "", "given", "from 0 to 120"),
    "a given input that does not exist": Fault(
        " life_in_danger = yes   ", " life_in_dagger = yes   ", "examples", "U01.1", "given", "'life_in_danger'"
    ),
    "a given value that does not exist": Fault(
        "suicidal = plan ", "suicidal = plann ", "examples", "U03.1", "given", "'plan'"
    ),
    "a given word without a value": Fault(
        "suicidal = plan ", "suicidal ", "examples", "U03.1", "given", "input = value"
    ),
    "an example of no row": Fault(
        "    D33   |   ",
        "    D34   | | 3 | hub | | | no\n    D33   |   ",
        "examples",
        "D34",
        "row",
        "no row D34",
        "example",
    ),
    "another priority": Fault(
        "suicidal = plan                                            | 4",
        "suicidal = plan | 2",
        "examples",
        "U03.1",
        "priority",
        "expected 2, got 4",
        "example",
    ),
    "another destination": Fault(
        "problem = substance                                        | 3        | drug-and-alcohol",
        "problem = substance | 3 | hub",
        "examples",
        "D27.1",
        "destination",
        "expected hub, got drug-and-alcohol",
        "example",
    ),
    "an added destination forgotten": Fault(
        "talking-therapies    | safeguarding |      | added",
        "talking-therapies    | |      | added",
        "examples",
        "U11.1",
        "also",
        "expected none, got safeguarding",
        "example",
    ),
    "a hold expected where none is": Fault(
        "|      | never held\n    U03.1",
        "| yes  | never held\n    U03.1",
        "examples",
        "U01.2",
        "hold",
        "got no",
        "example",
    ),
}
FAULTS = TABLES | OVERLAPS | EXAMPLES


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_one_fault_is_found_once_at_its_place_with_its_cure(fault: Fault) -> None:
    assert_only_fault(fault)


@pytest.mark.parametrize("name", ["a word that no input has", "a hazard nobody listed", "another priority"])
def test_a_finding_names_the_line_of_the_file(name: str) -> None:
    old, new = FAULTS[name][:2]
    file = borough_with((old, new))
    line = file[: file.index(new.encode())].count(b"\n") + 1
    assert [finding.line for finding in findings_of(file)] == [str(line)]


@pytest.mark.parametrize(("table", "row"), [("urgency", "U03.2"), ("routine", "D27.1"), ("overlays", "U11.1")])
def test_a_row_that_takes_part_in_no_example_is_refused(table: str, row: str) -> None:
    line = BOROUGH[BOROUGH.rindex(f"    {row} ") :].split("\n")[0]
    (finding,) = findings_of(borough_with((f"{line}\n", "")))
    assert (finding.code, finding.table, finding.row) == ("example", table, row)


@pytest.mark.parametrize(
    "example",
    [
        "U03   | suicidal = intent | 4 | crisis-team | | | the family",
        "D28.1 | problem = mood; phq9 = 19 | 3 | talking-therapies | | | beside its edge",
    ],
)
def test_an_example_may_be_about_a_family_of_rows_or_the_edge_of_one(example: str) -> None:
    assert findings_of(borough_with(("    D33   |   ", f"    {example}\n    D33   |   "))) == ()


def test_every_fault_of_a_file_is_told_in_one_reading() -> None:
    names = [
        "a word that no input has",
        "numbers backwards",
        "a hazard nobody listed",
        "yes in capitals",
        "an added destination that does not exist",
        "a given input that does not exist",
        "an overlap that nobody declared",
    ]
    faults = [FAULTS[name] for name in names]
    found = {
        (finding.table, finding.row, finding.column)
        for finding in findings_of(borough_with(*(fault[:2] for fault in faults)))
    }
    assert found == {fault[2:5] for fault in faults}


def test_a_file_of_faults_is_refused_before_it_costs_much() -> None:
    rows = "".join(f"    X{number} | plann\n" for number in range(5000))
    head = "urgency:\n  table: |\n"
    assert len(findings_of(borough_with((head, f"{head}    row | suicidal\n{rows}")))) == MOST_FINDINGS
