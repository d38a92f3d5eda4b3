"""One segment of a message: its fields by number, their repetitions and components, whoever wrote them and however."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake.sources.hl7v2.texts import unescaped

if TYPE_CHECKING:
    import hl7

NULL: Final = '""'  # what stood here is to be taken away


class Segment:
    """One segment, the `nth` of its name; the fields that were read are noted in `read`, so that the rest is not lost.

    `cut` are those of which only the first part of a component was taken.
    """

    __slots__ = ("_fields", "_marks", "cut", "name", "nth", "read")

    def __init__(self, fields: hl7.Segment, nth: int, marks: str) -> None:
        self.name, self.nth = str(fields[0]), nth
        self._fields, self._marks = fields, marks
        self.read: set[int] = set()
        self.cut: set[int] = set()

    def __len__(self) -> int:
        return len(self._fields)

    def place(self, field: int) -> str:
        """A field's place: `OBX-5` in the first, `OBX[2]-5` in the second of its name."""
        return f"{self.name}{f'[{self.nth}]' if self.nth > 1 else ''}-{field}"

    def repeats(self, field: int, *, whole: bool = False, blank: bool = False) -> list[list[str]]:
        """The components of each repetition of a field that says anything; `whole` with all that they are made of.

        With `blank` also of those that say nothing, where a place among them means something.
        """
        self.read.add(field)
        repetitions = self._fields[field] if field < len(self._fields) else ()
        found = ([self._text(one, field, whole=whole) for one in _parts(repetition)] for repetition in repetitions)
        return [one for one in found if blank or any(one)]

    def texts(self, field: int) -> list[str]:
        """The components of a field's first repetition; where the field is null, each of them is."""
        return next(iter(self.repeats(field)), [])

    def text(self, field: int, component: int = 1) -> str:
        """One component of a field's first repetition, or nothing; of a field that is null, null."""
        return part(self.texts(field), component)

    def prose(self, field: int) -> str:
        """A field as one text, as it was written: separators that stand in it unescaped (`Mum & Dad`) are text."""
        self.read.add(field)
        raw = str(self._fields[field]) if field < len(self._fields) else ""
        lines = raw.split(self._marks[2]) if len(self._marks) > 2 else [raw]
        return "\n".join(unescaped(line, self._marks).strip() for line in lines).strip()

    def raw(self, field: int) -> str:
        """A field as it was sent, without control characters."""
        self.read.add(field)
        sent = str(self._fields[field]) if field < len(self._fields) else ""
        return "".join(one for one in sent if one.isprintable()).strip()

    def _text(self, component: str | hl7.Component, field: int, *, whole: bool) -> str:
        """The first part of a component (a surname, without what it is made of), or the whole of it.

        The whole, too, where it is two parts of which neither says the other: then somebody wrote `&` (`Smith & Jones`).
        """
        if whole or isinstance(component, str):
            return unescaped(str(component), self._marks).strip()
        first, *rest = (unescaped(str(one), self._marks).strip() for one in _parts(component))
        if any(in_words(one) and one not in first for one in rest):
            self.cut.add(field)
            if first and len(rest) == 1:
                return unescaped(str(component), self._marks).strip()
        return first


def in_words(text: str) -> bool:
    """Whether a part of a field is more than a number, or a code of the standard's own (PRN, CP, ISO, Internet)."""
    return re.search(r"[^\W\d_]", text) is not None and not re.fullmatch(r"[A-Z0-9]{1,5}|Internet|MOBILE", text)


def part(parts: list[str], component: int) -> str:
    """One component out of a repetition's; null where the whole is."""
    if parts == [NULL]:
        return NULL
    return parts[component - 1] if component <= len(parts) else ""


def _parts(item: str | hl7.Container) -> list[str | hl7.Container]:
    return [item] if isinstance(item, str) or not item else list(item)
