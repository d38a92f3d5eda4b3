"""What is read of a message so far: the document in the contract's terms, and where each value stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from services.intake.reading import Notice
from services.intake.sources.bars.bundle import codings, words
from services.intake.sources.maps import table
from services.intake.sources.told import SCORES, counted

if TYPE_CHECKING:
    from services.intake.sources.told import Attachment
    from services.intake.values import Read


MOST_LISTED: Final = 100  # items of one list of the contract, of which reading takes half
_NUMBERS: Final = frozenset((bool, int, float))  # of which the empty ones say something


@dataclass(slots=True)
class Draft:
    """Filled resource by resource. What is said first stands; prose adds up."""

    document: dict[str, Any] = field(default_factory=dict)
    trail: dict[str, str] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    _seen: set[tuple[str, str | bytes]] = field(default_factory=set)
    _prose: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def say(self, path: str, value: Any, place: str) -> None:
        """Gives a field of the contract its value, if it has none; a text that is told second is kept beside it."""
        if not value and type(value) not in _NUMBERS:
            return
        node, name = self._node(path)
        if path in self.trail:
            self.keep(place, value if type(value) is str and value != node.get(name) else "")
            return
        node[name] = value
        self.trail[path] = place

    def answer(self, path: str, value: Any, place: str, read: Read) -> None:
        """Gives a field an answer. Of two the one that is `counted`; else they are one that nobody can read."""
        node, name = self._node(path)
        known = node.get(name)
        if known in (None, value):
            self.say(path, value, place)
        elif (counts := counted(path, known, value, read)) is None:
            node[name] = f"{known} or {value}"
        elif counts is not known:
            node[name], self.trail[path] = value, place

    def dated(self, path: str, day: str, place: str) -> None:
        """The day of a score, if the one that stood at this place is the one that counts."""
        if day and path.endswith(SCORES) and self.trail.get(path) == place:
            node, name = self._node(f"{path}_on")
            node[name], self.trail[f"{path}_on"] = day, place

    def add(self, path: str, value: Any, place: str) -> None:
        """Adds an item to a list of the contract, once."""
        node, name = self._node(path)
        listed = node.setdefault(name, [])
        if not self._is_new(path, orjson.dumps(value)):
            return
        if len(listed) == MOST_LISTED:
            self.warn(place, "too-many")
            return
        self.trail[f"{path}[{len(listed)}]"] = place
        listed.append(value)

    def tell(self, path: str, prose: str, place: str) -> None:
        """Adds free text to a field of the contract that takes it."""
        if prose and self._is_new(path, prose):
            groups, name = _split(path)
            self._prose.setdefault((*groups, name), []).append(prose)
            self.trail.setdefault(path, place)

    def keep(self, place: str, prose: str) -> None:
        """Keeps text that no field takes: it is screened for words of risk and shown to the hub."""
        if prose and self._is_new(f"unmapped {place}", prose):
            self._prose.setdefault(("unmapped", place), []).append(prose)

    def written(self) -> dict[str, Any]:
        """The document with all prose in it: joined once, since a message may have thousands of notes."""
        for (*groups, name), told in self._prose.items():
            node = self.document
            for group in groups:
                node = node.setdefault(group, {})
            node[name] = "\n".join(told)
        return self.document

    def coded(self, path: str, name: str, concept: Any, place: str) -> None:
        """Gives a field the first code of a concept that its table knows; one that it does not know is unmapped."""
        known, found = table(name), [code for _, code, _ in codings(concept) if code]
        first = next((code for code in found if code.casefold() in known.ours), None) or next(
            iter(found), words(concept)
        )
        self.mapped(path, name, first, place)

    def mapped(self, path: str, name: str, code: str, place: str) -> None:
        """Gives a field what its table makes of a code."""
        self.say(path, table(name).read(code) if code else "", place)

    def warn(self, place: str, code: str, near: str = "") -> None:
        """Tells the sender something about a place."""
        self.warnings.append(Notice(place, code, near))

    def _is_new(self, path: str, value: str | bytes) -> bool:
        known = len(self._seen)
        self._seen.add((path, value))
        return len(self._seen) > known

    def _node(self, path: str) -> tuple[dict[str, Any], str]:
        groups, name = _split(path)
        node = self.document
        for group in groups:
            node = node.setdefault(group, {})
        return node, name


@cache
def _split(path: str) -> tuple[tuple[str, ...], str]:
    *groups, name = path.split(".")
    return tuple(groups), name
