"""The watch's two loops share what they know: a look at everything takes nothing from a look that is under way."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from services.frontdoor.watch.differences import Kind
from services.frontdoor.watch.look import SQL, Look
from shared.postgres import open_pool
from tests.builders import an_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.postgres import Pool
    from tests.stack import Database

STRAY = "INSERT INTO triage.parked VALUES ($1, $2, 'referrals.received', 0, 7, 'unreadable', '', $3)"


class Between:
    """A pool that does something else before one query, as another loop may."""

    def __init__(self, pool: Pool, query: str) -> None:
        self._pool, self._query = pool, query
        self.then: list[Callable[[], Awaitable[None]]] = []

    async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        if sql == self._query and self.then:
            await self.then.pop()()
        return list(await self._pool.fetch(sql, *arguments))


@pytest.mark.parametrize("query", ["events_at", "events", "edits", "decisions"])
async def test_a_parked_record_without_an_event_is_told_though_everything_is_looked_at_meanwhile(
    database: Database, query: str
) -> None:
    now = dt.datetime.now(dt.UTC)
    await database.fetch(STRAY, an_id("hold"), an_id("referral"), now)
    pool = await open_pool(dsn := database.dsn("frontdoor_reader"), "watch", 2)
    try:
        between = Between(pool, getattr(SQL, query))
        look = Look(between)  # type: ignore[arg-type]  # it passes every query on
        await look.at(now)
        between.then.append(lambda: look.at_the_rest(dsn))
        found = [await look.at(now), await look.at(now)]
    finally:
        await pool.close()
    assert [[(one.kind, one.referral_id) for one in each] for each in found] == [[(Kind.PARKED, an_id("referral"))]] * 2
    assert between.then == []
