"""A rule file with one fault in its frame or declarations is refused for that alone, at its place, with its cure."""

from __future__ import annotations

import dataclasses

import pytest

from services.triage.rules import Refused, read
from services.triage.rules.frame import MOST_BYTES
from tests.rule_files import BOROUGH, Fault, assert_only_fault, borough_with, findings_of

HEAD = {
    "a key that nobody knows": Fault("reason: A", "raeson: x\nreason: A", "", "", "raeson", "did you mean 'reason'?"),
    "a key missing": Fault('version: "2026.1"\n', "", "", "", "version", "missing"),
    "a key twice": Fault("reason: A", "reason: B\nreason: A", says="'reason' stands twice"),
    "a time without its zone": Fault("2026-01-01T00:00:00Z", "2026-01-01", "", "", "effective_from", "offset from UTC"),
    "a day on no calendar": Fault(
        "2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", column="effective_from", says="calendar"
    ),
    "an anchor": Fault("reason: A", "reason: &a A", says="anchor"),
    "a tag": Fault("reason: A", "reason: !!str A", says="tag"),
    "a tab": Fault("reason: A", "reason:\tA", says="a tab"),
    "an escape that no character has": Fault("reason: A", 'x: "\\UFFFFFFFF"\nreason: A', says="escape"),
    "a character that cannot be seen": Fault("reason: A", 'reason: "\\0"\n# A', says="cannot be seen"),
    "a second document": Fault("edge\n    D33 ", "edge\n---\n#   D33 ", says="second document"),
    "a directive": Fault("ruleset: borough\n", "%YAML 1.1\n---\nruleset: borough\n", says="directive"),
    "a list where a text belongs": Fault(
        "reason: A", "reason: [A]\n# ", "", "", "reason", "a list where a text belongs"
    ),
    "a promise for no hazard": Fault("{hazard: HZ02, text", "{hazard: HZ2, text", "promises", "1", "hazard", "'HZ02'"),
    "no approval by a clinician": Fault(
        "{role: clinician,", "{role: clinican,", "approved", "clinician", "role", "did you mean 'clinican'?", "approval"
    ),
    "an approval without a name": Fault(", name: A. Officer", "", "approved", "", "name", "missing"),
}

DECLARATIONS = {
    "a fact that does not exist": Fault(
        "  means: {", "  maens: {yes or no: any}\n  means: {", "inputs", "maens", "", "'means'"
    ),
    "a fact for reports alone": Fault(
        "  means: {", "  ethnic_category: {one of: [A]}\n  means: {", "inputs", "ethnic_category", "", "reports alone"
    ),
    "a range that runs backwards": Fault("0 to 120,", "120 to 0,", "inputs", "age", "whole number", "0 to 120"),
    "a range too wide": Fault("0 to 2000,", "0 to 2000000,", "inputs", "alcohol_units_week", "whole number", "cap"),
    "an input of two kinds": Fault(
        "{whole number: 0 to 27,", "{whole number: 0 to 27, yes or no: any,", "inputs", "phq9"
    ),
    "an input that may be nothing known": Fault(
        "0 to 120, may be: not recorded", "0 to 120, may be: unknown", "inputs", "age", "may be", "not recorded"
    ),
    "a word that reads as a form of cell": Fault(
        "[none, ideation,", "[none, not said, ideation,", "inputs", "suicidal", "one of"
    ),
    "a word twice": Fault("[none, ideation,", "[none, none, ideation,", "inputs", "suicidal", "one of", "twice"),
    "a priority code that is none": Fault(
        '["1", "4", "2", "3"]', '["1", "2", "3"]', "inputs", "referrer_urgency", "", '"4"'
    ),
    "a secondary team that may not be current": Fault(
        "  safeguarding: {",
        "  memory: {name: M, care setting: secondary-care, team type: A17, gate: sample, response: x}\n"
        "  safeguarding: {",
        "inputs",
        "current_team",
        "",
        "add memory",
    ),
    "a care setting that does not exist": Fault(
        "care setting: front-door, team type: A11",
        "care setting: frontdoor, team type: A11",
        "destinations",
        "emergency-department",
        "care setting",
        "did you mean 'front-door'?",
    ),
    "a gate that does not exist": Fault("gate: before", "gate: after", "destinations", "hub", "gate", "before"),
    "a time that is no length": Fault(
        "{within: 4 hours}", "{within: soon}", "destinations", "crisis-team", "response", "4 hours"
    ),
    "an end before the beginning": Fault(
        "valid to: null", "valid to: 2025-01-01", "destinations", "talking-therapies", "valid to"
    ),
    "an id that is none": Fault(
        "  safeguarding: {",
        "  Safe G: {name: S, care setting: primary-care, team type: M, gate: sample, response: x}\n  safeguarding: {",
        "destinations",
        "Safe G",
    ),
    "accepting maybe": Fault(
        "accepting: no", "accepting: maybe", "destinations", "drug-and-alcohol", "accepting", "yes or no"
    ),
}

FAULTS = HEAD | DECLARATIONS


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_one_fault_is_found_once_at_its_place_with_its_cure(fault: Fault) -> None:
    assert_only_fault(fault)


def test_the_borough_has_no_fault() -> None:
    assert findings_of(BOROUGH.encode()) == ()


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"", "no rule set"),
        (b"- a list", "no rule set"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbf" + BOROUGH.encode(), "byte order mark"),
        (BOROUGH.encode("utf-16"), "not UTF-8"),
        (b"#" * (MOST_BYTES + 1), "larger than"),
        (b"[" * 5000, "deep"),
        (b"a: " + b"{a: " * 11 + b"}" * 11, "deep"),
        (b"ruleset: [", "not readable as YAML"),
        (b"a: *b", "anchor or alias"),
        (b"{[a]: b}", "a key that is no word"),
    ],
    ids=["empty", "list", "bytes", "bom", "utf-16", "large", "deep", "deep mapping", "torn", "alias", "odd key"],
)
def test_a_file_that_is_no_rule_file_says_so(file: bytes, says: str) -> None:
    assert says in findings_of(file)[0].message


def test_a_finding_is_all_words_so_that_an_event_can_carry_it() -> None:
    for finding in findings_of(borough_with(("suicidal = plan ", "suicidal = plann "))):
        assert all(isinstance(value, str) for value in dataclasses.asdict(finding).values())


def test_which_approvals_are_required_is_a_setting() -> None:
    with pytest.raises(Refused) as refused:
        read(BOROUGH.encode(), "borough", roles=("caldicott guardian",))
    assert [(finding.code, finding.row) for finding in refused.value.findings] == [("approval", "caldicott guardian")]


def test_a_file_that_leaves_out_the_referrers_urgency_is_refused_because_it_is_a_floor() -> None:
    line = next(line for line in BOROUGH.split("\n") if line.startswith("  referrer_urgency"))
    found = findings_of(borough_with((f"{line}\n", "")))[0]
    assert (found.table, found.row) == ("inputs", "referrer_urgency")
    assert 'add `referrer_urgency: {one of: ["1", "4", "2", "3"]' in found.cure


def test_no_destination_is_called_none() -> None:
    there = "  hub: {"
    found = findings_of(
        borough_with(
            (
                there,
                there.replace("hub", "none")
                + "name: N, care setting: front-door, team type: A18, gate: before, response: x}\n"
                + there,
            )
        )
    )[0]
    assert (found.table, found.row) == ("destinations", "none")


def test_which_facts_exist_is_told_by_the_caller() -> None:
    with pytest.raises(Refused) as refused:
        read(BOROUGH.encode(), "borough", facts={"age"})
    assert {finding.row for finding in refused.value.findings} >= {"means", "suicidal"}
