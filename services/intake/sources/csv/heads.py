"""Which field of the contract a column's head means: its path, the end of it where that is like no other, or a usual name.

A head says the same however it is cased and spaced: `person.name.family`, `Family`, `PERSON NAME FAMILY`. A list has a
column for each item (`reason.others[0]`), or several in one cell.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.intake.contract.fields import CONTRACT, Each
from services.intake.contract.values import TEXT, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST: Final = 4  # letters of a head that is only the end of a path: `on` and `due` say too little
MOST_ITEMS: Final = 50
QUESTIONS: Final = {"presentation.phq9_items": 9, "presentation.gad7_items": 7}  # of each score whose items are told
_NOT_SENT: Final = frozenset(("unmapped", "attachments"))


class Column(NamedTuple):
    """One column: its number from 1, its head as sent; the contract's path, and how its values are read, where it is known.

    `listed` is how many values a cell may hold where it may hold several, else 0.
    """

    number: int
    head: str
    path: str | None = None
    kind: Kind = TEXT
    listed: int = 0

    @property
    def place(self) -> str:
        """How it is named to the sender. A head that nobody knows is not repeated: it could hold a name."""
        return f"column {self.number} ({self.path})" if self.path else f"column {self.number}"


class _Field(NamedTuple):
    path: str  # `[]` where an item's number belongs
    kind: Kind
    listed: int = 0


def columns(heads: list[str]) -> tuple[Column, ...]:
    """What each head means."""
    found = [_column(number, head) for number, head in enumerate(heads, 1)]
    for items, questions in QUESTIONS.items():
        paths = {column.path for column in found}
        if f"{items}[{questions}]" in paths and f"{items}[0]" not in paths:
            found = [_from_nought(column, items) for column in found]
    return tuple(found)


def _from_nought(column: Column, items: str) -> Column:
    """A column of a score whose questions are numbered from 1, as on its form: the ninth is then [9], and none is [0]."""
    item = re.fullmatch(re.escape(items) + r"\[(\d+)\]", column.path or "")
    return column._replace(path=f"{items}[{int(item[1]) - 1}]") if item else column


def _column(number: int, head: str) -> Column:
    items = re.findall(r"\[(\d{1,2})\]", head)
    found = _known().get(_plain(re.sub(r"\[\d{1,2}\]", "[]", head)))
    if found is None or any(int(item) >= MOST_ITEMS for item in items):
        return Column(number, head)
    path = found.path
    for item in items:
        path = path.replace("[]", f"[{int(item)}]", 1)  # [00] is [0]
    return Column(number, head, path, found.kind, 0 if items else found.listed)


def _plain(head: str) -> str:
    return re.sub(r"[^a-z0-9\[\]]", "", head.casefold())


@cache
def _known() -> dict[str, _Field]:
    """Every head that is understood, without blanks, dots and capitals."""
    whole = {_plain(field.path): field for field in _fields(CONTRACT)}
    ends: dict[str, list[_Field]] = {}
    for field in whole.values():
        parts = field.path.split(".")
        for start in range(1, len(parts)):
            ends.setdefault(_plain(".".join(parts[start:])), []).append(field)
    short = {
        end: fields[0]
        for end, fields in ends.items()
        if len(fields) == 1 and len(end) >= SHORTEST and fields[0].path.count("[]") == end.count("[]")
    }
    return _usual(whole, short | whole)


def _usual(whole: dict[str, _Field], known: dict[str, _Field]) -> dict[str, _Field]:
    lines = resources.files(__package__).joinpath("heads.csv").read_text().splitlines()
    for row in csv.DictReader(lines[1:]):
        known.pop(_plain(row["head"]), None)
        if row["path"]:
            known[_plain(row["head"])] = whole.get(_plain(row["path"])) or _Field(row["path"], TEXT)
    return known


def _fields(node: Any, path: str = "") -> Iterator[_Field]:
    if isinstance(node, Kind):
        yield _Field(path, node)
    elif isinstance(node, Each) and isinstance(node.of, Kind):
        yield _Field(path, node.of, node.most)
        yield _Field(f"{path}[]", node.of)
    elif isinstance(node, Each):
        yield from _fields(node.of, f"{path}[]")
    else:
        for name, item in node.items():
            if name not in _NOT_SENT:
                yield from _fields(item, f"{path}.{name}" if path else name)
