"""What triage does with a batch: read, decide and record in one transaction, publish, note what was published."""

from __future__ import annotations

import datetime as dt
from collections import Counter as tally  # noqa: N813  (the other Counter is a metric)
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import Counter

from services.triage.causes import parked, read
from services.triage.store import Arrival, Store
from shared import topics
from shared.dead_letters import dead_letter
from shared.errors import Bug, Poison
from shared.log import get_logger
from shared.traceparent import well_formed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from services.triage.rulebook import Rulebook
    from services.triage.settings import TriageSettings
    from shared.consumer import Batch
    from shared.events import Decision
    from shared.kafka import Publisher, Record

    Place = tuple[str, int, int]

DECIDED: Final = Counter("frontdoor_decided", "Decisions", ("kind", "setting", "urgency"))
HELD: Final = Counter("frontdoor_held", "Decisions that wait for a person at the hub", ("reason",))
PUBLISHED: Final = Counter("frontdoor_published", "Records published", ("topic",))
PARKED: Final = Counter("frontdoor_parked", "Records that can never work", ("code",))


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
        self._share, self._generation = settings.fuse_share, settings.topic_generation
        self._newest: dict[Place, bool] = {}  # whether each was poison; a batch that is tried again counts once
        self._window = settings.fuse_window

    async def __call__(self, batch: Batch) -> None:
        """Returns when every record of the batch is decided, published and accounted for."""
        arrivals, letters = self._read([record for records in batch.values() for record in records])
        now = self._clock()
        outputs, decisions = await self._store.decide(arrivals, await self._rulebook.in_force(), now)
        await self._park(arrivals, letters)
        offsets = await self._publisher.publish(outputs.records)
        await self._store.published(outputs, offsets)
        for topic, count in tally(record.topic for record in outputs.records).items():
            PUBLISHED.labels(topic).inc(count)
        _note(decisions)

    def _read(self, records: Sequence[Any]) -> tuple[list[Arrival], list[Record]]:
        arrivals, letters = [], []
        for record in records:
            place = (record.topic, record.partition, record.offset)
            try:
                arrivals.append(Arrival(read(record), *place))
                self._newest[place] = False
            except Poison as poison:
                self._newest[place] = True
                arrivals.append(Arrival(parked(record, poison.code, self._generation), *place, detail=poison.detail))
                letters.append(dead_letter(record, poison, topics.TRIAGE_GROUP, self._clock()))
        self._check_fuse()
        return arrivals, letters

    def _check_fuse(self) -> None:
        """Most records being poison is a fault of ours (a bad deploy): stop rather than park everyone."""
        for place in list(self._newest)[: -self._window]:
            del self._newest[place]
        poison, full = sum(self._newest.values()), len(self._newest) == self._window
        if full and poison > self._share * self._window:
            raise Bug("fuse", f"{poison} of the newest {self._window} records cannot be read")

    async def _park(self, arrivals: Sequence[Arrival], letters: Sequence[Record]) -> None:
        """Dead letters are acknowledged before any offset is committed; the person is held at the hub by then."""
        if letters:
            causes = [arrival.seen.cause_id for arrival in arrivals if arrival.seen.code]
            offsets = await self._publisher.publish(letters)
            await self._store.dead_letters_written(causes, offsets)
            for arrival in arrivals:
                seen = arrival.seen
                if code := seen.code:
                    PARKED.labels(code).inc()
                    get_logger().error(
                        "record parked",
                        code=code,
                        topic=arrival.topic,
                        partition=arrival.partition,
                        offset=arrival.offset,
                        referral_id=str(seen.referral_id) if seen.referral_id else None,
                        traceparent=well_formed(seen.traceparent),
                    )


def _note(decisions: Sequence[Decision]) -> None:
    made = tally((d.kind, d.care_setting, d.urgency) for d in decisions)
    for labels, count in made.items():
        DECIDED.labels(*labels).inc(count)
    for reason, count in tally(d.hold_reason for d in decisions if d.hold_reason).items():
        HELD.labels(reason).inc(count)
