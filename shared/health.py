"""Liveness, readiness and metrics over HTTP.

Live means that every loop of the process still turns (the age of its tick); ready means that it can do its work
now, and says why not. A loop that waits out an outage ticks: it is live and not ready.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

READY = Gauge("frontdoor_ready", "1 while every part can do its work, as /ready says")


class Health:
    """Ticks of loops and reasons for not being ready; `clock` is monotonic seconds."""

    def __init__(self, max_tick_age: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.max_tick_age = max_tick_age
        self._clock = clock
        self._ticks: dict[str, float] = {}
        self._not_ready: dict[str, str] = {}

    def tick(self, loop: str) -> None:
        """Loop `loop` turned just now."""
        self._ticks[loop] = self._clock()

    def forget(self, loop: str) -> None:
        """Loop `loop` ended on purpose."""
        self._ticks.pop(loop, None)

    def check(self, name: str, ok: bool, why: str = "") -> None:  # noqa: FBT001  (reads as a sentence at the call)
        """Sets whether part `name` can do its work, and why not."""
        if ok:
            self._not_ready.pop(name, None)
        else:
            self._not_ready[name] = why

    def live(self) -> tuple[bool, dict[str, float]]:
        """Whether every loop turned recently, and the age of each tick in seconds."""
        now = self._clock()
        ages = {loop: round(now - at, 1) for loop, at in self._ticks.items()}
        return all(age <= self.max_tick_age for age in ages.values()), ages

    def ready(self) -> tuple[bool, dict[str, str]]:
        """Whether every part can do its work, and for the others why not."""
        return not self._not_ready, dict(self._not_ready)


def routes(health: Health) -> list[Route]:
    """/live, /ready and /metrics."""

    async def live(_: Request) -> Response:
        ok, ages = health.live()
        return JSONResponse({"live": ok, "tick_age_seconds": ages}, 200 if ok else 503)

    async def ready(_: Request) -> Response:
        ok, why = health.ready()
        return JSONResponse({"ready": ok, "why_not": why}, 200 if ok else 503)

    async def metrics(_: Request) -> Response:
        READY.set(health.ready()[0])
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/live", live), Route("/ready", ready), Route("/metrics", metrics)]
