"""What is read of a message so far: values at the contract's paths, where each stood, and what could not be placed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.contract.reading import Notice
from services.intake.sources.hl7v2.segment import NULL, in_words
from services.intake.sources.told import MOST_ATTACHMENTS, SCORES, attached, counted

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
        """Sets what a question was answered with.

        Of two the one that is `counted`. Two others that differ are one answer that nobody can read: where risk was
        asked about, a person looks.
        """
        group, name = self._group(path)
        before = group.get(name)
        if not isinstance(before, str) or not value or value in {NULL, before}:
            self.put(path, value, place)
            return
        self.leave(place, value)
        if (counts := counted(path, before, value, read)) is None:
            group[name] = f"{before}; {value}"
        elif counts is not before:
            self.leave(self.trail[path], before if read(before) is None else "")
            group[name], self.trail[path] = value, place

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
            group, name = self._group(path)
            before = group.get(name)
            group[name] = f"{before}\n\n{text}" if before else text
            self.trail.setdefault(path, place)

    def asks(self, question: str, place: str) -> bool:
        """Whether this is the question of the observation before; `asked_at` is where that stood first."""
        goes_on = question == self._asked != ""
        if not goes_on:
            self._asked, self.asked_at = question, place
        return goes_on

    def leave(self, place: str, text: str) -> None:
        """Keeps a text that no field takes: it is screened, and shown to the hub."""
        if text and text != NULL:
            left = self.document.setdefault("unmapped", {})
            known = left.get(place, "")
            left[place] = text if known in text else known if text in known else f"{known}; {text}"

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
        told = (text for place, text in enumerate(parts) if place not in SYSTEMS)
        if not all(text in {"", NULL} or used(text) for text in told):
            self.leave(segment.place(field), segment.prose(field))

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
        if day and path.endswith(SCORES) and self.trail.get(path) == place:
            group, name = self._group(f"{path}_on")
            group[name], self.trail[f"{path}_on"] = day, place

    def _group(self, path: str) -> tuple[dict[str, Any], str]:
        *outer, name = path.split(".")
        node = self.document
        for step in outer:
            node[step] = node.get(step) or {}
            node = node[step]
        return node, name
