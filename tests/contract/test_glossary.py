"""docs/glossary.md has every word that the closed lists speak."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.codes import CareSetting, DecisionKind, Gate, HoldReason, OutcomeKind, Status

if TYPE_CHECKING:
    from enum import StrEnum

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text()
TERMS = re.findall(r"\*\*([^*]+)\*\*", GLOSSARY)


@pytest.mark.parametrize("words", [CareSetting, DecisionKind, Gate, HoldReason, OutcomeKind, Status])
def test_every_word_of_a_closed_list_is_explained(words: type[StrEnum]) -> None:
    assert {word.value for word in words} <= set(TERMS)


def test_no_word_is_explained_twice() -> None:
    assert sorted({term for term in TERMS if TERMS.count(term) > 1}) == []


def test_the_marks_of_rows_sources_are_explained() -> None:
    assert {"V", "K"} <= set(TERMS)
