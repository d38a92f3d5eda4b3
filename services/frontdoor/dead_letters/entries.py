"""Every dead letter that audit recorded, and what became of it: nothing but its rows says so, to every operator alike."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  (NamedTuple reads the annotations at run time)
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from services.frontdoor.reading import SQL
from services.frontdoor.recorded import SENDERS, SOURCES
from shared.cloudevents import Unreadable, from_json, header, unpack
from shared.errors import Usage
from shared.events import PAYLOADS
from shared.operations import DeadLetterWorked
from shared.parked import Letter, letter_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.cloudevents import Headers

WAITING: Final = "waiting"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._:-]{0,80}")  # anything else may be what a sender put there


class Entry(NamedTuple):
    """A dead letter: what it says, where audit recorded it, and the steps that people took, oldest first."""

    letter: Letter
    stream: str
    topic: str
    partition: int
    offset: int
    event_id: UUID | None
    referral_id: UUID | None
    type: str | None
    source: str
    synthetic: bool
    steps: tuple[DeadLetterWorked, ...] = ()

    @property
    def state(self) -> str:
        """waiting, replayed, edited or discarded."""
        return self.steps[-1].step if self.steps else WAITING

    @property
    def incident(self) -> tuple[str, str]:
        """The group that parked it, and why: what happens together has one cause."""
        return self.letter.group, self.letter.code

    def as_json(self) -> dict[str, Any]:
        """For programs; no content."""
        letter = self.letter
        return {
            "id": str(letter.id),
            "state": self.state,
            "group": letter.group,
            "code": letter.code,
            "message": letter.message,
            "failed_at": letter.failed_at.isoformat(),
            "referral_id": str(self.referral_id) if self.referral_id else None,
            "event_id": str(self.event_id) if self.event_id else None,
            "source": self.source,
            "synthetic": self.synthetic,
            "from": {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset},
            "lies": {"topic": self.topic, "partition": self.partition, "offset": self.offset, "stream": self.stream},
        }


class Wanted(NamedTuple):
    """Which dead letters: what is None or empty asks nothing. Times are of the first failure."""

    ids: frozenset[UUID] = frozenset()
    group: str | None = None
    code: str | None = None
    source: str | None = None
    referral: UUID | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    worked: bool = False

    def takes(self, entry: Entry) -> bool:
        """Whether it is one of those; one that was worked only where it is named, or where all are wanted."""
        letter, ids = entry.letter, self.ids
        asked = (
            (self.group, letter.group),
            (self.code, letter.code),
            (self.source, entry.source),
            (self.referral, entry.referral_id),
        )
        return (
            (letter.id in ids if ids else self.worked or entry.state == WAITING)
            and all(wanted is None or wanted == has for wanted, has in asked)
            and (self.since is None or letter.failed_at >= self.since)
            and (self.until is None or letter.failed_at < self.until)
        )


async def entries(connection: Any, wanted: Wanted) -> list[Entry]:
    """Those that are wanted, oldest first; `Usage` names an id that is none of them."""
    steps, found = await taken(connection), dict[UUID, Entry]()
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(SQL.dead_letters):
            if entry := _entry(row):
                entry = entry._replace(steps=steps.get(entry.letter.id, ()))
                if wanted.takes(entry):
                    found.setdefault(entry.letter.id, entry)
    if unknown := wanted.ids - found.keys():
        raise Usage("unknown-dead-letter", f"no such dead letter: {', '.join(sorted(map(str, unknown)))}")
    return list(found.values())


async def taken(connection: Any) -> dict[UUID, tuple[DeadLetterWorked, ...]]:
    """The steps that people took, by dead letter, oldest first."""
    steps: dict[UUID, tuple[DeadLetterWorked, ...]] = {}
    for row in await connection.fetch(SQL.worked):
        if step := _step(row["value"]):
            steps[step.entry] = (*steps.get(step.entry, ()), step)
    return steps


class Content(NamedTuple):
    """What a dead letter holds: the record's key, value and headers, and the notes of its parking."""

    key: bytes | None
    value: bytes | None
    headers: Headers


async def content(connection: Any, entry: Entry) -> Content:
    """What the dead letter holds; `Usage` where they were disposed of meanwhile."""
    row = await connection.fetchrow(SQL.dead_letter, entry.stream, entry.topic, entry.partition, entry.offset)
    if row is None or row["headers"] is None:
        raise Usage("disposed", f"the content of dead letter {entry.letter.id} was disposed of")
    return Content(row["key"], row["value"], unpack(row["headers"]))


def incidents(found: Iterable[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """By group and code, the one whose first failure is the oldest first."""
    grouped: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(found, key=lambda entry: entry.letter.failed_at):
        grouped.setdefault(entry.incident, []).append(entry)
    return grouped


def waiting(found: Sequence[Entry]) -> list[Entry]:
    """Those about which nobody has done anything yet."""
    return [entry for entry in found if entry.state == WAITING]


def _entry(row: Any) -> Entry | None:
    try:
        headers = unpack(row["headers"])
    except ValueError:
        return None
    letter = letter_of(headers, row["stream"])
    if letter is None:
        return None
    source = (header(headers, "ce_source") or "").removeprefix(SENDERS).removeprefix(SOURCES)
    return Entry(
        letter,
        row["stream"],
        row["topic"],
        row["partition"],
        row["offset"],
        event_id=row["event_id"],
        referral_id=row["referral_id"],
        type=row["type"] if row["type"] in PAYLOADS else None,
        source=source if _NAME.fullmatch(source) else "unknown",
        synthetic=row["synthetic"],
    )


def _step(value: bytes) -> DeadLetterWorked | None:
    try:
        return from_json(DeadLetterWorked, value)
    except Unreadable:
        return None
