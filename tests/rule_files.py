"""Rule files for tests: a middling borough's rules, and that file with one thing changed."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from services.triage.facts import FACTS
from services.triage.rules import Refused, read

if TYPE_CHECKING:
    from services.triage.rules import Finding, RuleSet

SAMPLES = Path(__file__).parent / "samples"
BOROUGH = (SAMPLES / "borough-ruleset.yaml").read_text()
SOUND = (SAMPLES / "gate-ruleset.yaml").read_text()  # as small as a file can be that passes the gate


class Fault(NamedTuple):
    """`old` said as `new`; found in this table, row and column; these words in the message or cure."""

    old: str
    new: str
    table: str = ""
    row: str = ""
    column: str = ""
    says: str = ""
    code: str = "parse"


def borough() -> RuleSet:
    """The borough's rules as they stand."""
    return read(BOROUGH.encode(), "borough")


def borough_with(*changes: tuple[str, str]) -> bytes:
    """The borough's file with each place that says the first saying the second."""
    file = BOROUGH
    for old, new in changes:
        assert file.count(old) == 1, f"{old!r} stands {file.count(old)} times in the file"
        file = file.replace(old, new)
    return file.encode()


def findings_of(file: bytes) -> tuple[Finding, ...]:
    """What a file is refused for; none where it is not."""
    try:
        read(file, "borough")
    except Refused as refused:
        return refused.findings or pytest.fail("refused without saying why")
    return ()


def assert_only_fault(fault: Fault) -> None:
    """The file with this fault is refused for it alone, at its place, with a cure."""
    findings = findings_of(borough_with((fault.old, fault.new)))
    places = [(finding.code, finding.table, finding.row, finding.column) for finding in findings]
    assert places == [(fault.code, fault.table, fault.row, fault.column)], findings
    assert fault.says in f"{findings[0].message} {findings[0].cure}"
    assert findings[0].file == "borough" and findings[0].cure


def pigeonholes(pigeons: int) -> bytes:
    """A sound file whose completeness is hard: of so many in one hole fewer, two share one, which some row takes."""
    names = [name for name in FACTS if name not in {"current_team", "referrer_urgency"}][:pigeons]
    holes = [f"h{hole}" for hole in range(pigeons - 1)]
    pairs = [(pair, hole) for pair in combinations(names, 2) for hole in holes]
    rows = "".join(
        f"      R{number} | {' | '.join(hole if name in pair else '' for name in names)} | hub | test | HZ02\n"
        for number, (pair, hole) in enumerate(pairs)
    )
    inputs = "".join(f"  {name}: {{one of: [{', '.join(holes)}]}}\n" for name in names)
    given = ", ".join(f"{name}: h0" for name in names)
    start, end = SOUND.index("inputs:\n"), SOUND.index("destinations:\n")
    head = SOUND[:start] + f'inputs:\n  referrer_urgency: {{one of: ["1", "4", "2", "3"]}}\n{inputs}'
    tables = "promises: []\nurgency:\n  table: |\n    row | priority | source | hazard\nsections:\n  - name: all\n    table: |\n"
    columns = f"      row | {' | '.join(names)} | destination | source | hazard\n{rows}"
    overlays = "overlays:\n  table: |\n    row | add | source | hazard\n"
    examples = f'examples:\n  given: {{referrer_urgency: "3", {given}}}\n  table: |\n    row | priority | destination\n'
    file = (
        head + SOUND[end : SOUND.index("promises:\n")] + tables + columns + overlays + examples + "    R0 | 3 | hub\n"
    )
    return file.encode()
