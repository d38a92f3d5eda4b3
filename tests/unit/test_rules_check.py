"""What `frontdoor rules check` says of a file: every finding with its place, its cure and a referral to look at."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from services.frontdoor.cli import call, parser_of
from services.triage.proof.verdict import judge
from services.triage.rules import Finding
from tests.rule_files import edited

SMALL = (Path(__file__).parents[1] / "samples" / "small-ruleset.yaml").read_text()
ROUTINE = ("U03 | plan or intent |", "U03 | intent         |")  # a plan is routine then: the promise breaks


def frontdoor(*words: object) -> int:
    return call(parser_of(()).parse_args(["rules", *map(str, words)]))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "next.yaml"
    file.write_text(edited(SMALL, ROUTINE))
    return file


def told(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert frontdoor(*words, "--json") == 1
    return json.loads(capsys.readouterr().out)


def test_a_broken_promise_is_told_with_the_row_its_place_and_a_way_to_look_closer(
    broken: Path, capsys: pytest.CaptureFixture[str]
):
    assert frontdoor("check", broken) == 1
    said = capsys.readouterr().out
    assert "broken: when suicidal is plan or intent, priority is 1 or 4 [HZ02]" in said
    assert "to:     Crisis Outreach (crisis-outreach), routine (priority 3)" in said
    assert "by:     row C01 (crisis, line 37): suicidal is plan (asked: intent or plan)" in said
    assert f"where:  {broken}:27, table promises, row 1, column text" in said
    assert "1 promises (0 proved)" in said.splitlines()[-1]


def test_the_command_that_looks_closer_shows_the_same_referral(broken: Path, capsys: pytest.CaptureFixture[str]):
    finding = next(each for each in told(capsys, "check", broken)["findings"] if each["code"] == "promise")
    assert frontdoor("check", broken) == 1
    closer = next(line for line in capsys.readouterr().out.splitlines() if "closer:" in line)
    _, *words = shlex.split(closer.partition("closer: ")[2])
    assert call(parser_of(()).parse_args([*words, "--json"])) == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert finding["referral"]["facts"] == facts


def test_referrals_are_written_as_facts_and_as_bodies_to_post(broken: Path, capsys: pytest.CaptureFixture[str]):
    folder = broken.parent / "shown"
    findings = told(capsys, "check", broken, "--referrals", folder)["findings"]
    shown = [each for each in findings if each["referral"]]
    assert shown and len(list(folder.glob("*.facts.json"))) == len(list(folder.glob("*.post.json"))) == len(shown)
    (facts,) = folder.glob("*-promise-1.facts.json")
    assert frontdoor("explain", broken, facts, "--json") == 0
    assert json.loads(capsys.readouterr().out)["outcome"]["urgency"] == "3"
    body = json.loads(Path(str(facts).replace("facts", "post")).read_text())
    assert body["risk"]["suicidal"] == "plan"
    assert frontdoor("check", broken, "--referrals", folder) == 2, "no edits there are written over"


def test_a_file_that_cannot_be_read_is_not_said_to_be_proved(broken: Path, capsys: pytest.CaptureFixture[str]):
    broken.write_text(edited(SMALL, ("D05 | psychosis |", "D05 | psychoses |")))
    assert told(capsys, "check", broken)["summary"] is None
    assert frontdoor("check", broken) == 1
    said = capsys.readouterr().out
    assert "did you mean 'psychosis'?" in said and "nothing can be proved" in said.splitlines()[-1]


def test_an_example_that_comes_out_otherwise_is_named_by_its_facts(broken: Path, capsys: pytest.CaptureFixture[str]):
    assert frontdoor("check", broken) == 1
    assert "U03, suicidal = plan: priority expected 4, got 3" in capsys.readouterr().out


def test_no_promise_counts_as_proved_where_a_question_was_not_asked_or_not_answered():
    verdict = judge(SMALL.encode(), "small")
    assert verdict.summary().promises_proved == 1
    unanswered = Finding("solver", "not proved", "small", "promises")
    assert verdict._replace(findings=(unanswered,)).summary().promises_proved is None
    assert verdict._replace(whole=False).summary().promises_proved is None


def test_what_comes_out_otherwise_than_under_another_file_is_told_too(broken: Path, capsys: pytest.CaptureFixture[str]):
    old = broken.with_name("old.yaml")
    old.write_text(SMALL)
    against = told(capsys, "check", broken, "--against", old)["against"]
    assert [move["lost"] for move in against["moves"]] == [["urgency falls"]] * 2
