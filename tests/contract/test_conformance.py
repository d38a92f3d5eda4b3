"""docs/conformance.md: each rule of a standard names the test that keeps it, and there is such a test.

A row is `| the rule | tests that keep it |`; a test is named in backticks, `test_its_name` or `file.py::test_its_name`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTIONS = (ROOT / "docs" / "conformance.md").read_text().split("\n## ")[1:]
NAMED = re.compile(r"`(?:(?P<file>[\w./]+\.py)::)?(?P<test>test_\w+)`")
TESTS = {
    file: set(re.findall(r"^\s*(?:async )?def (test_\w+)\(", file.read_text(), re.MULTILINE))
    for file in (ROOT / "tests").rglob("test_*.py")
}


def rows(section: str) -> list[str]:
    """The rows of a standard's tables, without their heads."""
    lines = [line.strip() for line in section.splitlines() if line.strip().startswith("|")]
    rule = re.compile(r"\|[\s:|-]+\|")
    heads = {place - 1 for place, line in enumerate(lines) if rule.fullmatch(line)}
    return [line for place, line in enumerate(lines) if place not in heads and not rule.fullmatch(line)]


def exists(file: str | None, test: str) -> bool:
    """Whether there is a test of that name (in a file of that ending)."""
    return any(test in known for path, known in TESTS.items() if file is None or str(path).endswith(f"/{file}"))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition("\n")[0])
def test_every_rule_names_a_test_that_exists(section: str):
    assert rows(section)
    unkept = [row for row in rows(section) if not NAMED.search(row.rstrip("|").rpartition("|")[2])]
    missing = [named[0] for named in NAMED.finditer(section) if not exists(named["file"], named["test"])]
    assert (unkept, missing) == ([], [])
