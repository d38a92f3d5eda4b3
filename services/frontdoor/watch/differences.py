"""What is not through, of what kind, and for how long that may be. Pure: rows in, differences out.

`frontdoor reconcile` judges everything at once and by offsets; the watch judges what it follows, by time: whoever waits
longer than their urgency allows has somebody looking for them, whatever the reason is.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, get_args
from uuid import UUID

from shared.codes import Urgency, most_urgent
from shared.operations import Step
from shared.parked import step_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from services.frontdoor.account import Parked, Taken


class Kind(StrEnum):
    """What is wrong or not done yet."""

    NOT_PUBLISHED = "not published"
    NOT_DECIDED = "not decided"
    NOT_SENT_ON = "decided and not published"
    NOT_AUDITED = "not audited"
    NO_RECEIPT = "decision without receipt"
    DECIDED_TWICE = "two decisions for one cause"
    PARKED = "parked and waiting"


HOPS: Final = {
    Kind.NOT_PUBLISHED: "intake to Kafka",
    Kind.NOT_DECIDED: "Kafka to triage",
    Kind.NOT_SENT_ON: "triage to Kafka",
    Kind.NOT_AUDITED: "Kafka to audit",
    Kind.NO_RECEIPT: "at triage",
    Kind.DECIDED_TWICE: "at triage",
    Kind.PARKED: "at triage",
}
IMPOSSIBLE: Final = {Kind.NO_RECEIPT, Kind.DECIDED_TWICE}  # nothing that runs makes them: no time is allowed
ALLOWED: Final = {
    Urgency.EMERGENCY: dt.timedelta(minutes=1),
    Urgency.VERY_URGENT: dt.timedelta(minutes=1),
    Urgency.URGENT: dt.timedelta(minutes=15),
    Urgency.ROUTINE: dt.timedelta(hours=4),
}
Key = tuple[Kind, UUID]


class Made(NamedTuple):
    """A row of `triage.accounting`: one output of one decision."""

    cause_id: UUID
    decision_id: UUID
    referral_id: UUID | None
    decided_at: dt.datetime
    published: bool
    output_id: UUID


class Known(NamedTuple):
    """Whose an event or a referral is, and how urgent; None where nobody said."""

    locality: str | None
    urgency: Urgency | None


class Difference(NamedTuple):
    """One event, output or cause (`id`) that is not through `since` then; `urgency` None is not known."""

    kind: Kind
    id: UUID
    cause_id: UUID
    referral_id: UUID | None
    since: dt.datetime
    synthetic: bool = False
    urgency: Urgency | None = None
    locality: str | None = None

    @property
    def key(self) -> Key:
        """What it is known by from one look to the next."""
        return self.kind, self.id

    def is_overdue(self, now: dt.datetime) -> bool:
        """Whether it has lasted for longer than its urgency allows; one that nobody knows is the most urgent."""
        return self.kind in IMPOSSIBLE or now - self.since >= ALLOWED[self.urgency or Urgency.EMERGENCY]


@dataclass
class Seen:
    """What the schemas said: read upstream first, but for `receipts`, the causes that intake knows, read last.

    `parked` are records that triage could not read, by the event of intake that they are; `strays` those that are none.
    `edits` are events that a person sent in place of a parked one, each with the id of that one (or of the parked record).
    `worked` are the steps that people took about parked records, by their ids, each with the event that the record was.
    """

    events: Mapping[UUID, Taken]
    made: Iterable[Made] = ()
    audited: set[UUID] = field(default_factory=set)
    receipts: set[UUID] = field(default_factory=set)
    parked: Mapping[UUID, Parked] = field(default_factory=dict)
    strays: Iterable[Parked] = ()
    edits: Mapping[UUID, UUID] = field(default_factory=dict)
    worked: Mapping[UUID, UUID | None] = field(default_factory=dict)

    def replaced(self, made: Iterable[UUID]) -> set[UUID]:
        """What the edited events among the decided stand for: one may have been parked again, and edited again."""
        found: set[UUID] = set()
        for event_id in made:
            while (earlier := self.edits.get(event_id)) is not None and earlier not in found:
                found.add(earlier)
                event_id = earlier  # noqa: PLW2901  (along the chain of edits)
        return found

    def is_worked(self, parked: Parked) -> bool:
        """Whether a person did something about it."""
        return any(step_id(parked.cause_id, step) in self.worked for step in get_args(Step))

    def let_be(self) -> set[UUID]:
        """What a person discarded: holds of parked records, their events, and what those had been edited from.

        Nobody waits for the record any more; the referral is with the hub, and unanswered there as any that is held.
        """
        holds = {
            parked.cause_id: step_id(parked.cause_id, "discarded") for parked in (*self.parked.values(), *self.strays)
        }
        ids = {
            each for hold, step in holds.items() if step in self.worked for each in (hold, self.worked[step]) if each
        }
        return ids | self.replaced(ids)


def sent_again(strays: Iterable[Parked], worked: Mapping[UUID, UUID | None]) -> dict[UUID, UUID]:
    """Of replayed records that are none of intake's at their place (a replay was parked again): the event that each is."""
    found = {parked.cause_id: worked.get(step_id(parked.cause_id, "replayed")) for parked in strays}
    return {hold: event_id for hold, event_id in found.items() if event_id}


def differences(seen: Seen) -> list[Difference]:
    """Everything that is not through, each event and output under one kind."""
    made: dict[UUID, list[Made]] = defaultdict(list)
    for row in seen.made:
        made[row.cause_id].append(row)
    replaced, let_be = seen.replaced(made), seen.let_be()
    again = {hold for hold, event in sent_again(seen.strays, seen.worked).items() if event in made.keys() | let_be}
    found: list[Difference] = []
    for event in seen.events.values():
        parked = seen.parked.get(event.event_id)
        ids = {event.event_id, parked.cause_id} if parked else {event.event_id}
        left = parked is not None and seen.is_worked(parked) and bool(ids & let_be)
        found += _event(event, seen, settled=event.event_id in made or bool(ids & replaced) or left)
    found += [each for cause, rows in made.items() for each in _decision(cause, rows, seen)]
    return found + [
        _waiting(parked, None) for parked in seen.strays if parked.cause_id not in replaced | let_be | again
    ]


def _event(event: Taken, seen: Seen, *, settled: bool) -> Iterator[Difference]:
    """Settled is what is decided, or was discarded by a person."""
    if settled and event.event_id in seen.audited:
        return
    parked = seen.parked.get(event.event_id)
    if parked and not settled:
        yield _waiting(parked, event)
        return
    published = event.partition is not None and event.offset is not None
    kind = Kind.NOT_AUDITED if settled else Kind.NOT_DECIDED if published else Kind.NOT_PUBLISHED
    yield Difference(kind, event.event_id, event.event_id, event.referral_id, event.received_at, event.synthetic)


def _waiting(parked: Parked, event: Taken | None) -> Difference:
    which, synthetic = (event.event_id, event.synthetic) if event else (parked.cause_id, False)
    referral_id = event.referral_id if event else parked.referral_id
    return Difference(Kind.PARKED, which, which, referral_id, parked.parked_at, synthetic)


def _decision(cause: UUID, rows: list[Made], seen: Seen) -> Iterator[Difference]:
    event, first = seen.events.get(cause), rows[0]
    since = event.received_at if event else first.decided_at
    synthetic = bool(event and event.synthetic)
    holds = {parked.cause_id for parked in (*seen.parked.values(), *seen.strays)}
    if not event and cause not in seen.receipts | holds | seen.edits.keys():
        yield Difference(Kind.NO_RECEIPT, cause, cause, first.referral_id, since)
    if len({row.decision_id for row in rows}) > 1:
        yield Difference(Kind.DECIDED_TWICE, cause, cause, first.referral_id, since, synthetic)
    for row in {row.output_id: row for row in rows}.values():
        if row.output_id not in seen.audited:
            kind = Kind.NOT_AUDITED if row.published else Kind.NOT_SENT_ON
            yield Difference(kind, row.output_id, cause, row.referral_id, since, synthetic)


def as_known(found: Difference, asked: Known | None, standing: Known | None) -> Difference:
    """With its urgency, the most urgent of what its sender asked for and what stands, and whose it is."""
    said = [known.urgency for known in (asked, standing) if known and known.urgency]
    places = [known.locality for known in (asked, standing) if known and known.locality]
    urgency = most_urgent(*said) if said else None
    return found._replace(urgency=urgency, locality=places[0] if places else None)
