"""The group `intake-status`: what triage decided, as far as senders and teams may know it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from services.intake import metrics
from shared.cloudevents import Unreadable, from_json, header
from shared.codes import Status
from shared.dead_letters import Parking, Unworkable
from shared.errors import Poison
from shared.events import Decision
from shared.fuse import Fuse
from shared.log import get_logger
from shared.topics import STATUS_GROUP

if TYPE_CHECKING:
    from services.intake.senders import Senders
    from services.intake.settings import IntakeSettings
    from services.intake.store import Store
    from shared.consumer import Batch, Stops
    from shared.kafka import Publisher


YEARS = range(2000, 3000)
Text = Annotated[str, Meta(pattern=r"^[^\x00]*$")]  # PostgreSQL keeps no NUL
Whole = Annotated[int, Meta(ge=0, lt=2**31)]


class Noted(Decision, kw_only=True):
    """A decision that PostgreSQL can keep: one that it could not would otherwise be tried for ever."""

    sequence: Whole
    cause_sequence: Whole | None = None
    destination: Text
    told: tuple[Text, ...] = ()
    decided_at: Annotated[dt.datetime, Meta(tz=True)]


class StatusHandler:
    """Handles the batches of the routed topics; `senders` say which team stands for what."""

    def __init__(self, settings: IntakeSettings, store: Store, publisher: Publisher, senders: Senders) -> None:
        self._fuse, self._store, self._senders = Fuse(settings), store, senders
        self._parking = Parking(publisher, STATUS_GROUP, lambda: dt.datetime.now(dt.UTC))

    async def __call__(self, batch: Batch) -> Stops:
        """Returns when every decision is noted and every record that can never work is parked, or where it could not be."""
        decisions, unworkable = [], []
        for partition, record in ((partition, record) for partition, records in batch.items() for record in records):
            try:
                decisions.append((partition, record, decision_in(record)))
            except Poison as poison:
                unworkable.append(Unworkable(record, poison))
        self._fuse.check((record for records in batch.values() for record in records), (r.record for r in unworkable))
        _, stops = await self._parking.park(unworkable)
        noted = [
            (record, decision)
            for partition, record, decision in decisions
            if partition not in stops or record.offset < stops[partition]
        ]
        await self._store.note_decisions([decision for _, decision in noted])
        for record, decision in noted:
            if header(record.headers, "ce_synthetic") != "true":
                self._check_received(decision)
        return stops

    def _check_received(self, decision: Decision) -> None:
        """Rules change while services run, teams at a start: a destination may come that no team stands for yet."""
        if decision.status == Status.CANCELLED:
            return
        for name in sorted({decision.destination, *decision.told}):
            if self._senders.receives(name, decision.locality):
                continue
            metrics.NOBODY_RECEIVES.labels(name).inc()
            why = "no team of FRONTDOOR_TEAMS stands for it: nobody there sees this referral"
            get_logger().error("no team receives", destination=name, referral_id=str(decision.referral_id), why=why)


def decision_in(record: Any) -> Decision:
    """The decision in a record of a routed topic; `Poison` where there is none."""
    try:
        decision = from_json(Noted, record.value or b"")
    except Unreadable as error:
        raise Poison("not-a-decision", str(error)) from None
    if decision.decided_at.year not in YEARS:
        raise Poison("not-a-decision", "decided_at: no time in a year that a calendar reaches")
    return decision
