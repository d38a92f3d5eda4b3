"""The gate: one change to a sound file, and it is refused with the code, the place, words, a cure and a referral."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from services.triage.gate import verdict
from services.triage.proof import prove
from services.triage.rules import Place, Proposal, examine
from services.triage.rules.findings import MOST_FINDINGS
from shared.localities import REQUIRED_ROLES
from tests.rule_files import SOUND, pigeonholes
from tests.signing import signed

PROMISE = '"when suicidal is plan, priority is 1 or 4"'


class Refusal(NamedTuple):
    """`old` said as `new`: refused with this code at this place, in words that say this; what the referral comes to."""

    old: str
    new: str
    code: str
    table: str
    row: str
    column: str
    says: str
    comes: tuple[str, str] | None = None  # the destination and urgency at run-time of the referral shown
    besides: str = ""  # another code that cannot but come too


def changed(*changes: tuple[str, str]) -> bytes:
    file = SOUND
    for old, new in changes:
        assert file.count(old) == 1, f"{old!r} stands {file.count(old)} times"
        file = file.replace(old, new)
    return signed(file).encode()


def refused(file: bytes, locality: str = "lambeth") -> list[dict[str, str]]:
    found: list[dict[str, str]] = verdict(file, "lambeth/ruleset.yaml", locality, REQUIRED_ROLES)["findings"]
    return found


def proposed(file: bytes, facts: dict[str, Any]) -> Proposal:
    rules = examine(file, Place("f"))
    assert rules
    return rules.propose(facts)


REFUSALS = {
    "a gap": Refusal(
        "Z1  |      | hub",
        "Z1  | 0 or more | hub",
        "gap",
        "otherwise",
        "Z1",
        "",
        "some referrals go nowhere: no row takes one with phq9 = not recorded",
    ),
    "a row of the other kind taken by two above": Refusal(
        "| HZ02   | R2\n      R2  |           | yes        | peers             | test   | HZ02   |\n",
        "| HZ02   | R2, R3\n      R2  |           | yes        | peers             | test   | HZ02   |\n"
        "      R3  | 6 or more | yes        | peers             | test   | HZ02   |\n",
        "dead-row",
        "routine",
        "R3",
        "",
        "row R3 can never change anything: whatever it asks for is taken by R",
        besides="example",
    ),
    "an urgency that is there anyway": Refusal(
        "    U1  | plan     | 4        | test   | HZ02\n",
        "    U1  | plan     | 4        | test   | HZ02\n    U2  | plan     | 2        | test   | HZ02\n",
        "dead-row",
        "urgency",
        "U2",
        "",
        "whenever it matches, U1 makes it as urgent already",
    ),
    "a routine urgency": Refusal(
        "    U1  | plan     | 4        | test   | HZ02\n",
        "    U1  | plan     | 4        | test   | HZ02\n    U2  | plan     | 3        | test   | HZ02\n",
        "dead-row",
        "urgency",
        "U2",
        "",
        "row U2 can never change anything: routine is the least that any referral is",
    ),
    "an overlay twice": Refusal(
        "    V2  | 8 or more |            | peers |      | test   | HZ02\n",
        "    V2  | 8 or more |            | peers |      | test   | HZ02\n"
        "    V3  | 8 or more |            | peers |      | test   | HZ02\n",
        "dead-row",
        "overlays",
        "V3",
        "",
        "row V3 can never change anything: whenever it matches, other rows",
    ),
    "an overlap": Refusal("| HZ02   | R2", "| HZ02   | ", "overlap", "routine", "R1", "beats", "R1 and R2 can match"),
    "an example": Refusal(
        "phq9 = 7         | 3        | talking-therapies",
        "phq9 = 7         | 3        | hub",
        "example",
        "examples",
        "V2",
        "destination",
        "expected hub, got talking-therapies",
    ),
    "a number's edge": Refusal(
        "    R1  | phq9 = 4         | 3        | hub               |       |\n",
        "",
        "edge",
        "routine",
        "R1",
        "phq9",
        "no example shows row R1 where phq9 is '4'",
        ("hub", "3"),
    ),
    "a word's edge": Refusal(
        "suicidal = plan  | 4        | crisis-team",
        "suicidal = plan; referrer_urgency = 1 | 1 | crisis-team",
        "edge",
        "urgency",
        "U1",
        "suicidal",
        "no example shows row U1 where suicidal is 'plan'",
        ("crisis-team", "4"),
    ),
    "an approval": Refusal(
        next(line for line in SOUND.splitlines(keepends=True) if "role: clinician" in line),
        "",
        "approval",
        "approved",
        "clinician",
        "role",
        "no approval by a clinician",
    ),
    "a word that is none": Refusal(
        "C1  | plan     |", "C1  | plann    |", "parse", "crisis", "C1", "suicidal", "'plann' is not a value"
    ),
}


def promise(text: str, says: str, comes: tuple[str, str] | None = None) -> Refusal:
    return Refusal(PROMISE, f'"{text}"', "promise", "promises", "1", "text", says, comes)


QUIET, CRISIS, TALKING = ("hub", "3"), ("crisis-team", "4"), ("talking-therapies", "3")
PROMISES = [
    promise("when suicidal is plan, priority is 1", "With suicidal = plan, row C1 sends to crisis-team", CRISIS),
    promise("when suicidal is ideation, destination is crisis-team", "row Z1 sends to hub, priority 3", QUIET),
    promise("when suicidal is plan, destination is not crisis-team", "row C1 sends to crisis-team", CRISIS),
    promise("when suicidal is ideation, section is crisis", "row Z1 sends to hub", QUIET),
    promise("when suicidal is ideation, care setting is secondary-care", "row Z1 sends to hub", QUIET),
    promise("when suicidal is ideation, gate is by-receiver or sample", "row Z1 sends to hub", QUIET),
    promise("when phq9 is 8 or more, also is hub or it is held", "also peers", TALKING),
    promise("when phq9 is 8 or more, also is not peers", "also peers", TALKING),
    promise("when risk_words is yes, it is held", "suicidal = plan; risk_words = yes, row C1", CRISIS),
    promise("as suicidal goes from plan to none, urgency never falls", "with suicidal = none row Z1 sends", QUIET),
    promise("as suicidal goes from plan to none, care never lessens", "with suicidal = none row Z1 sends", QUIET),
    promise(
        "when phq9 is 8 or more, as risk_words goes from yes to no, care never lessens",
        "held for a person; with risk_words = no",
        TALKING,
    ),
    promise("when suicidal is plan and suicidal is not plan, it is held", "can never apply"),
    promise("when suicidal is none, as suicidal goes from plan to none, urgency never falls", "can never apply"),
    promise("when means is yes, priority is 1 or 4 or 2 or 3", "says nothing: "),
    promise("when means is yes, destination is not hub or destination is hub", "says nothing: "),
    promise("when means is yes, also is not peers or also is peers", "says nothing: "),
    promise("as means goes from no to yes, urgency never falls", "says nothing: no row asks for means"),
]


@pytest.mark.parametrize("one", [*REFUSALS.values(), *PROMISES], ids=[*REFUSALS, *(one.new for one in PROMISES)])
def test_one_change_is_refused_with_its_code_place_words_cure_and_referral(one: Refusal):
    file = changed((one.old, one.new))
    found = [finding for finding in refused(file) if finding["code"] != one.besides]
    assert {finding["code"] for finding in found} == {one.code}
    assert [(f["table"], f["row"], f["column"]) for f in found] == [(one.table, one.row, one.column)]
    assert one.says in found[0]["message"] and found[0]["cure"] and found[0]["line"]
    if one.comes:
        got = proposed(file, json.loads(found[0]["referral"])["facts"])
        assert (got.destination, got.urgency) == one.comes


@pytest.mark.parametrize(
    "text",
    [
        "as phq9 goes from 5 to 7, care never lessens",
        "when phq9 is 8 or more, as phq9 rises, urgency never falls",
        "as referrer_urgency goes from 3 to 2 to 4 to 1, urgency never falls",
    ],
)
def test_a_promise_about_values_that_no_row_tells_apart_is_kept(text: str):
    assert refused(changed((PROMISE, f'"{text}"'))) == []


def test_a_sound_file_passes_and_says_what_activation_needs():
    assert verdict(SOUND.encode(), "lambeth/ruleset.yaml", "lambeth", REQUIRED_ROLES) == {
        "findings": [],
        "version": "gate.1",
        "effective_from": "2026-01-01T00:00:00+00:00",
        "reason": "a small set for the tests of the gate",
    }


def test_a_file_in_the_folder_of_another_place_is_refused():
    (found,) = refused(SOUND.encode(), "southwark")
    assert found["message"] == "the file says ruleset: lambeth, its folder southwark"


def test_everything_that_is_wrong_is_told_in_one_run():
    names = ("a gap", "a routine urgency", "an overlap", "an example", "a number's edge", "an approval")
    changes = [REFUSALS[name][:2] for name in names]
    found = {finding["code"] for finding in refused(changed(*changes, PROMISES[0][:2]))}
    assert found == {"gap", "dead-row", "overlap", "example", "edge", "approval", "promise"}


def test_where_an_example_goes_nowhere_the_rest_is_still_looked_at():
    goes_nowhere = ("    Z1  |                  | 3 ", "    Z1  | phq9 = not recorded | 3 ")
    found = refused(changed(REFUSALS["a gap"][:2], goes_nowhere, PROMISES[0][:2]))
    assert [finding["code"] for finding in found if finding["code"] in {"gap", "promise"}] == ["gap", "gap", "promise"]


def test_a_file_with_more_faults_than_anyone_reads_is_refused_all_the_same():
    rows = "".join(f"    U{number} | plann | 4 | test | HZ02\n" for number in range(10, 700))
    assert len(refused(changed(("    U1  | plan     | 4        | test   | HZ02\n", rows)))) == MOST_FINDINGS


def test_what_the_solver_cannot_answer_within_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prove, "LIMIT", 0.02)
    found = [finding for finding in refused(pigeonholes(9)) if finding["code"] == "solver"]
    assert found and all("no answer within its limit" in finding["message"] for finding in found)
    assert "that every referral goes somewhere" in found[0]["message"] and "stays" in found[0]["cure"]


def test_a_limit_of_nothing_is_no_endless_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prove, "LIMIT", 0)
    assert "solver" in {finding["code"] for finding in refused(pigeonholes(9))}
