"""What a coded answer says: each of its codings by its code and in its words, and the text beside them.

A code that reads as a "no" of one list may be another's "not asked": where its own words do not read so, both are told, so
that nobody can read them as one and a person looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.intake.contract.values import urgency
from services.intake.sources.bars.bundle import codings, text
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.contract.values import Kind

# Kinds whose values are words or numbers that people read as they stand; of all others the code is the value, and its
# words are its name.
_AS_THEY_STAND: Final = frozenset(("yes or no", "one of a list", "whole number", "response priority"))
_REASSURES: Final = frozenset(("no", "none", 0))
# The answers to an item of the PHQ-9 and the GAD-7 (Kroenke and Spitzer 2001, Spitzer 2006).
_HOW_OFTEN: Final = {"not at all": 0, "several days": 1, "more than half the days": 2, "nearly every day": 3}
_MOST_OF_AN_ITEM: Final = 3


class Coded(NamedTuple):
    """A coded answer: code and display of each coding, in their order, and its text."""

    codings: tuple[tuple[str, str], ...]
    text: str = ""

    @classmethod
    def of(cls, concept: dict[str, Any]) -> Coded:
        """A CodeableConcept as an answer."""
        return cls(tuple((code, display) for _, code, display in codings(concept)), text(concept.get("text")))

    @property
    def plain(self) -> str:
        """Its first code, else its words."""
        code = next((code for code, _ in self.codings if code), "")
        return code or self.text or ", ".join(display for _, display in self.codings if display)

    def answers(self, kind: Kind) -> list[Any]:
        """All that it says which can be read; what it says plainly where nothing can."""
        found = [one for code, display in self.codings for one in _said(code, display or self.text, kind)]
        if self.text and (not found or kind.name in _AS_THEY_STAND):
            found += _said("", self.text, kind)
        return found or [self.plain]


def _said(code: str, words: str, kind: Kind) -> Iterator[Any]:
    """What one coding says: its code; its words where they say something else, or where only they can be read."""
    by_code, read = kind.read(code) if code else None, _worded(words, kind)
    by_words = kind.read(read) if words else None
    if by_code is not None:
        yield code
    if by_code is None or (kind.name in _AS_THEY_STAND and by_words != by_code):
        doubted = by_code is not None and words and _reassures(by_code, kind)
        if by_words is not None or doubted:
            yield read


def _worded(words: str, kind: Kind) -> Any:
    """Words as they can be read: how often somebody has a complaint is a number of an item."""
    item = kind.schema.get("maximum") == _MOST_OF_AN_ITEM
    return _HOW_OFTEN.get(" ".join(words.casefold().split()), words) if item else words


def _reassures(value: Any, kind: Kind) -> bool:
    return value in _REASSURES or (kind.read is urgency and value == Urgency.ROUTINE)
