"""A canary goes all the way and is cancelled again; one that does not arrive is an alarm; nobody real is ever one."""

from __future__ import annotations

import datetime as dt
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from structlog.testing import capture_logs

from services.frontdoor.watch.canary import REFERRAL, Canary
from services.frontdoor.watch.settings import WatchSettings
from shared.postgres import open_pool
from tests.stack import KEYS
from tests.waiting import eventually
from tests.watching import metric

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stack import Stack

HOUR = dt.timedelta(hours=1)


class Flown:
    """A canary over a stack, stepped at times that the test says, and the lines that it told."""

    def __init__(self, canary: Canary) -> None:
        self.canary, self.lines = canary, list[Any]()

    async def at(self, now: dt.datetime) -> list[str]:
        with capture_logs() as lines:
            await self.canary.step(now)
        self.lines += lines
        return [line["event"] for line in lines]

    async def until(self, event: str, now: dt.datetime) -> dict[str, Any]:
        async def told() -> bool:
            return event in await self.at(now)

        await eventually(told, 60)
        return next(dict(line) for line in reversed(self.lines) if line["event"] == event)


@asynccontextmanager
async def flying(stack: Stack, key: str = "synthetic") -> AsyncIterator[Flown]:
    dsn = stack.database.dsn("frontdoor_reader")
    pool = await open_pool(dsn, "watch", 2)
    settings = WatchSettings(postgres_dsn=dsn, intake_url=stack.url("intake"))
    try:
        yield Flown(Canary(pool, settings, KEYS[key]))
    finally:
        await pool.close()


async def sent(stack: Stack) -> list[tuple[str, bool, int]]:
    """Each canary's referral, whether it is synthetic, and how many messages there are about it."""
    rows = await stack.fetch(
        "SELECT referral_id, bool_and(synthetic) AS synthetic, count(*) AS messages FROM intake.accounting "
        "GROUP BY referral_id ORDER BY min(received_at)"
    )
    return [(str(row["referral_id"]), row["synthetic"], row["messages"]) for row in rows]


async def test_it_arrives_each_hour_counts_as_nobody_and_waits_in_no_queue(stack: Stack) -> None:
    stack.start("intake", "triage", "audit")
    first = dt.datetime(2026, 11, 23, 10, 59, tzinfo=dt.UTC)
    async with flying(stack) as flown:
        arrived = await flown.until("canary arrived", first)
        assert 0 < arrived["seconds"] == round(metric("frontdoor_canary_seconds"), 3)
        assert metric("frontdoor_canary_arrived_seconds") > 0
        assert metric("frontdoor_canary_overdue") == 0
        await flown.at(first)
        assert await sent(stack) == [(arrived["referral_id"], True, 2)], "sent once, cancelled once"
        second = await flown.until("canary arrived", first + HOUR)
        assert second["referral_id"] != arrived["referral_id"]
    async with flying(stack) as restarted:
        again = await restarted.until("canary arrived", first + HOUR)
        assert again["referral_id"] == second["referral_id"], "after a restart it is the same referral"
    await eventually(lambda: stack.fetch("SELECT 1 FROM triage.standing HAVING bool_and(status = 'cancelled')"), 60)
    assert [messages for _, _, messages in await sent(stack)] == [2, 2]


async def test_one_that_does_not_arrive_is_an_alarm_once_and_cancelled_all_the_same(stack: Stack) -> None:
    stack.start("intake", "audit")
    start = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
    async with flying(stack) as flown:
        assert await flown.at(start) == []
        assert await flown.at(start + dt.timedelta(seconds=60)) == []
        assert await flown.at(start + dt.timedelta(seconds=61)) == ["canary overdue"]
        assert await flown.at(start + dt.timedelta(seconds=62)) == []
        assert (metric("frontdoor_canary_overdue"), (await sent(stack))[0][2]) == (1, 2)
        personal = str([*REFERRAL["person"]["name"].values(), REFERRAL["person"]["born"]])  # type: ignore[index]  # a document
        assert not any(word in str(flown.lines) for word in personal.strip("[]'").split("', '"))
        assert (await flown.at(start + HOUR), metric("frontdoor_canary_overdue")) == ([], 1), (
            "the next says nothing yet"
        )
        stack.start("triage")
        await flown.until("canary arrived", start + HOUR + dt.timedelta(seconds=5))
        assert metric("frontdoor_canary_overdue") == 0


async def test_where_intake_is_away_it_is_overdue_too_and_sent_once_intake_is_back(stack: Stack) -> None:
    stack.start("intake", "triage", "audit")
    start = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
    async with flying(stack) as flown:
        stack.stop("intake")
        assert await flown.at(start) == []
        assert await flown.at(start + dt.timedelta(seconds=61)) == ["canary overdue"]
        assert flown.lines[-1]["why"] == "intake-away"
        stack.start("intake")
        await flown.until("canary arrived", start + dt.timedelta(minutes=5))
        assert [messages for _, _, messages in await sent(stack)] == [2]


async def test_while_a_newer_one_is_overdue_an_older_one_that_arrives_ends_no_alarm(stack: Stack) -> None:
    stack.start("intake", "audit")
    start = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
    async with flying(stack) as flown:
        assert await flown.at(start) == []
        await eventually(
            lambda: stack.fetch("SELECT 1 FROM intake.outbox HAVING bool_and(published_at IS NOT NULL)"), 60
        )
        stack.stop("intake")
        assert await flown.at(start + dt.timedelta(seconds=61)) == ["canary overdue"]
        assert await flown.at(start + HOUR) == []
        assert await flown.at(start + HOUR + dt.timedelta(seconds=61)) == ["canary overdue"]
        stack.start("triage")
        first = await flown.until("canary arrived", start + HOUR + dt.timedelta(seconds=62))
        assert metric("frontdoor_canary_overdue") == 1
        stack.start("intake")
        second = await flown.until("canary arrived", start + HOUR + dt.timedelta(seconds=63))
        assert (metric("frontdoor_canary_overdue"), first["referral_id"] != second["referral_id"]) == (0, True)


async def test_a_source_of_real_people_sends_none_and_the_alarm_says_why(stack: Stack) -> None:
    stack.start("intake")
    start = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
    async with flying(stack, "gp") as flown:
        await flown.at(start)
        assert await flown.at(start + dt.timedelta(seconds=61)) == ["canary overdue"]
        assert flown.lines[-1]["why"] == "not-synthetic"
    assert await sent(stack) == []
