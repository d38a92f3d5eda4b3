"""Walks a chain as it is stored and names the first row that was altered, is missing or was put in.

A row binds its own offset, so rows moved up or down by one betray what was put in or taken out before them; a row
that was rewritten together with its hash is betrayed by the row after it, by the head, or by a published head.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from services.audit.chain import Head, Place, Row, digest, genesis, link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Kind = Literal["altered", "missing", "inserted", "unproven"]

ALTERED: Final[Kind] = "altered"
MISSING: Final[Kind] = "missing"
INSERTED: Final[Kind] = "inserted"
UNPROVEN: Final[Kind] = "unproven"


class Finding(NamedTuple):
    """What is wrong with one chain, and at which offset it starts; its text is `altered STREAM TOPIC PARTITION OFFSET`."""

    kind: Kind
    place: Place
    offset: int
    why: str

    def __str__(self) -> str:
        return f"{self.kind} {self.place.stream} {self.place.topic} {self.place.partition} {self.offset}"


class Stored(NamedTuple):
    """A row as the database has it; `disposed` where its content was emptied on record."""

    row: Row
    disposed: bool = False


@dataclass
class Walk:
    """One chain, fed row by row in the order of offsets; `published` are heads known from outside, by offset."""

    place: Place
    head: Head | None
    published: Mapping[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = self.disposed = 0
        self._last: Row | None = None
        self._pending: Stored | None = None

    def feed(self, rows: Iterable[Stored]) -> Finding | None:
        """Takes the next rows; the first thing that is wrong, if it shows by now."""
        for row in rows:
            finding = self._judge(self._pending, row) if self._pending else None
            if finding:
                return finding
            self._pending = row
        return None

    def end(self) -> Finding | None:
        """There are no more rows: what is wrong with the last one, or with the end of the chain."""
        finding = self._judge(self._pending, None) if self._pending else None
        return finding or self._judge_end()

    def _judge(self, stored: Stored, following: Stored | None) -> Finding | None:
        row, then = stored.row, following.row if following else None
        offset, expected = row.entry.offset, self._expected()
        if offset > expected:
            return self._finding(MISSING, expected, f"the next row there is has offset {offset}")
        if offset < expected or (then and then.entry.offset == offset):
            return self._finding(INSERTED, offset, "its offset is covered by another row")
        if (self.head is None or offset > self.head.offset) and not self._sits_at(row, offset - 1):
            return self._finding(INSERTED, offset, "it lies after the chain's head")
        finding = self._judge_content(stored) or self._judge_links(row, then)
        if finding is None:
            self.rows, self.disposed, self._last = self.rows + 1, self.disposed + stored.disposed, row
        return finding

    def _judge_content(self, stored: Stored) -> Finding | None:
        entry = stored.row.entry
        if stored.disposed and entry.value is None and entry.headers is None:
            return None
        if (digest(entry.value), digest(entry.headers)) == (entry.value_digest, entry.headers_digest):
            return None
        return self._finding(ALTERED, entry.offset, "its content is not what its digest says")

    def _judge_links(self, row: Row, then: Row | None) -> Finding | None:
        offset = row.entry.offset
        if not self._sits_at(row, offset):
            return self._misplaced(row, then)
        if row.previous != self._previous():
            before = self._last.entry.offset if self._last else offset
            return self._finding(ALTERED, before, f"the row at {offset} was chained to another row")
        if self.published.get(row.entry.last, row.hash) != row.hash:
            return self._finding(ALTERED, offset, "its hash is not the one that was published as a head")
        return None

    def _misplaced(self, row: Row, then: Row | None) -> Finding:
        """A row whose hash is wrong: perhaps it, or the one after it, was moved by a place."""
        offset = row.entry.offset
        if self._sits_at(row, offset - 1):
            copied = self._last is not None and self._last.hash == row.hash
            return self._finding(INSERTED, offset - (not copied), "the rows after it belong one place earlier")
        moved_up = self._sits_at(row, offset + 1)
        next_moved_down = then is not None and self._sits_at(then, then.entry.offset - 1)
        if moved_up and not next_moved_down:
            return self._finding(MISSING, offset, "the row there belongs one place further on")
        if next_moved_down and not moved_up:
            return self._finding(INSERTED, offset, "the rows after it belong one place earlier")
        return self._finding(ALTERED, offset, "its hash does not fit its columns")

    def _judge_end(self) -> Finding | None:
        covered = self._expected() - 1
        claims = {**self.published, **({self.head.offset: self.head.hash} if self.head else {})}
        if any(offset > covered for offset in claims):
            return self._finding(MISSING, covered + 1, "a head says that there is more")
        if self.head and self.head.hash != self._previous():
            return self._finding(ALTERED, covered, "its hash is not the chain's head")
        return None

    def _sits_at(self, row: Row, offset: int) -> bool:
        entry = row.entry._replace(offset=offset)
        return link(self.place, entry, row.recorded_at, row.previous) == row.hash

    def _expected(self) -> int:
        return self._last.entry.last + 1 if self._last else 0

    def _previous(self) -> bytes:
        return self._last.hash if self._last else genesis(self.place)

    def _finding(self, kind: Kind, offset: int, why: str) -> Finding:
        return Finding(kind, self.place, offset, why)
