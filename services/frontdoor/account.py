"""The account: every receipt has one decision, every decision its declared outputs, every output an audit row.

What is not through is parked, in flight by its stored offset, or unaccounted, by name. What is in flight for too long
is unaccounted as well: the records may be lost, and somebody waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID


class Taken(NamedTuple):
    """A row of `intake.accounting`: no offset yet where the relay has not published it."""

    event_id: UUID
    referral_id: UUID
    sequence: int
    partition: int | None
    offset: int | None
    synthetic: bool
    received_at: dt.datetime


class Decided(NamedTuple):
    """What `triage.accounting` says of one cause: whether all that was made of it is published; how many decisions."""

    cause_id: UUID
    published: bool
    referral_id: UUID | None
    decisions: int = 1


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
    parked_at: dt.datetime

    def __str__(self) -> str:
        """For people: what was wrong with it, and where it lies."""
        return f"{self.code}, from {self.topic} partition {self.partition} offset {self.offset}"


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
        event = f"event {self.event_id} of " if self.event_id else ""
        return f"{event}referral {self.referral_id}{synthetic}, {self.hop}: {self.why}"

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


def confirmed(first: Account, second: Account) -> Account:
    """The second account; what only it calls unaccounted is in flight: it may be a moment's work that was overtaken."""
    before = {(entry.event_id, entry.hop) for entry in first.unaccounted}
    doubted = [entry for entry in second.unaccounted if (entry.event_id, entry.hop) not in before]
    second.unaccounted = [entry for entry in second.unaccounted if entry not in doubted]
    second.in_flight += doubted
    return second
