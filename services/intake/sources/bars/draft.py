"""What is read of a message so far: values and prose by the contract's paths, and where each stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from services.intake.contract.reading import Notice
from services.intake.sources.bars.bundle import codings, words
from services.intake.sources.maps import table
from services.intake.sources.told import SCORES, counted_of

if TYPE_CHECKING:
    from services.intake.contract.values import Read
    from services.intake.sources.told import Attachment


MOST_LISTED: Final = 100  # items of one list of the contract, of which reading takes half
_NUMBERS: Final = frozenset((bool, int, float))  # of which the empty ones say something


class Scale(NamedTuple):
    """Of which questionnaire an item is (nothing: it came by itself), how an item is read, and how many there may be."""

    name: str
    read: Read
    most: int


@dataclass(slots=True)
class Answers:
    """The different answers to one question, each with its place."""

    read: Read
    told: dict[bytes, tuple[Any, str]] = field(default_factory=dict)

    def add(self, value: Any, place: str) -> None:
        """One more answer, once."""
        self.told.setdefault(orjson.dumps(value), (value, place))

    def settled(self, path: str) -> tuple[Any, str]:
        """The one that is `counted`, with its place; else all that nobody can choose between, as one that nobody can read."""
        given = [value for value, _ in self.told.values()]
        counts = counted_of(path, given, self.read)
        place = next(place for value, place in self.told.values() if counts is None or value is counts)
        return " or ".join(map(str, given)) if counts is None else counts, place


@dataclass(slots=True)
class Draft:
    """Filled resource by resource. What is said first stands; prose adds up."""

    values: dict[str, Any] = field(default_factory=dict)
    trail: dict[str, str] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    amends: bool = False
    adds: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    _listed: set[tuple[str, bytes]] = field(default_factory=set)
    _answers: dict[str, Answers] = field(default_factory=dict)
    _days: dict[tuple[str, str], str] = field(default_factory=dict)
    _items: dict[tuple[str, str], int] = field(default_factory=dict)
    _taken_back: dict[str, str] = field(default_factory=dict)
    _told: dict[str, list[str]] = field(default_factory=dict)
    _kept: dict[str, list[str]] = field(default_factory=dict)

    def say(self, path: str, value: Any, place: str) -> None:
        """Gives a field of the contract its value, if it has none; a text that is told second is kept beside it."""
        if not value and type(value) not in _NUMBERS:
            return
        if path in self.trail:
            self.keep(place, value if type(value) is str and value != self.values.get(path) else "")
            return
        self.values[path], self.trail[path] = value, place

    def answer(self, path: str, value: Any, place: str, read: Read) -> None:
        """Gives a field an answer. Which of several counts is settled when all are known."""
        if not value and type(value) not in _NUMBERS:
            return
        known = self.values.get(path)
        if known is None:
            self.values[path], self.trail[path] = value, place
        elif value != known or type(value) is not type(known):
            if path not in self._answers:
                self._answers[path] = Answers(read)
                self._answers[path].add(known, self.trail[path])
            self._answers[path].add(value, place)

    def item(self, path: str, told: list[Any], place: str, scale: Scale) -> None:
        """The next item of a scale, at its place in it whatever the others say; of two scales the higher item counts.

        Of items that come one by one, more than a scale has may be a second scale's: then nobody can tell, and a person looks.
        """
        number = self._items.get((path, scale.name), 0)
        self._items[path, scale.name] = number + 1
        if number == MOST_LISTED:
            self.warn(place, "too-many")
        elif number < MOST_LISTED:
            beyond = not scale.name and number >= scale.most
            at = f"{path}[{number % scale.most if beyond else number}]"
            for value in told:
                self.answer(at, f"also {value}" if beyond and value is not None else value, place, scale.read)

    def dated(self, path: str, day: str, place: str) -> None:
        """The day of a score, of use if the one that stood at this place is the one that counts."""
        if day and path.endswith(SCORES):
            self._days[path, place] = day

    def take_back(self, path: str, place: str) -> None:
        """Takes an answer back: where this amends a referral and gives no other, it is no longer recorded, and never a "no"."""
        self._taken_back.setdefault(path, place)

    def settle(self) -> None:
        """Gives each field the answer that counts, scores their days and scales their items."""
        for path, answers in self._answers.items():
            self.values[path], self.trail[path] = answers.settled(path)
        for (path, place), day in self._days.items():
            if self.trail.get(path) == place:
                self.values[f"{path}_on"], self.trail[f"{path}_on"] = day, place
        for path in dict.fromkeys(path for path, _ in self._items):
            most = max(number for (asked, _), number in self._items.items() if asked == path)
            self.values[path] = [self.values.pop(f"{path}[{number}]", None) for number in range(min(most, MOST_LISTED))]
        for path, place in self._taken_back.items():
            for gone in (path, f"{path}_on") if path.endswith(SCORES) else (path,):
                if gone not in self.values:
                    self.values[gone], self.trail[gone] = None, place
        self._answers.clear()
        self._days.clear()
        self._items.clear()

    def add(self, path: str, value: Any, place: str) -> None:
        """Adds an item to a list of the contract, once."""
        listed = self.values.setdefault(path, [])
        if (item := (path, orjson.dumps(value))) in self._listed:
            return
        self._listed.add(item)
        if len(listed) == MOST_LISTED:
            self.warn(place, "too-many")
            return
        self.trail[f"{path}[{len(listed)}]"] = place
        listed.append(value)

    def tell(self, path: str, prose: str, place: str, *, named: bool = False) -> None:
        """Adds free text to a field of the contract that takes it.

        In an amendment it stands beside what the field had; in its place where the message names the field, and says it anew.
        """
        if prose:
            (self.named if named else self.adds).add(path)
            self._told.setdefault(path, []).append(prose)
            self.trail.setdefault(path, place)

    def keep(self, place: str, prose: str) -> None:
        """Keeps text that no field takes: it is screened for words of risk and shown to the hub."""
        if prose:
            self._kept.setdefault(place, []).append(prose)

    def prose(self, path: str) -> str:
        """The free text that a field has so far."""
        return _once(self._told.get(path, []))

    def written(self) -> dict[str, Any]:
        """The document, with all prose in it: joined once, since a message may have thousands of notes."""
        self.settle()
        groups: dict[str, dict[str, Any]] = {"": {}}
        prose = {path: _once(told) for path, told in self._told.items()}
        for path, value in chain(self.values.items(), prose.items()):
            group, name = _split(path)
            if group not in groups:
                _begin(groups, group)
            groups[group][name] = value
        if self._kept:
            groups[""]["unmapped"] = {place: _once(told) for place, told in self._kept.items()}
        return groups[""]

    def coded(self, path: str, name: str, concept: Any, place: str) -> None:
        """Gives a field the first code of a concept that its table knows; one that it does not know is unmapped."""
        known, found = table(name).ours, [code for _, code, _ in codings(concept) if code]
        for code in found:
            if code.casefold() in known:
                return self.mapped(path, name, code, place)
        return self.mapped(path, name, found[0] if found else words(concept), place)

    def mapped(self, path: str, name: str, code: str, place: str) -> None:
        """Gives a field what its table makes of a code."""
        self.say(path, table(name).read(code) if code else "", place)

    def warn(self, place: str, code: str, near: str = "") -> None:
        """Tells the sender something about a place."""
        self.warnings.append(Notice(place, code, near))


def _once(told: list[str]) -> str:
    """Prose of one place, each part of it once."""
    return told[0] if len(told) == 1 else "\n".join(dict.fromkeys(told))


@cache
def _split(path: str) -> tuple[str, str]:
    """The group that a path of the contract is in, and its name there."""
    group, _, name = path.rpartition(".")
    return group, name


def _begin(groups: dict[str, dict[str, Any]], path: str) -> None:
    """Begins a group of a document, inside the one that it is in."""
    outer, name = _split(path)
    if outer not in groups:
        _begin(groups, outer)
    groups[path] = groups[outer][name] = {}
