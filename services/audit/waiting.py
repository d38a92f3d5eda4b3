"""Dead letters that wait, by incident: one alert when one begins, one when it clears.

Read from audit's own rows (the dead letters, and what people did about them), so it is as true after a restart as
before, whoever parked and whoever works. Every instance shows the same figures; one instance says so in the log.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from prometheus_client import Gauge

from shared.cloudevents import Unreadable, from_json, unpack
from shared.errors import Transient
from shared.log import get_logger
from shared.operations import DeadLetterWorked
from shared.parked import letter_of
from shared.topics import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from services.audit.handlers import Handler
    from services.audit.store import Store

EVERY: Final = 5.0  # seconds between two looks
OVERLAP: Final = dt.timedelta(minutes=5)  # rows that another instance recorded may be seen later than younger ones
LABELS: Final = ("group", "code")

COUNT: Final = Gauge("frontdoor_dead_letters_waiting", "Dead letters about which nobody has done anything yet", LABELS)
OLDEST: Final = Gauge("frontdoor_dead_letters_oldest_seconds", "Since the oldest of them was parked", LABELS)
NEWEST: Final = Gauge("frontdoor_dead_letters_newest_seconds", "Since the newest of them was parked", LABELS)


class Incident(NamedTuple):
    """What waits of one group and code."""

    waiting: int
    first_seen: dt.datetime
    last_seen: dt.datetime


class Waiting:
    """Knows which dead letters wait, and looks every few seconds what was recorded since."""

    def __init__(self, store: Store, handler: Handler) -> None:
        self._store, self._handler = store, handler
        self._waiting: dict[UUID, tuple[tuple[str, str], dt.datetime]] = {}
        self._worked: set[UUID] = set()
        self._read_to = dt.datetime.min.replace(tzinfo=dt.UTC) + OVERLAP
        self._said: dict[tuple[str, str], Incident] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Looks until `stop`."""
        while not stop.is_set():
            try:
                await self.look(dt.datetime.now(dt.UTC))
            except Transient as error:
                get_logger().warning("waiting", step="dead letters", code=error.code)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)

    async def look(self, now: dt.datetime) -> None:
        """Reads what is new, shows it, and says what began and what cleared."""
        letters, steps = await self._store.dead_letters(self._read_to - OVERLAP)
        self._read_to = now
        self.take(letters, steps)
        self._show(now)
        if any(partition.topic == OPERATIONS for partition in self._handler.placed):
            self._say()

    def take(self, letters: Iterable[tuple[str, bytes]], steps: Iterable[bytes]) -> None:
        """What is recorded: each dead letter's stream and headers, and the values of the steps."""
        for value in steps:
            with suppress(Unreadable):
                self._worked.add(from_json(DeadLetterWorked, value).entry)
        for stream, headers in letters:
            with suppress(ValueError):
                if letter := letter_of(unpack(headers), stream):
                    self._waiting[letter.id] = (letter.group, letter.code), letter.failed_at
        for known in self._worked & self._waiting.keys():
            del self._waiting[known]

    def incidents(self) -> Mapping[tuple[str, str], Incident]:
        """What waits, by group and code."""
        seen: dict[tuple[str, str], list[dt.datetime]] = {}
        for incident, at in self._waiting.values():
            seen.setdefault(incident, []).append(at)
        return {incident: Incident(len(times), min(times), max(times)) for incident, times in seen.items()}

    def _show(self, now: dt.datetime) -> None:
        for gauge in (COUNT, OLDEST, NEWEST):
            gauge.clear()
        for labels, incident in self.incidents().items():
            COUNT.labels(*labels).set(incident.waiting)
            OLDEST.labels(*labels).set((now - incident.first_seen).total_seconds())
            NEWEST.labels(*labels).set((now - incident.last_seen).total_seconds())

    def _say(self) -> None:
        """Once when an incident begins, once when nothing of it waits any more; after a restart those that stand, again."""
        now = {key: _since(self._said.get(key, each), each) for key, each in self.incidents().items()}
        for (group, code), begun in now.items():
            if (group, code) not in self._said:
                first, last = begun.first_seen.isoformat(), begun.last_seen.isoformat()
                get_logger().error(
                    "dead letters wait", group=group, code=code, count=begun.waiting, first_seen=first, last_seen=last
                )
        for (group, code), ended in self._said.items():
            if (group, code) not in now:
                first, last = ended.first_seen.isoformat(), ended.last_seen.isoformat()
                get_logger().info("dead letters worked", group=group, code=code, first_seen=first, last_seen=last)
        self._said = now


def _since(before: Incident, now: Incident) -> Incident:
    """An incident that goes on: it began with what was seen first, also where that was worked meanwhile."""
    return now._replace(
        first_seen=min(before.first_seen, now.first_seen), last_seen=max(before.last_seen, now.last_seen)
    )
