"""Rule files for tests: a middling borough's rules, and that file with one thing changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from services.triage.rules import Refused, read

if TYPE_CHECKING:
    from services.triage.rules import Finding, RuleSet

BOROUGH = (Path(__file__).parent / "samples" / "borough-ruleset.yaml").read_text()


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
    return edited(BOROUGH, *changes).encode()


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


def assert_only_fault(fault: Fault) -> None:
    """The file with this fault is refused for it alone, at its place, with a cure."""
    findings = findings_of(borough_with((fault.old, fault.new)))
    places = [(finding.code, finding.table, finding.row, finding.column) for finding in findings]
    assert places == [(fault.code, fault.table, fault.row, fault.column)], findings
    assert fault.says in f"{findings[0].message} {findings[0].cure}"
    assert findings[0].file == "borough" and findings[0].cure
