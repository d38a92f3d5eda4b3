"""What triage does with a batch: read, decide and record in one transaction, publish, note what was published."""

from __future__ import annotations

import datetime as dt
from collections import Counter as tally  # noqa: N813  (the other Counter is a metric)
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import Counter

from services.triage.causes import parked, read
from services.triage.store import Arrival, Store
from shared import topics
from shared.dead_letters import Parking, Unworkable
from shared.errors import Poison
from shared.fuse import Fuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.triage.rulebook import Rulebook
    from services.triage.settings import TriageSettings
    from shared.consumer import Batch, Stops
    from shared.events import Decision
    from shared.kafka import Publisher

DECIDED: Final = Counter("frontdoor_decided", "Decisions", ("kind", "setting", "urgency"))
HELD: Final = Counter("frontdoor_held", "Decisions that wait for a person at the hub", ("reason",))
PUBLISHED: Final = Counter("frontdoor_published", "Records published", ("topic",))


class Handler:
    """Handles the batches of `referrals.received`."""

    def __init__(
        self,
        settings: TriageSettings,
        store: Store,
        rulebook: Rulebook,
        publisher: Publisher,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._store, self._rulebook, self._publisher, self._clock = store, rulebook, publisher, clock
        self._fuse, self._generation = Fuse(settings), settings.topic_generation
        self._remembers = False  # what was read before this start
        self._parking = Parking(publisher, topics.TRIAGE_GROUP, clock)
        self._held_at: dict[tuple[str, int], int] = {}  # where partitions stop, their person being held by now

    async def __call__(self, batch: Batch) -> Stops:
        """Returns when every record is decided, published and accounted for; where a dead letter cannot be written, not."""
        if not self._remembers:
            self._fuse.remember(await self._store.newest(self._fuse.window))
            self._remembers = True
        arrivals, unworkable = self._read([record for records in batch.values() for record in records])
        written, stops = await self._parking.park(unworkable)
        arrivals = [arrival for arrival in arrivals if self._goes_on(arrival, stops)]
        outputs, decisions = await self._store.decide(arrivals, await self._rulebook.in_force(), self._clock())
        await self._note_parked(arrivals, written)
        offsets = await self._publisher.publish(outputs.records)
        await self._store.published(outputs, offsets)
        for partition in batch:
            self._held_at.pop(partition, None)
        self._held_at |= stops
        for topic, count in tally(record.topic for record in outputs.records).items():
            PUBLISHED.labels(topic).inc(count)
        _note(decisions)
        return stops

    def _read(self, records: Sequence[Any]) -> tuple[list[Arrival], list[Unworkable]]:
        arrivals, unworkable = [], []
        for record in records:
            place = (record.topic, record.partition, record.offset)
            try:
                arrivals.append(Arrival(read(record), *place))
            except Poison as poison:
                arrivals.append(Arrival(parked(record, poison.code, self._generation), *place, detail=poison.detail))
                unworkable.append(Unworkable(record, poison))
        self._fuse.check(records, [each.record for each in unworkable])
        return arrivals, unworkable

    def _goes_on(self, arrival: Arrival, stops: Stops) -> bool:
        """Whether an arrival is decided now. The one that stops its partition is, once: its person is held meanwhile."""
        place = (arrival.topic, arrival.partition)
        stop = stops.get(place)
        return stop is None or arrival.offset < stop or (arrival.offset == stop and self._held_at.get(place) != stop)

    async def _note_parked(self, arrivals: Sequence[Arrival], written: Mapping[Any, int | None]) -> None:
        """Where each parked record lies: acknowledged before any offset is committed."""
        lies = {
            arrival.seen.cause_id: written[place]
            for arrival in arrivals
            if (place := ((arrival.topic, arrival.partition), arrival.offset)) in written
        }
        if lies:
            await self._store.dead_letters_written(list(lies), list(lies.values()))


def _note(decisions: Sequence[Decision]) -> None:
    made = tally((d.kind, d.care_setting, d.urgency) for d in decisions)
    for labels, count in made.items():
        DECIDED.labels(*labels).inc(count)
    for reason, count in tally(d.hold_reason for d in decisions if d.hold_reason).items():
        HELD.labels(reason).inc(count)
