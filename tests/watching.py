"""The watch over a test's own database, at times that the test says: looks, and what they told."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import REGISTRY
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from services.frontdoor.watch.rounds import Rounds
from services.frontdoor.watch.settings import WatchSettings
from shared.health import Health
from shared.postgres import open_pool

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator

    from tests.stack import Database


class Watching:
    """`at` looks at a time; the lines that were told then."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds

    async def at(self, now: dt.datetime) -> list[dict[str, Any]]:
        with capture_logs(processors=[merge_contextvars]) as lines:
            await self.rounds.round(now)
        return [dict(line) for line in lines]

    async def twice_at(self, now: dt.datetime) -> list[dict[str, Any]]:
        """What two looks tell, of which the first alone tells nothing that may be a moment's work."""
        return [*await self.at(now), *await self.at(now)]


@asynccontextmanager
async def watching(database: Database, **settings: Any) -> AsyncIterator[Watching]:
    """A watch of its own, as the reader role; it has looked at everything once."""
    dsn = database.dsn("frontdoor_reader")
    structlog.contextvars.clear_contextvars()
    pool = await open_pool(dsn, "watch", 2)
    try:
        rounds = Rounds(pool, WatchSettings(postgres_dsn=dsn, **settings), Health(240))
        await rounds.whole()
        yield Watching(rounds)
    finally:
        await pool.close()


def told(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Each line's event and what it is about."""
    return [(line["event"], line.get("kind") or line.get("stage") or "") for line in lines]


def metric(name: str, **labels: str) -> float:
    """The sum of every series with these labels."""
    return sum(
        sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
