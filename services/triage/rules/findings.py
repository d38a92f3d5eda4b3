"""What is wrong with a rule file: findings that say where, what, and how to cure it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from services.triage.rules.letters import plain, unusual
from shared.errors import FrontDoorError

if TYPE_CHECKING:
    from collections.abc import Iterable

Code = Literal["parse", "gap", "dead-row", "overlap", "promise", "example", "edge", "approval", "solver"]
MOST_FINDINGS: Final = 500  # a file with more faults than that is another kind of file
_SHOWN: Final = 60  # characters of a faulty cell that a message repeats
_LISTED: Final = 12  # allowed words that a cure lists


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: a stable code, the place in the file (`line` counts from 1) and the cure. A part unknown is blank.

    `referral` is one that shows the fault, as JSON.
    """

    code: Code
    message: str
    file: str
    table: str = ""
    row: str = ""
    column: str = ""
    cure: str = ""
    line: str = ""
    referral: str = ""

    def __str__(self) -> str:
        parts = (("table", self.table), ("row", self.row), ("column", self.column), ("line", self.line))
        place = ", ".join(f"{name} {value}" for name, value in parts if value)
        return ": ".join(filter(None, (self.file, place, self.code, f"{self.message} ({self.cure})")))


class Refused(FrontDoorError):
    """The rule file was refused, with every fault that one reading finds."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("rules-refused", "\n".join(map(str, findings)))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the rule file; faults found there go to the one list of findings of this reading."""

    file: str
    table: str = ""
    row: str = ""
    column: str = ""
    line: int = 0
    findings: list[Finding] = field(default_factory=list)

    def at(self, *, table: str = "", row: str = "", column: str = "", line: int = 0) -> Place:
        """A place further in; what is not given stays."""
        return Place(
            self.file,
            table or self.table,
            row or self.row,
            column or self.column,
            line or self.line,
            self.findings,
        )

    def fault(self, message: str, cure: str, code: Code = "parse", referral: str = "") -> None:
        """Notes one fault here; raises `Refused` at once where there are too many to be of use."""
        line = str(self.line) if self.line else ""
        place = (self.file, self.table, self.row, self.column)
        self.findings.append(Finding(code, message, *place, cure, line, referral))
        if len(self.findings) >= MOST_FINDINGS:
            self.refuse_if_faulty()

    def refuse_if_faulty(self) -> None:
        """Raises `Refused` if any fault was noted in this reading."""
        if self.findings:
            raise Refused(tuple(self.findings))


def shown(text: str) -> str:
    """A piece of the file as a message repeats it: in quotes, cut short, letters of other alphabets named."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return repr(cut) + unusual(cut)


def nearest(text: str, allowed: Iterable[str]) -> str:
    """The cure for an unknown word: the nearest allowed one, else all of them."""
    words = {word.lower(): str(word) for word in allowed}
    close = difflib.get_close_matches(plain(text[:_SHOWN]).lower(), words, n=1)
    if close:
        return f"did you mean {shown(words[close[0]])}?"
    some = ", ".join(sorted(words.values())[:_LISTED])
    return f"use one of: {some}{', ...' if len(words) > _LISTED else ''}" if words else "take it out"
