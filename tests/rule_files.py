"""Rule files for tests: a middling borough's rules, and that file with one thing changed."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.triage.facts import FACTS
from services.triage.rules import Refused, read
from tests.signing import signed

if TYPE_CHECKING:
    from services.triage.rules import Finding, RuleSet

SAMPLES = Path(__file__).parent / "samples"
BOROUGH = (SAMPLES / "borough-ruleset.yaml").read_text()
SOUND = (SAMPLES / "gate-ruleset.yaml").read_text()  # as small as a file can be that passes the gate


def borough() -> RuleSet:
    """The borough's rules as they stand."""
    return read(BOROUGH.encode(), "borough")


def borough_with(*changes: tuple[str, str]) -> bytes:
    """The borough's file with each place that says the first saying the second, and approved so."""
    return signed(edited(BOROUGH, *changes)).encode()


def edited(file: str, *changes: tuple[str, str]) -> str:
    """A file with each place that says the first saying the second."""
    for old, new in changes:
        assert file.count(old) == 1, f"{old!r} stands {file.count(old)} times in the file"
        file = file.replace(old, new)
    return file


def findings_of(file: bytes) -> tuple[Finding, ...]:
    """What a file is refused for; none where it is not."""
    try:
        read(file, "borough")
    except Refused as refused:
        return refused.findings or pytest.fail("refused without saying why")
    return ()


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
