"""The watch's loops: a look at what is not through, another at everything, and what they tell."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING

from services.frontdoor.watch import telling
from services.frontdoor.watch.following import Answers, follow
from services.frontdoor.watch.look import Look
from shared.errors import Transient
from shared.log import get_logger

if TYPE_CHECKING:
    from services.frontdoor.watch.differences import Key
    from services.frontdoor.watch.following import Noted
    from services.frontdoor.watch.settings import WatchSettings
    from shared.health import Health
    from shared.postgres import Pool


class Rounds:
    """Looks, compares with the look before, and tells what is new. What stood when it started is told anew."""

    def __init__(self, pool: Pool, settings: WatchSettings, health: Health) -> None:
        self._settings, self._health = settings, health
        self._look, self._answers = Look(pool), Answers()
        self._noted: dict[Key, Noted] = {}
        self._all_known = False  # every referral that waits for an answer, since the last look at everything

    async def run(self, stop: asyncio.Event) -> None:
        """A round every so many seconds until `stop`."""
        self._health.check("round", ok=False, why="nothing was looked at yet")
        while not stop.is_set():
            self._health.tick("rounds")
            try:
                await self.round(dt.datetime.now(dt.UTC))
                self._health.check("round", ok=True)
            except Transient as error:
                self._health.check("round", ok=False, why=error.code)
                get_logger().warning("waiting", step="round", code=error.code)
            await _pause(stop, self._settings.watch_every)

    async def run_whole(self, stop: asyncio.Event) -> None:
        """A look at everything, at the start and every so many seconds."""
        while not stop.is_set():
            try:
                await self.whole()
            except Transient as error:
                get_logger().warning("waiting", step="whole", code=error.code)
                await _pause(stop, self._settings.watch_every)
            else:
                await _pause(stop, self._settings.watch_whole)

    async def whole(self) -> None:
        """Has the next rounds follow whatever is not through, however old."""
        await self._look.at_the_rest(self._settings.postgres_dsn)
        self._all_known = False

    async def round(self, now: dt.datetime) -> None:
        """One look, and what is new since the last; `Transient` while PostgreSQL is away."""
        everything, self._all_known = not self._all_known, True
        try:
            answered = self._answers.learn(await self._look.answers(now, everything=everything))
        except Transient:
            self._all_known = False
            raise
        self._noted, news = follow(self._noted, await self._look.at(now), now)
        stages = self._answers.stages(now)
        telling.show(self._noted.values(), stages, now)
        telling.tell(news, now)
        telling.tell_answers(self._answers.news(stages), answered)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
