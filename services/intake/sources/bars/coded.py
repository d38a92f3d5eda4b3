"""What a coded answer says: each of its codings by its code and in its words, and the text beside them.

A code that reads as a "no" of one list may be another's "not asked": where its own words do not read so, both are told, so
that nobody can read them as one and a person looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from services.intake.sources.answered import in_scale, is_answer, reassures
from services.intake.sources.bars.bundle import codings, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.contract.values import Read


class Coded(NamedTuple):
    """A coded answer: code and display of each coding, in their order, and its text."""

    codings: tuple[tuple[str, str], ...]
    text: str = ""

    @classmethod
    def of(cls, concept: dict[str, Any]) -> Coded:
        """A CodeableConcept as an answer."""
        return cls(tuple([(code, display) for _, code, display in codings(concept)]), text(concept.get("text")))

    @property
    def plain(self) -> str:
        """Its first code, else its words."""
        code = next((code for code, _ in self.codings if code), "")
        return code or self.text or ", ".join(display for _, display in self.codings if display)

    def answers(self, path: str, read: Read) -> list[str]:
        """All that it says to a field which can be read; what it says plainly where nothing can."""
        found = [one for code, display in self.codings for one in _said(path, code, display or self.text, read)]
        if self.text and (not found or is_answer(path)):
            found += _said(path, "", self.text, read)
        return found or [self.plain]


def _said(path: str, code: str, words: str, read: Read) -> Iterator[str]:
    """What one coding says: its code; its words where they say something else, or where only they can be read."""
    words = in_scale(path, words)
    by_code, by_words = (read(one) if one else None for one in (code, words))
    if by_code is not None:
        yield code
    if by_code is None or (is_answer(path) and by_words != by_code):
        doubted = words and by_code is not None and reassures(path, by_code)
        if by_words is not None or doubted:
            yield words
