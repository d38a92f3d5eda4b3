"""Judges what is not through: parked, in flight, or unaccounted.

Pure: rows come in by id, in any portions, and what is kept of them is what is not through.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from services.frontdoor.account import Account, Entry
from shared.topics import RECEIVED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from services.frontdoor.account import Decided, Output, Parked, Taken

    Spot = tuple[str, int]
    Heading = Literal["parked", "in_flight", "unaccounted"]

PATIENCE: Final = dt.timedelta(minutes=15)
NOWHERE: Final = -1


@dataclass
class Ledger:
    """Takes in rows by id and keeps what is not through.

    `parked` is all of `triage.parked`; what is in flight `patience` after it was taken, at `now`, is unaccounted.
    `edits` are events that a person sent in place of a parked one, each with the id of that one (or of the parked record).
    `whole`: the events are all that intake ever took, so what none of them is behind is a finding.
    """

    parked: Sequence[Parked]
    now: dt.datetime
    patience: dt.timedelta = PATIENCE
    whole: bool = True
    edits: Mapping[UUID, UUID] = field(default_factory=dict)
    missing: list[Output] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._account = Account()
        self._open: list[tuple[Taken, bool, bool]] = []
        self._found: set[UUID] = set()
        self._edited: set[UUID] = set()
        self._reached: dict[int, int] = {}
        self._published: dict[int, int] = {}
        self._holds = {parked.cause_id: parked for parked in self.parked}
        self._places = {(row.topic, row.partition, row.offset, row.referral_id): row for row in self.parked}

    def add_taken(self, event: Taken, *, decided: bool, published: bool, audited: bool) -> None:
        """One event of intake: whether triage decided it and published all of that, and whether audit has the event."""
        self._account.taken += 1
        self._account.decided += decided
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

    def add_stray(self, decided: Decided) -> None:
        """One decision whose cause is none of the events: the hold of a parked record, or what it was edited into."""
        if decided.cause_id in self.edits:
            self._edited |= self._edited_from(decided.cause_id)
        elif self.whole and decided.cause_id not in self._holds:
            self._enter(
                "unaccounted", Entry(decided.cause_id, decided.referral_id, "at triage", "decision without receipt")
            )

    def add_twice(self, decided: Decided) -> None:
        """One cause on which more than one decision was made: a person may be sent to two places."""
        self._enter(
            "unaccounted", Entry(decided.cause_id, decided.referral_id, "at triage", "two decisions for one cause")
        )

    def add_missing(self, output: Output) -> None:
        """One declared output that audit does not have."""
        self.missing.append(output)

    def close(self, heads: Mapping[Spot, int], causes: Mapping[UUID, Taken]) -> Account:
        """The account. `heads` are audit's last offsets by topic and partition, read after every row.

        `causes` are the events of intake behind the missing outputs, so far as they count.
        """
        account = self._account
        for event, decided, _ in self._open:
            account.decided += not decided and self._by_edit(event)
        account.audited = account.decided - len({o.cause_id for o in self.missing if o.cause_id in causes})
        for event, decided, audited in self._open:
            if not (audited and self._by_edit(event)):
                self._enter(*self._judge_taken(event, heads, decided=decided, audited=audited), event.received_at)
        for output in self.missing:
            cause, hold = causes.get(output.cause_id), self._holds.get(output.cause_id)
            if self.whole or cause or hold:
                since = cause.received_at if cause else hold.parked_at if hold else None
                self._enter(*self._judge_output(output, heads, cause), since)
        unmatched = [parked for parked in self.parked if self.whole and parked.cause_id not in self._found]
        account.parked += [Entry(None, parked.referral_id, "at triage", str(parked)) for parked in unmatched]
        return account

    def _enter(self, heading: Heading, entry: Entry, since: dt.datetime | None = None) -> None:
        if heading == "in_flight" and since and self.now - since > self.patience:
            minutes = (self.now - since) // dt.timedelta(minutes=1)
            heading, entry = "unaccounted", entry._replace(why=f"{entry.why}, {minutes} minutes after it was taken")
        getattr(self._account, heading).append(entry)

    def _judge_taken(
        self, event: Taken, heads: Mapping[Spot, int], *, decided: bool, audited: bool
    ) -> tuple[Heading, Entry]:
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
            return "parked", _entry(event, "at triage", str(parked))
        if event.offset > self._reached.get(event.partition, NOWHERE):
            return "in_flight", _entry(event, "Kafka to triage", f"triage has not come to {place} yet")
        return "unaccounted", _entry(event, "Kafka to triage", f"triage decided what came after {place}, but not this")

    def _judge_output(self, output: Output, heads: Mapping[Spot, int], cause: Taken | None) -> tuple[Heading, Entry]:
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

    def _by_edit(self, event: Taken) -> bool:
        """Whether the event was parked, and what a person sent in its place is decided."""
        parked = self._parked(event)
        return event.event_id in self._edited or (parked is not None and parked.cause_id in self._edited)

    def _edited_from(self, event_id: UUID) -> set[UUID]:
        """Every event that this one stands for: an edited record may have been parked again, and edited again."""
        found: set[UUID] = set()
        while (earlier := self.edits.get(event_id)) is not None and earlier not in found:
            found.add(earlier)
            event_id = earlier
        return found

    def _parked(self, event: Taken) -> Parked | None:
        """The parked record at the event's place; of the same referral, since topics made anew count from 0 again."""
        if event.partition is None or event.offset is None:
            return None
        place = (RECEIVED, event.partition, event.offset)
        return self._places.get((*place, event.referral_id)) or self._places.get((*place, None))

    def _overtaken(self, cause: Taken) -> bool:
        """Whether triage published what it made of a later event of the same partition."""
        if cause.partition is None or cause.offset is None:
            return False
        return cause.offset < self._published.get(cause.partition, NOWHERE)


def _entry(event: Taken, hop: str, why: str) -> Entry:
    return Entry(event.event_id, event.referral_id, hop, why, event.synthetic)


def _raise(reached: dict[int, int], partition: int, offset: int) -> None:
    reached[partition] = max(offset, reached.get(partition, NOWHERE))
