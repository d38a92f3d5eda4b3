"""Works dead letters: sends them on or lets them be, so many a second, each step an event that audit keeps.

The record goes first and the event follows: whoever is killed between the two leaves a dead letter that waits, and
sending it again is deciding it once. The first of each incident goes alone: where that one is parked again, the others
would be too, and most of a group's newest records being poison stops the group (the fuse).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from services.frontdoor.dead_letters.editing import OPERATOR
from services.frontdoor.dead_letters.entries import Entry, Wanted, content, entries, incidents, taken
from services.frontdoor.dead_letters.system import alone, caught_up, handled
from shared.cloudevents import Envelope, to_json
from shared.errors import FrontDoorError, Usage
from shared.events import DEAD_LETTER_WORKED
from shared.kafka import Publisher, Record
from shared.operations import DeadLetterWorked
from shared.parked import generation_of, parked_id, step_id, without_notes
from shared.topics import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from uuid import UUID

    from shared.operations import Step
    from shared.settings import ServiceSettings

    Make = Callable[["At", Entry], Awaitable["Sent | str"]]
    Places = dict[Entry, tuple[str, int, int]]


class At(NamedTuple):
    """The system that is worked on: the auditor's connection and how to open another, Kafka, and audit's stream now."""

    connection: Any
    dsn: str
    settings: ServiceSettings
    stream: str


class Sent(NamedTuple):
    """What a step sends on: nothing where a record is discarded, another event where it was edited."""

    record: Record | None = None
    new_id: UUID | None = None


class Deed(NamedTuple):
    """One step, who takes it and why; `make` says what is sent for an entry, or why it cannot be."""

    step: Step
    by: str
    why: str
    make: Make
    per_second: float = 20
    dry_run: bool = False


@dataclass
class Work:
    """A deed done to some dead letters, and what came of it, by name.

    `already` was worked by somebody before; `late` was sent and not handled in time.
    """

    at: At
    deed: Deed
    worked: list[Entry] = field(default_factory=list)
    already: list[Entry] = field(default_factory=list)
    refused: list[tuple[Entry, str]] = field(default_factory=list)
    parked_again: list[Entry] = field(default_factory=list)
    late: list[Entry] = field(default_factory=list)
    not_sent: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._publisher = Publisher(self.at.settings)

    @property
    def clean(self) -> bool:
        """Whether every one of them was worked, and stayed so."""
        return not (self.already or self.refused or self.parked_again or self.late or self.not_sent)

    async def do(self, wanted: Sequence[Entry]) -> Work:
        """Does it to each; `Usage` where Kafka or audit cannot be relied on, with how many were done until then."""
        firsts = [found[0] for found in incidents(wanted).values()]
        rest = [entry for entry in wanted if entry not in firsts]
        try:
            await self._watch(await self._portion(firsts))
            stuck = {entry.incident for entry in (*self.parked_again, *self.late)}
            self.not_sent = [entry for entry in rest if entry.incident in stuck]
            sent: Places = {}
            for portion, seconds in self._portions([entry for entry in rest if entry.incident not in stuck]):
                sent |= await self._portion(portion)
                await asyncio.sleep(seconds)
            await self._watch(sent)
        finally:
            await self._publisher.close()
        return self

    def _portions(self, wanted: Sequence[Entry]) -> Iterator[tuple[Sequence[Entry], float]]:
        """Portions of about a second, and the pause after each, so that no second has more."""
        size = max(1, int(self.deed.per_second))
        seconds = 0 if self.deed.dry_run else size / self.deed.per_second
        return ((wanted[first : first + size], seconds) for first in range(0, len(wanted), size))

    async def _portion(self, portion: Sequence[Entry]) -> Places:
        """Works some entries while nobody else does; gives where what was sent lies."""
        if not portion:
            return {}
        async with alone(self.at.connection, self.at.settings):
            made: list[tuple[Entry, Sent]] = []
            steps = await taken(self.at.connection)
            for entry in portion:
                if by := steps.get(entry.letter.id):
                    self.already.append(entry._replace(steps=by))
                elif isinstance(sent := await self.deed.make(self.at, entry), str):
                    self.refused.append((entry, sent))
                else:
                    made.append((entry, sent))
            places = {} if self.deed.dry_run else await self._publish(made)
            self.worked += [entry for entry, _ in made]
            return places

    async def _publish(self, made: Sequence[tuple[Entry, Sent]]) -> Places:
        records = [(entry, sent.record) for entry, sent in made if sent.record]
        try:
            offsets = await self._publisher.publish([record for _, record in records])
            landed = zip(records, offsets, strict=True)
            places = {e: (r.topic, r.partition, offset) for (e, r), offset in landed if offset is not None}
            await self._publisher.publish([self._event(entry, sent, places.get(entry)) for entry, sent in made])
        except FrontDoorError as error:
            raise Usage(error.code, f"{len(self.worked)} done, then: {error.detail}; repeating it is safe") from error
        return places

    def _event(self, entry: Entry, sent: Sent, place: tuple[str, int, int] | None) -> Record:
        """What audit keeps of the step."""
        letter, now = entry.letter, dt.datetime.now(dt.UTC)
        step = DeadLetterWorked(
            entry=letter.id,
            step=self.deed.step,
            by=self.deed.by,
            why=self.deed.why,
            at=now,
            group=letter.group,
            code=letter.code,
            topic=letter.topic,
            partition=letter.partition,
            offset=letter.offset,
            referral_id=entry.referral_id,
            event_id=entry.event_id,
            sent_as=sent.new_id,
            sent_partition=place[1] if place else None,
            sent_offset=place[2] if place else None,
        )
        envelope = Envelope(
            id=step_id(letter.id, self.deed.step),
            source=OPERATOR,
            type=DEAD_LETTER_WORKED,
            time=now,
            subject=str(entry.referral_id) if entry.referral_id else None,
            causation_id=entry.event_id,
            synthetic=entry.synthetic,
        )
        return Record(OPERATIONS, 0, str(entry.referral_id or letter.id).encode(), to_json(step), envelope.headers())

    async def _watch(self, sent: Places) -> None:
        """Waits until the groups are past what was sent, and names what they parked again."""
        for group in sorted({entry.letter.group for entry in sent}):
            places = {entry: place for entry, place in sent.items() if entry.letter.group == group}
            past = await handled(self.at.settings, group, places.values())
            if not past or await caught_up(self.at.connection, self.at.settings):
                self.late += places
                continue
            known = {entry.letter.id for entry in await entries(self.at.connection, Wanted(worked=True))}
            generation = generation_of(self.at.stream)
            self.parked_again += [entry for entry, place in places.items() if parked_id(*place, generation) in known]


async def replayed(at: At, entry: Entry) -> Sent:
    """The record as it was: its topic and partition, key, value and headers."""
    was = await content(at.connection, entry)
    headers = without_notes(was.headers)
    return Sent(Record(entry.letter.topic, entry.letter.partition, was.key, was.value, headers))
