"""A rule file is read strictly: as text alone, to a rule set or a refusal, whatever its bytes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.triage.facts import FACTS
from services.triage.gate import verdict
from services.triage.rules import Approval, Refused, read, tables
from services.triage.rules.approvals import digest_of
from services.triage.rules.cells import Allowed
from services.triage.rules.findings import MOST_FINDINGS
from services.triage.rules.promises import Outcome
from shared.codes import CareSetting, Gate
from shared.localities import REQUIRED_ROLES
from tests.rule_files import BOROUGH, borough, borough_with, findings_of
from tests.signing import signed

LINES = BOROUGH.split("\n")
CHARACTERS = ("", *"\t\r\n\0 |:;=#'\"{}[],&*!?%@`-<>~\u00a0\u00ad\u200b\u2028\u202e\ufeff\u0430\u0435\u043e\u2013")


def assert_read_or_refused(file: bytes) -> None:
    assert all(finding.message and finding.cure and str(finding) for finding in findings_of(file))


@given(st.binary() | st.text().map(str.encode) | st.text("{}[]:-|>&*!%@`'\"#?, \nab\t~", max_size=60).map(str.encode))
@example(b'"\\UFFFFFFFF"')
@example(b"%YAML 1." + b"9" * 5000)
@example(b"? ?")
def test_any_bytes_are_read_or_refused(file: bytes) -> None:
    assert_read_or_refused(file)


@settings(max_examples=300)
@given(st.integers(0, len(BOROUGH) - 1), st.sampled_from(CHARACTERS) | st.characters(codec="utf-8"))
def test_any_file_that_is_wrong_in_one_character_is_read_or_refused(at: int, character: str) -> None:
    assert_read_or_refused((BOROUGH[:at] + character + BOROUGH[at + 1 :]).encode())


@settings(max_examples=100)
@given(st.data())
def test_any_damage_to_a_good_file_is_read_or_refused(data: st.DataObject) -> None:
    """Pieces of lines replaced, lines moved, left out and doubled."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        start = data.draw(st.integers(0, len(lines[at])))
        end = data.draw(st.integers(start, len(lines[at])))
        lines[at] = lines[at][:start] + data.draw(st.text(max_size=5)) + lines[at][end:]
        moved = [lines.pop(at)] * data.draw(st.integers(0, 2))
        lines[at:at] = moved if data.draw(st.booleans()) else []
        there = data.draw(st.integers(0, len(lines)))
        lines[there:there] = moved
    assert_read_or_refused("\n".join(lines).encode("utf-8", "replace"))


@settings(max_examples=40)
@given(st.integers(0, len(BOROUGH)))
def test_a_file_cut_short_is_refused_or_says_all_but_its_last_words(length: int) -> None:
    assert_read_or_refused(BOROUGH[:length].encode())


def test_the_hash_is_of_the_bytes_and_the_text_gives_them_back() -> None:
    file = borough_with(("reason: A", "reason: Ä"))
    rules = read(file, "borough")
    assert rules.hash == hashlib.sha256(file).hexdigest()
    assert rules.text.encode() == file


def test_lines_may_end_as_a_spreadsheet_ends_them() -> None:
    assert read(signed(BOROUGH.replace("\n", "\r\n")).encode(), "borough").rows == borough().rows


def test_nothing_is_taken_for_a_truth_a_number_or_a_date() -> None:
    rules = read(borough_with(('version: "2026.1"', "version: 2026.10"), ("reason: A", "reason: no A")), "borough")
    assert rules.version == "2026.10"
    assert rules.reason.startswith("no A")
    assert rules.inputs["means"] == Allowed(frozenset(("yes", "no", "not recorded")))


def test_the_head_is_kept_as_it_was_signed() -> None:
    rules = borough()
    assert (rules.locality, rules.version) == ("borough", "2026.1")
    assert rules.effective_from == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert Approval("clinician", "B. Clinician", dt.date(2025, 12, 1), digest_of(BOROUGH.encode())) in rules.approved
    (promise,) = rules.promises
    assert (promise.hazard, promise.text) == ("HZ02", "when suicidal is plan or intent, priority is 1 or 4")
    assert (set(promise.when["suicidal"]), promise.outcomes) == (
        {"plan", "intent"},
        (Outcome("priority", frozenset("14")),),
    )


@pytest.mark.parametrize(
    ("name", "response", "within"),
    [
        ("hub", "within one working day", None),
        ("emergency-department", "at once", dt.timedelta(0)),
        ("crisis-team", "within 4 hours", dt.timedelta(hours=4)),
        ("talking-therapies", "75% within 6 weeks", dt.timedelta(weeks=6)),
    ],
)
def test_a_destination_says_how_soon_it_answers(name: str, response: str, within: dt.timedelta | None) -> None:
    destination = borough().destinations[name]
    assert (destination.response, destination.within) == (response, within)


def test_a_destination_says_where_it_stands_and_who_looks() -> None:
    talking, drugs = (borough().destinations[name] for name in ("talking-therapies", "drug-and-alcohol"))
    assert (talking.care_setting, talking.gate) == (CareSetting.PRIMARY_CARE, Gate.SAMPLE)
    assert (talking.valid_from, talking.valid_to, talking.accepting) == (dt.date(2026, 1, 1), None, True)
    assert not drugs.accepting


def test_rows_keep_their_cells_as_sets_of_values_for_whoever_proves_them() -> None:
    row = next(row for row in borough().rows if row.id == "D09.1")
    assert row.when == {
        "age": Allowed(numbers=(range(18, 121),)),
        "problem": Allowed(frozenset(("mood",))),
        "phq9": Allowed(numbers=(range(10, 20),)),
        "alcohol_units_week": Allowed(numbers=(range(105),)),
    }


def test_overlapping_rows_with_the_same_destination_need_not_say_which_beats_which() -> None:
    assert (
        findings_of(
            borough_with(("community-team    | draft  | HZ04   | L01.1", "community-team    | draft  | HZ04   | "))
        )
        == ()
    )


@pytest.mark.parametrize(("priority", "overlaps"), [("2", ["D32"]), ("", [])])
def test_overlapping_rows_that_differ_in_priority_alone_must_say_which_beats_which(
    priority: str, overlaps: list[str]
) -> None:
    start = BOROUGH.index("      row | destination | safety net    ")
    end = BOROUGH.index("overlays:\n")
    rows = f"D32 | {priority} | hub | draft | HZ04\n      D33 | | hub | draft | HZ04\n"
    file = f"{BOROUGH[:start]}      row | priority | destination | source | hazard\n      {rows}{BOROUGH[end:]}"
    found = findings_of(file.encode())
    assert [finding.row for finding in found if finding.code == "overlap"] == overlaps


def test_a_rule_set_can_cross_from_the_process_that_read_it() -> None:
    rules = borough()
    there = pickle.loads(pickle.dumps(rules))  # noqa: S301  (our own bytes)
    assert [there.propose(case.facts) for case in rules.examples] == [
        rules.propose(case.facts) for case in rules.examples
    ]


@pytest.mark.parametrize(
    "example",
    [
        "U03   | suicidal = intent | 4 | crisis-team | | | the family",
        "D28.1 | problem = mood; phq9 = 19 | 3 | talking-therapies | | | beside its edge",
    ],
)
def test_an_example_may_be_about_a_family_of_rows_or_the_edge_of_one(example: str) -> None:
    assert findings_of(borough_with(("    D33   |   ", f"    {example}\n    D33   |   "))) == ()


def test_a_finding_is_all_words_so_that_an_event_can_carry_it() -> None:
    for finding in findings_of(borough_with(("suicidal = plan ", "suicidal = plann "))):
        assert all(isinstance(value, str) for value in dataclasses.asdict(finding).values())


def test_which_approvals_are_required_is_a_setting() -> None:
    with pytest.raises(Refused) as refused:
        read(BOROUGH.encode(), "borough", roles=("caldicott guardian",))
    assert [(finding.code, finding.row) for finding in refused.value.findings] == [("approval", "caldicott guardian")]


def test_which_facts_exist_is_told_by_the_caller() -> None:
    with pytest.raises(Refused) as refused:
        read(BOROUGH.encode(), "borough", facts={"age"})
    assert {finding.row for finding in refused.value.findings} >= {"means", "suicidal"}


def test_no_fact_has_the_name_of_a_column() -> None:
    kinds = (tables.URGENCY, tables.SECTION, tables.OVERLAYS, tables.EXAMPLES)
    assert not FACTS.keys() & {name for kind in kinds for part in kind for name in part}


def test_a_last_row_that_asks_is_a_gap_and_the_gate_says_by_which_referral() -> None:
    asking = (
        "      row | destination | safety net                          | source | hazard\n      D33 |",
        "      row | age | destination | safety net | source | hazard\n      D33 | 18 or more |",
    )
    found = verdict(borough_with(asking), "borough", "borough", REQUIRED_ROLES)["findings"]
    (gap,) = (finding for finding in found if finding["code"] == "gap")
    assert (gap["table"], gap["row"]) == ("otherwise", "D33")
    age = json.loads(gap["referral"])["facts"]["age"]
    assert "go nowhere" in gap["message"] and (age == "not recorded" or age < 18)


def test_a_file_of_more_faults_than_are_told_is_refused_by_the_gate_too() -> None:
    rows = "".join(f"    X{number} | plann\n" for number in range(900))
    head = "urgency:\n  table: |\n"
    file = borough_with((head, f"{head}    row | suicidal\n{rows}"))
    assert len(verdict(file, "borough", "borough", REQUIRED_ROLES)["findings"]) == MOST_FINDINGS


def test_a_wrong_folder_is_a_finding_as_any_other() -> None:
    findings = verdict(BOROUGH.encode(), "ruleset.yaml", "lambeth", roles=())["findings"]
    (finding,) = (finding for finding in findings if finding["code"] == "parse")
    assert (finding["file"], finding["column"]) == ("ruleset.yaml", "ruleset") and finding["cure"]
