"""What is read of a message so far: values at the contract's paths, where each stood, and what could not be placed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.contract.reading import Notice
from services.intake.sources.hl7v2.segment import NULL, in_words
from services.intake.sources.hl7v2.settling import MOST_ANSWERS, in_places, joined, uncertain
from services.intake.sources.paths import KINDS
from services.intake.sources.told import MOST_ATTACHMENTS, SCORES, attached, counted_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.intake.contract.values import Read
    from services.intake.sources.hl7v2.segment import Segment
    from services.intake.sources.told import Attachment

SYSTEMS: Final = frozenset((2, 5, 6, 7))  # of a CWE's components, from 0: coding systems and their versions


class Draft:
    """Filled segment by segment. Where it `changes` a referral, a null takes away; in a new one it says nothing."""

    def __init__(self, *, changes: bool) -> None:
        self._changes = changes
        self.document: dict[str, Any] = {}
        self.trail: dict[str, str] = {}
        self.notices: list[Notice] = []
        self.attachments: list[Attachment] = []
        self._asked, self.asked_at = "", ""
        self._answers: dict[str, tuple[Read, dict[str, str]]] = {}  # of a path, each answer with its place
        self._items: dict[str, list[tuple[list[str | None], str]]] = {}
        self._withdrawn: dict[str, str] = {}
        self._days: dict[tuple[str, str], str] = {}
        self._paragraphs: dict[str, list[str]] = {}
        self._left: dict[str, dict[str, None]] = {}  # the texts of a place, in order
        self._left_whole: set[str] = set()

    def put(self, path: str, value: Any, place: str) -> None:
        """Sets the value of a path; what would be a second one there is left beside it. A value counts more than a null."""
        if not value or (value == NULL and not self._changes):
            return
        group, name = self._group(path)
        if group.get(name) is None:
            group[name] = None if value == NULL else value
            self.trail[path] = place
        elif group[name] != value:
            self.leave(place, str(value))

    def answer(self, path: str, value: str, place: str, read: Read) -> None:
        """Notes what a question was answered with; which of the answers counts is seen when all are there (`settle`)."""
        if value and (value != NULL or self._changes):
            self._answers.setdefault(path, (read, {}))[1].setdefault(value, place)
            self.trail.setdefault(path, place)

    def withdraw(self, path: str, place: str) -> None:
        """Takes an answer that was given before away, unless this message gives another: it is no longer recorded."""
        self._withdrawn.setdefault(path, place)

    def items(self, path: str, values: list[str | None], place: str) -> None:
        """The items of a score that one segment tells; each keeps its place, a blank one (None) too."""
        self._items.setdefault(path, []).append((values, place))

    def add(self, path: str, value: Any, place: str) -> None:
        """Appends to the list at a path."""
        if value and value != NULL:
            group, name = self._group(path)
            items = group[name] = group.get(name) or []
            self.trail[f"{path}[{len(items)}]"] = place
            self.trail.setdefault(path, place)
            items.append(value)

    def say(self, path: str, text: str, place: str) -> None:
        """Adds a paragraph to the text at a path."""
        if text == NULL:
            self.put(path, text, place)
        elif text:
            self._paragraphs.setdefault(path, []).append(text)
            self.trail.setdefault(path, place)

    def settle(self) -> None:
        """Puts together what was told in pieces. Nothing is read into the draft after this but by `put`."""
        for path, (read, given) in self._answers.items():
            self._decide(path, given, read)
        for path, runs in self._items.items():
            self._place(path, [values for values, _ in runs], runs[0][1])
        for path, place in self._withdrawn.items():
            self._take_away(path, place)
        for (path, place), day in self._days.items():
            if self.trail.get(path) == place:
                group, name = self._group(f"{path}_on")
                group[name], self.trail[f"{path}_on"] = day, place
        for path, paragraphs in self._paragraphs.items():
            group, name = self._group(path)
            group[name] = "\n\n".join(paragraphs)
        if self._left:
            self.document["unmapped"] = {place: joined(texts) for place, texts in self._left.items()}

    def _decide(self, path: str, given: dict[str, str], read: Read) -> None:
        """One answer out of all that a question was given: that which counts, or all as one text that nobody can read.

        Where risk was asked about, a person looks at such a text.
        """
        group, name = self._group(path)
        before = group.get(name)
        if before is not None and not isinstance(before, str):
            for value, place in given.items():
                self.put(path, value, place)
            return
        places = {**({before: self.trail[path]} if before else {}), **given}
        nothing = places.pop(NULL, None)
        if not places:
            group[name], self.trail[path] = None, nothing or ""
            return
        first, *others = places
        for value in others:
            self.leave(places[value], value)
        counts = first if not others else counted_of(path, [first, *others], read)
        if others and counts != first and counts is not None and read(first) is None:
            self.leave(places[first], first)
        group[name] = "; ".join([first, *others][:MOST_ANSWERS]) if counts is None else counts
        self.trail[path] = places[first if counts is None else counts]

    def _place(self, path: str, runs: list[list[str | None]], place: str) -> None:
        """The items of a score. Where one of those that came each by itself is withdrawn, nobody can read the others."""
        if listed := in_places(runs, KINDS[path][0].read):
            group, name = self._group(path)
            lost = path in self._withdrawn and uncertain(runs)
            group[name] = "; ".join(item or "-" for item in listed) if lost else listed
            self.trail[path] = place

    def _take_away(self, path: str, place: str) -> None:
        group, name = self._group(path)
        if group.get(name) is None:
            group[name], self.trail[path] = None, place
            if path.endswith(SCORES):
                group[f"{name}_on"] = None

    def asks(self, question: str, place: str) -> bool:
        """Whether this is the question of the observation before; `asked_at` is where that stood first."""
        goes_on = question == self._asked != ""
        if not goes_on:
            self._asked, self.asked_at = question, place
        return goes_on

    def leave(self, place: str, text: str) -> None:
        """Keeps a text that no field takes: it is screened, and shown to the hub."""
        if text and text != NULL:
            self._left.setdefault(place, {})[text] = None

    def warn(self, place: str, code: str, near: str = "") -> None:
        """A warning about a place of the message."""
        self.notices.append(Notice(place, code, near))

    def attach(self, content: bytes, media: str, place: str) -> None:
        """A document that came with the message."""
        if len(self.attachments) == MOST_ATTACHMENTS:
            self.warn(place, "too-many")
            return
        one, notices = attached(content, media, place)
        self.notices += notices
        if one:
            self.attachments.append(one)

    def leave_more(self, segment: Segment, field: int, parts: list[str], used: Callable[[str], bool]) -> None:
        """Keeps a coded field as it was written where a repetition of it says more than was used; systems are no text."""
        place = segment.place(field)
        told = (text for nth, text in enumerate(parts) if nth not in SYSTEMS)
        if place not in self._left_whole and not all(text in {"", NULL} or used(text) for text in told):
            self._left_whole.add(place)
            self.leave(place, segment.prose(field))

    def leave_words(self, segment: Segment, field: int, *used: str) -> None:
        """Keeps the parts in words of names, numbers or an address that were not used."""
        for parts in segment.repeats(field):
            for text in parts:
                if in_words(text) and not any(text in one for one in used):
                    self.leave(segment.place(field), text)

    def leave_rest(self, segment: Segment) -> None:
        """Keeps whatever of a segment was not read."""
        for field in range(1, len(segment)):
            if field not in segment.read or field in segment.cut:
                self.leave(segment.place(field), segment.prose(field))

    def dated(self, path: str, day: str, place: str) -> None:
        """The day of a score, if the one that stood at this place is the one that counts."""
        if day and path.endswith(SCORES):
            self._days[path, place] = day

    def _group(self, path: str) -> tuple[dict[str, Any], str]:
        *outer, name = path.split(".")
        node = self.document
        for step in outer:
            node[step] = node.get(step) or {}
            node = node[step]
        return node, name
