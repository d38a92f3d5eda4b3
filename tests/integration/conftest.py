"""`frontdoor up --embedded` for the tests that need the command itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.embedded import Up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.embedded import Start
    from tests.stack import Stack

SMALL_RULES = Path(__file__).parents[1] / "samples" / "small-ruleset.yaml"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of an embedded system; `up` or nobody makes it."""
    return tmp_path / "data"


@pytest.fixture
def small(stack: Stack) -> Stack:
    """The stack with a rule set that a test can see through."""
    shutil.copy(SMALL_RULES, stack.config / "rules/lambeth/ruleset.yaml")
    return stack


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Start]:
    """Starts `frontdoor up --embedded` on free ports, with a small rule set; ends it after the test."""
    started: list[Up] = []
    rules = tmp_path / "rules" / "lambeth"
    rules.mkdir(parents=True)
    shutil.copy(SMALL_RULES, rules / "ruleset.yaml")

    def start(*arguments: object, **environment: str) -> Up:
        home = tmp_path / f"home-{len(started)}"
        started.append(Up(home, *map(str, arguments), FRONTDOOR_RULES=str(rules.parent), **environment))
        return started[-1]

    yield start
    for each in started:
        each.close()
