"""What the three schemas hold, as the account sees it: rows that a test makes one event at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from services.frontdoor.account import Account, Decided, Output, Parked, Taken
from services.frontdoor.ledger import Ledger
from services.frontdoor.reconcile import Stream, merge
from shared.events import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
RECEIVED, ROUTED = "referrals.received", "referrals.routed.front-door"


def an_id(name: object) -> UUID:
    return uuid5(NAMESPACE, str(name))


class Rows(list[Any]):
    """Rows handed out in portions, as a cursor does, smaller than asked for."""

    async def fetch(self, _: int) -> list[Any]:
        portion, self[:] = self[:2], self[2:]
        return portion


@dataclass
class World:
    """What the three schemas hold: one partition, offsets in the order of the events."""

    taken: list[Taken] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    audited: set[UUID] = field(default_factory=set)
    heads: dict[tuple[str, int], int] = field(default_factory=dict)

    def event(self, *, published: bool = True, audited: bool = True, minutes_ago: int = 1) -> Taken:
        number, at = len(self.taken), NOW - minutes_ago * MINUTE
        offset = number if published else None
        event = Taken(an_id(number), an_id("ada"), number + 1, 0 if published else None, offset, False, at)
        self.taken.append(event)
        if audited and published:
            self.audited.add(event.event_id)
            self.heads[RECEIVED, 0] = max(self.heads.get((RECEIVED, 0), -1), offset or 0)
        return event

    def decide(self, cause: Taken, *, published: bool = True, audited: bool = True) -> Output:
        offset = len(self.outputs)
        event_id = an_id(f"output {offset}")
        spot = (ROUTED, 0, offset if published else None)
        self.outputs.append(Output(event_id, cause.event_id, cause.referral_id, published, *spot))
        if audited and published:
            self.audited.add(event_id)
            self.heads[ROUTED, 0] = max(self.heads.get((ROUTED, 0), -1), offset)
        return self.outputs[-1]

    def park(self, event: Taken) -> Taken:
        assert event.partition is not None
        assert event.offset is not None
        hold = an_id(f"hold {event.offset}")
        place = (RECEIVED, event.partition, event.offset)
        self.parked.append(Parked(hold, event.referral_id, *place, "unreadable", event.received_at))
        return event._replace(event_id=hold)

    async def account(self, **asked: Any) -> Account:
        causes: dict[UUID, Decided] = {}
        for output in self.outputs:
            published = output.published and (output.cause_id not in causes or causes[output.cause_id].published)
            causes[output.cause_id] = Decided(output.cause_id, published, output.referral_id)
        ledger = Ledger(self.parked, NOW, **asked)
        streams: list[Any] = [self.taken, causes.values(), self.outputs, [(each,) for each in self.audited]]
        await merge(ledger, *[await stream_of(rows) for rows in streams])
        return ledger.close(self.heads, {event.event_id: event for event in self.taken})


async def stream_of(rows: Iterable[tuple[Any, ...]]) -> Stream:
    return await Stream.begin(Rows(sorted(rows, key=lambda row: row[0])))
