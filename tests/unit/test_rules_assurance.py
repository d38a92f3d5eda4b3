"""What the gate refuses: every small mistake in the tables of a small rule set that changes what becomes of anybody."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from services.triage.gate import verdict
from tests.assurance.completing import completed
from tests.assurance.trial import Trials

SMALL = (Path(__file__).parents[1] / "samples" / "small-ruleset.yaml").read_text()


@pytest.fixture(scope="module")
def trials() -> Trials:
    return Trials(completed(SMALL.encode())[0])


def small_with(*changes: tuple[str, str]) -> bytes:
    """The small file, complete, with each place that says the first saying the second."""
    file = completed(SMALL.encode())[0].decode()
    for old, new in changes:
        assert file.count(old) == 1, f"{old!r} stands {file.count(old)} times in the file"
        file = file.replace(old, new)
    return file.encode()


def found(file: bytes) -> list[tuple[str, str, str]]:
    """Code, row and column of each finding of the gate."""
    findings = verdict(file, "small", "")["findings"]
    return [(finding["code"], finding["row"], finding["column"]) for finding in findings]


def test_no_small_mistake_that_moves_a_referral_gets_past_the_gate(trials: Trials):
    tried = [trials.short(number) for number in range(len(trials.mutants))]
    assert sum(one.moves is True for one in tried) > 50
    assert [str(trials.mutants[one.number]) for one in tried if one.moves and not one.code] == []


def test_the_gate_says_of_the_file_what_it_says_of_the_tables(trials: Trials):
    for number in random.Random(7).sample(range(len(trials.mutants)), 15):
        both = trials.both(number)
        assert next(iter(both.whole), "") == both.short, trials.mutants[number]


def test_of_an_overlay_that_adds_and_holds_each_must_be_shown():
