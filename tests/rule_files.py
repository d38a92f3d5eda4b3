"""Rule files for tests: a middling borough's rules, and that file with one thing changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.triage.rules import Refused, read
from tests.signing import signed

if TYPE_CHECKING:
    from services.triage.rules import Finding, RuleSet

BOROUGH = (Path(__file__).parent / "samples" / "borough-ruleset.yaml").read_text()


def borough() -> RuleSet:
    """The borough's rules as they stand."""
    return read(BOROUGH.encode(), "borough")


def borough_with(*changes: tuple[str, str]) -> bytes:
    """The borough's file with each place that says the first saying the second, and approved so."""
    file = BOROUGH
    for old, new in changes:
        assert file.count(old) == 1, f"{old!r} stands {file.count(old)} times in the file"
        file = file.replace(old, new)
    return signed(file).encode()


def findings_of(file: bytes) -> tuple[Finding, ...]:
    """What a file is refused for; none where it is not."""
    try:
        read(file, "borough")
    except Refused as refused:
        return refused.findings or pytest.fail("refused without saying why")
    return ()
