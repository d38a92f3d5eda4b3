"""The examples that a file lacks: one for each edge and row that none shows, laid out as the file has them, marked as open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.frontdoor.cli import call, parser_of
from services.triage.proof.edges import edges
from services.triage.proof.proposing import proposed_examples
from services.triage.rules import read
from tests.rule_files import borough, edited

SMALL = (Path(__file__).parents[1] / "samples" / "small-ruleset.yaml").read_text()
LACKING = "".join(SMALL.splitlines(keepends=True)[:-3])  # without the examples of three edges
WITHOUT = "    D33  | problem = other                   | 3        | hub                    |              |      | nothing fits\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ruleset.yaml"
    path.write_text(LACKING)
    return path


def frontdoor(*words: object) -> int:
    return call(parser_of(()).parse_args(["rules", *map(str, words)]))


def told(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    capsys.readouterr()
    frontdoor(*words, "--json")
    return json.loads(capsys.readouterr().out)


def test_with_the_proposed_examples_every_edge_and_every_row_is_shown(file: Path, capsys: pytest.CaptureFixture[str]):
    lines = [line for line in SMALL.splitlines(keepends=True) if "problem = mood" not in line and line != WITHOUT]
    file.write_text("".join(lines))
    assert {each["code"] for each in told(capsys, "check", file)["findings"]} == {"edge", "example", "approval"}
    assert frontdoor("examples", file, "--write") == 0
    assert {each["code"] for each in told(capsys, "check", file)["findings"]} == {"approval"}, "it was edited"
    assert frontdoor("examples", file) == 0


def test_what_one_example_shows_by_the_way_is_asked_of_no_other():
    rules = replace(borough(), examples=())
    asked = sum(1 for _ in edges(rules))
    assert len(proposed_examples(rules)) < asked / 2


def test_a_row_without_edges_gets_an_example_too(file: Path, capsys: pytest.CaptureFixture[str]):
    overlays = "    row  | domestic_abuse | risk_unanswered | add          | hold | source | hazard\n"
    only_tells = "    N01  | yes            | yes             |              |      | test   | HZ08 | ring first\n"
    with_notes = overlays.replace("hazard", "hazard | note").replace("\n", "\n" + only_tells)
    rows = (
        ("test   | HZ08\n    U10.1", "test   | HZ08 |\n    U10.1"),
        ("yes  | test   | HZ02", "yes  | test   | HZ02 |"),
    )
    file.write_text(edited(SMALL, (overlays, with_notes), *rows))
    assert "N01 taking part" in {each["shows"] for each in told(capsys, "examples", file)["examples"]}


def test_only_lines_of_the_examples_table_are_added_and_each_says_that_it_is_open(file: Path):
    assert frontdoor("examples", file) == 1
    assert file.read_text() == LACKING, "nothing is written unasked"
    assert frontdoor("examples", file, "--write") == 0
    assert file.read_text().startswith(LACKING.partition("    row  | given")[0])
    before, after = read(LACKING.encode(), "small", roles=None), read(file.read_bytes(), "small", roles=None)
    count = len(before.examples)
    assert [each.facts for each in after.examples[:count]] == [each.facts for each in before.examples]
    added = after.examples[count:]
    assert added and all("a clinician is yet to confirm" in each.why for each in added)


def test_a_line_reads_back_as_the_referral_that_was_found(file: Path, capsys: pytest.CaptureFixture[str]):
    proposed = told(capsys, "examples", file, "--write")["examples"]
    written = read(file.read_bytes(), "small", roles=None).examples[-len(proposed) :]
    assert [dict(each.facts) for each in written] == [each["facts"] for each in proposed]


def test_a_column_that_the_table_lacks_is_added_where_an_example_needs_it(file: Path):
    head, table = LACKING.split("    row  | given ")
    lines = [line.rpartition("|")[0].rstrip() for line in ("    row  | given " + table).splitlines()]
    file.write_text(head + "\n".join(lines) + "\n")
    assert frontdoor("examples", file, "--write") == 0
    assert read(file.read_bytes(), "small", roles=None).examples[-1].why


def test_where_referrals_go_nowhere_that_is_told_first(file: Path, capsys: pytest.CaptureFixture[str]):
    file.write_text(
        edited(
            SMALL,
            (
                "      row | destination | source | hazard\n      D33 | hub         |",
                "      row | phq9 | destination | source | hazard\n      D33 | 3 or more | hub         |",
            ),
        )
    )
    assert frontdoor("examples", file) == 2
    assert "some referrals go nowhere" in capsys.readouterr().err
