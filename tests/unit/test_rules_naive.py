"""What runs and a naive interpreter, straight from the file's cells, make the same of any referral."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.triage.rules import read
from tests.bench.rules.grown import LAMBETH, grown
from tests.bench.rules.referrals import anything
from tests.plain_rules import inputs_of, propose, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 30_000  # of each file; `make bench-rules` tries a million


@pytest.mark.parametrize(
    "file",
    [LAMBETH.read_bytes, lambda: grown(45), lambda: grown(45, narrow=True, seed=5)],
    ids=["Lambeth", "grown", "grown and narrow"],
)
def test_what_runs_agrees_with_a_naive_interpreter_reasons_and_all(file: Callable[[], bytes]):
    text = file()
    rules, rows, inputs = read(text, "file", roles=None), rows_of(text), inputs_of(text)
    assert {name: frozenset(domain) for name, domain in rules.inputs.items()} == inputs
    with_a_say: set[str] = set()
    for facts in anything(MANY, inputs):
        came = propose(rows, facts)
        assert tuple(rules.propose(facts)) == tuple(came), facts
        with_a_say |= {came.row, *came.urgency_rows, *came.overlay_rows}
    assert with_a_say == {row.id for row in rows}
