"""The hub's queue as figures: who waits for a person there, and for whom that takes longer than their urgency allows.

`reason` is that of the hold; `sent-to-hub`: routed to a destination that the hub answers for, as an emergency is; `unanswered`:
routed to a team that has not answered in time, so that the hub must ask after them. `synthetic` ones are made up: a live hub sees
none of them, and no alert counts them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from prometheus_client import Gauge

from shared.errors import Transient
from shared.log import get_logger

if TYPE_CHECKING:
    from services.triage.store import Store
    from shared.health import Health

LOOP: Final = "hub"
EVERY: Final = 15.0  # seconds between two looks

LABELS: Final = ("reason", "urgency", "synthetic")
WAITING: Final = Gauge("frontdoor_hub_referrals", "Referrals that wait for a person at the hub", LABELS)
OLDEST: Final = Gauge("frontdoor_hub_oldest_seconds", "How long the first of them has waited", LABELS)
OVERDUE: Final = Gauge("frontdoor_hub_overdue_referrals", "Those of them that were due before now", LABELS)


async def follow(store: Store, health: Health, stop: asyncio.Event) -> None:
    """Shows the queue until `stop`. While PostgreSQL is away it is not known: no series."""
    while not stop.is_set():
        health.tick(LOOP)
        await _look(store)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY)
    health.forget(LOOP)


async def _look(store: Store) -> None:
    try:
        queue = await store.hub_queue()
    except Transient as error:
        queue = []
        get_logger().warning("waiting", step=LOOP, code=error.code)
    for gauge in (WAITING, OLDEST, OVERDUE):
        gauge.clear()
    now = dt.datetime.now(dt.UTC)
    for row in queue:
        labels = row["reason"], row["urgency"], "true" if row["synthetic"] else "false"
        WAITING.labels(*labels).set(row["referrals"])
        OLDEST.labels(*labels).set(max(0.0, (now - row["oldest"]).total_seconds()))
        OVERDUE.labels(*labels).set(row["overdue"])
