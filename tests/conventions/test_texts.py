"""What no file may hold: addresses of package hosts, paths of one machine, notes to oneself."""

from __future__ import annotations

import re

import pytest

from tests.conventions.tree import files, python_files, text

HOSTS = re.compile(
    "|".join(map(re.escape, ("pypi" + ".org", "pythonhosted" + ".org", "find" + "-links", "--index" + "-url")))
)
MACHINE = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+|work)/" + r"\w")
NOTES = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
FORBIDDEN = {"a package host": HOSTS, "a path of one machine": MACHINE, "a note to oneself": NOTES}
EXEMPT = {"LICENSE"}


def lines_with(pattern: re.Pattern[str], names: list[str]) -> list[str]:
    """`file:line` of every line that the pattern finds."""
    return [
        f"{name}:{number}"
        for name in names
        for number, line in enumerate(text(name).splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str):
    assert lines_with(FORBIDDEN[what], [name for name in files() if name not in EXEMPT]) == []


def test_requirements_name_no_address():
    locked = [name for name in files() if name.startswith("requirements/")]
    assert locked
    assert lines_with(re.compile("://"), locked) == []


def test_every_requirement_is_pinned_by_hash():
    for name in ("requirements/services.txt", "requirements/dev.txt"):
        pinned = [line for line in text(name).splitlines() if re.match(r"[a-z0-9]", line)]
        assert pinned
        assert all("==" in line and line.endswith("\\") for line in pinned)


def test_every_silenced_check_says_why():
    """`# noqa: CODE  (why)` and `# type: ignore[code]  # why`: each tool reads its own form alone."""
    silenced = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b")
    explained = re.compile(r"# noqa: [A-Z0-9, ]+  \(.{8,}\)$|# type: ignore\[[a-z, -]+\]  # .{8,}$")
    unexplained = [
        f"{name}:{number} {line.strip()}"
        for name in python_files()
        for number, line in enumerate(text(name).splitlines(), 1)
        if silenced.search(line) and not explained.search(line)
    ]
    assert [line for line in unexplained if "tests/conventions/test_texts.py" not in line] == []
