"""The account: every receipt has one decision, every decision its declared outputs, every output an audit row.

What is not through is parked, in flight by its stored offset, or unaccounted, by name. Pure: rows come in by id, in
any portions, and what is kept of them is what is not through.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.topics import RECEIVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    Spot = tuple[str, int]
    Place = tuple[str, int, int, UUID | None]

NOWHERE = -1


class Taken(NamedTuple):
    """A row of `intake.accounting`: no offset yet where the relay has not published it."""

    event_id: UUID
    referral_id: UUID
    sequence: int
    partition: int | None
    offset: int | None
    synthetic: bool


class Output(NamedTuple):
    """A row of `triage.accounting`."""

    event_id: UUID
    cause_id: UUID
    referral_id: UUID | None
    published: bool
    topic: str
    partition: int
    offset: int | None


class Parked(NamedTuple):
    """A row of `triage.parked`: the place of the record that could not be read."""

    cause_id: UUID
    referral_id: UUID | None
    topic: str
    partition: int
    offset: int
    code: str


class Entry(NamedTuple):
    """One event that is not through: between which parts, and why it counts as what it counts as."""

    event_id: UUID | None
    referral_id: UUID | None
    hop: str
    why: str
    synthetic: bool = False

    def __str__(self) -> str:
        """For people: which event of which referral, where, why."""
        synthetic = " (synthetic)" if self.synthetic else ""
        return f"event {self.event_id} of referral {self.referral_id}{synthetic}, {self.hop}: {self.why}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {name: str(value) if name.endswith("_id") and value else value for name, value in self._asdict().items()}


@dataclass
class Account:
    """Counts of intake's events, and by name what is not through. An event stands under one heading only."""

    taken: int = 0
    decided: int = 0
    audited: int = 0
    parked: list[Entry] = field(default_factory=list)
    in_flight: list[Entry] = field(default_factory=list)
    unaccounted: list[Entry] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The form that is pinned for `frontdoor reconcile --json`."""
        counts = {"taken": self.taken, "decided": self.decided, "audited": self.audited}
        named = {"parked": self.parked, "in_flight": self.in_flight, "unaccounted": self.unaccounted}
        return counts | {name: [entry.as_json() for entry in entries] for name, entries in named.items()}


@dataclass
class Ledger:
    """Takes in rows by id and keeps what is not through.

    `parked` is all of `triage.parked`; `heads` are audit's last offsets by topic and partition, read after every row.
    """

    parked: Mapping[Place, Parked]
    taken: int = 0
    decided: int = 0
    missing: list[Output] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open: list[tuple[Taken, bool, bool]] = []
        self._found: set[UUID] = set()
        self._reached: dict[int, int] = {}
        self._published: dict[int, int] = {}

    def add_taken(self, event: Taken, *, decided: bool, published: bool, audited: bool) -> None:
        """One event of intake: whether triage decided it and published all of that, and whether audit has the event."""
        self.taken += 1
        self.decided += decided
        if event.partition is not None and event.offset is not None:
            parked = self._parked(event)
            if parked:
                self._found.add(parked.cause_id)
            if decided or parked:
                _raise(self._reached, event.partition, event.offset)
            if published:
                _raise(self._published, event.partition, event.offset)
        if not (decided and audited):
            self._open.append((event, decided, audited))

    def add_missing(self, output: Output) -> None:
        """One declared output that audit does not have."""
        self.missing.append(output)

    def close(self, heads: Mapping[Spot, int], causes: Mapping[UUID, Taken], *, strays: bool = True) -> Account:
        """The account. `causes` are the events of intake behind the missing outputs, so far as they count.

        `strays`: parked records that no event of intake is behind are listed as well.
        """
        through = self.decided - len({o.cause_id for o in self.missing if o.cause_id in causes})
        account = Account(self.taken, self.decided, through)
        for event, decided, audited in self._open:
            heading, entry = self._judge_taken(event, heads, decided=decided, audited=audited)
            getattr(account, heading).append(entry)
        holds = {parked.cause_id for parked in self.parked.values()}
        for output in self.missing:
            if output.cause_id in causes or output.cause_id in holds:
                heading, entry = self._judge_output(output, heads, causes.get(output.cause_id))
                getattr(account, heading).append(entry)
        unmatched = [parked for parked in self.parked.values() if strays and parked.cause_id not in self._found]
        account.parked += [Entry(None, parked.referral_id, "at triage", _where(parked)) for parked in unmatched]
        return account

    def _judge_taken(
        self, event: Taken, heads: Mapping[Spot, int], *, decided: bool, audited: bool
    ) -> tuple[str, Entry]:
        """An event of intake that triage has not decided, or that audit itself does not have."""
        if event.partition is None or event.offset is None:
            return "in_flight", _entry(event, "intake to Kafka", "its place in Kafka is not noted yet")
        place = f"{RECEIVED} partition {event.partition} offset {event.offset}"
        parked = self._parked(event)
        if not audited and event.offset <= heads.get((RECEIVED, event.partition), NOWHERE):
            return "unaccounted", _entry(event, "Kafka to audit", f"audit is past {place} and does not have it")
        if decided:
            return "in_flight", _entry(event, "Kafka to audit", f"audit has not come to {place} yet")
        if parked:
            return "parked", _entry(event, "at triage", _where(parked))
        if event.offset > self._reached.get(event.partition, NOWHERE):
            return "in_flight", _entry(event, "Kafka to triage", f"triage has not come to {place} yet")
        return "unaccounted", _entry(event, "Kafka to triage", f"triage decided what came after {place}, but not this")

    def _judge_output(self, output: Output, heads: Mapping[Spot, int], cause: Taken | None) -> tuple[str, Entry]:
        entry = Entry(output.event_id, output.referral_id, "triage to Kafka", "", bool(cause and cause.synthetic))
        place = f"{output.topic} partition {output.partition} offset {output.offset}"
        if not output.published:
            if cause and self._overtaken(cause):
                return "unaccounted", entry._replace(why="decided, and later ones were published, but not this")
            return "in_flight", entry._replace(why="decided and not published yet")
        entry = entry._replace(hop="Kafka to audit")
        if output.offset is None:
            return "in_flight", entry._replace(why=f"published to {output.topic}; Kafka did not say at which offset")
        if output.offset > heads.get((output.topic, output.partition), NOWHERE):
            return "in_flight", entry._replace(why=f"audit has not come to {place} yet")
        return "unaccounted", entry._replace(why=f"audit is past {place} and does not have it")

    def _parked(self, event: Taken) -> Parked | None:
        """The parked record at the event's place; of the same referral, since topics made anew count from 0 again."""
        if event.partition is None or event.offset is None:
            return None
        place = (RECEIVED, event.partition, event.offset)
        return self.parked.get((*place, event.referral_id)) or self.parked.get((*place, None))

    def _overtaken(self, cause: Taken) -> bool:
        """Whether triage published what it made of a later event of the same partition."""
        if cause.partition is None or cause.offset is None:
            return False
        return cause.offset < self._published.get(cause.partition, NOWHERE)


def confirmed(first: Account, second: Account) -> Account:
    """The second account; what only it calls unaccounted is in flight: it may be a moment's work that was overtaken."""
    before = {(entry.event_id, entry.hop) for entry in first.unaccounted}
    doubted = [entry for entry in second.unaccounted if (entry.event_id, entry.hop) not in before]
    second.unaccounted = [entry for entry in second.unaccounted if entry not in doubted]
    second.in_flight += doubted
    return second


def by_place(rows: Iterable[Parked]) -> dict[Place, Parked]:
    """Parked records by the place of the record that was parked, and its referral if that could be read."""
    return {(row.topic, row.partition, row.offset, row.referral_id): row for row in rows}


def _entry(event: Taken, hop: str, why: str) -> Entry:
    return Entry(event.event_id, event.referral_id, hop, why, event.synthetic)


def _where(parked: Parked) -> str:
    return f"{parked.code}, from {parked.topic} partition {parked.partition} offset {parked.offset}"


def _raise(reached: dict[int, int], partition: int, offset: int) -> None:
    reached[partition] = max(offset, reached.get(partition, NOWHERE))
