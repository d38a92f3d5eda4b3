"""What `frontdoor rules diff` says: proved the same, or who moves, who could lose something, and what is declared anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.frontdoor.cli import call, parser_of
from services.triage.proof.wording import number_in_words, share_in_words
from tests.rule_files import edited

SMALL = (Path(__file__).parents[1] / "samples" / "small-ruleset.yaml").read_text()
LESS_URGENT = ("U03 | plan or intent |                 | 4", "U03 | plan or intent |                 | 2")
NOT_HELD = (
    "U10.1 |                | yes             |              | yes ",
    "U10.1 |                | no              |              | yes ",
)
OTHER_TEAM = ("D05 | psychosis |            | focused-support  ", "D05 | psychosis |            | talking-therapies")
MORE_URGENT = ("U10 |                | yes             | 2", "U10 |                | yes             | 1")


def frontdoor(*words: object) -> int:
    return call(parser_of(()).parse_args(["rules", *map(str, words)]))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(SMALL)
    return old, new


def told(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str], *changes: tuple[str, str]) -> Any:
    files[1].write_text(edited(SMALL, *changes))
    assert frontdoor("diff", *files, "--json") == (1 if changes else 0)
    return json.loads(capsys.readouterr().out)


def test_files_that_do_the_same_are_proved_the_same(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    files[1].write_text(edited(SMALL, ("a plan\n", "the plan of an example\n")))
    assert frontdoor("diff", *files) == 0
    assert "proved the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (LESS_URGENT, "urgency falls"),
        (NOT_HELD, "no longer held for a person"),
        (OTHER_TEAM, "leaves secondary care"),
    ],
)
def test_what_somebody_could_lose_is_marked_and_stands_first(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str], change: tuple[str, str], lost: str
):
    moves = told(files, capsys, change, MORE_URGENT)["moves"]
    assert lost in moves[0]["lost"]
    marked = [bool(move["lost"]) for move in moves]
    assert marked == sorted(marked, reverse=True)


def test_a_move_is_told_from_where_to_where_with_rows_and_one_of_the_referrals(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
):
    files[1].write_text(edited(SMALL, OTHER_TEAM))
    assert frontdoor("diff", *files) == 1
    said = capsys.readouterr().out
    assert "from Focused Support (focused-support) to Talking Therapies (talking-therapies)" in said
    assert "one of them: problem = psychosis" in said
    assert "before: row D05 (mood)" in said


def test_every_referral_that_moves_is_counted(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    found = told(files, capsys, OTHER_TEAM)
    moved = sum(move["number"] for move in found["moves"])
    # psychosis with no plan or intent, and no team: 5 urgencies, 29 scores, 4 answers, 2 and 3 more
    assert (moved, found["possible"]) == (5 * 29 * 4 * 2 * 3, 5 * 8 * 29 * 6 * 2 * 3 * 3)


def test_what_is_declared_otherwise_differs_though_nobody_moves(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
):
    found = told(
        files,
        capsys,
        ("gate: sample, response: {within: 6 weeks}", "gate: before, response: {within: 8 weeks}"),
        ("priority is 1 or 4", "priority is 4"),
        ("phq9: {whole number: 0 to 27", "phq9: {whole number: 0 to 28"),
    )
    assert found["same"] and not found["moves"]
    assert frontdoor("diff", *files) == 1
    said = capsys.readouterr().out
    assert "destination talking-therapies: gate was sample, is before" in said
    assert "promise taken out: when suicidal is plan or intent, priority is 1 or 4 [HZ02]" in said
    assert "input phq9: only the new file declares 28: referrals with these values were not compared" in said


def test_inputs_that_share_no_value_cannot_be_compared(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    files[0].write_text(
        SMALL.replace("risk_unanswered: {yes or no: any}", "risk_unanswered: {one of: [maybe]}")
        .replace("| yes             |", "| maybe           |")
        .replace('risk_unanswered: "no"', "risk_unanswered: maybe")
        .replace("risk_unanswered = yes", "risk_unanswered = maybe")
    )
    files[1].write_text(SMALL)
    assert frontdoor("diff", *files) == 2
    assert "no value of risk_unanswered stands in both files" in capsys.readouterr().err


def test_shares_are_plain_ratios():
    assert share_in_words(1, 27_123_000_000) == "1 in 27,000 million"
    assert share_in_words(3, 4) == "75 in 100"
    assert share_in_words(1, 4_321) == "1 in 4,300"
    assert share_in_words(1, 10**15) == "fewer than 1 in a million million"
    assert (number_in_words(12_345), number_in_words(2 * 10**44)) == ("12,345", "about 10^44")
