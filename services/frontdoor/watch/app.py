"""The watch put together: its loops and its health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette

from services.frontdoor.watch.canary import Canary
from services.frontdoor.watch.rounds import Rounds
from shared.health import Health, routes
from shared.log import configure
from shared.postgres import close_pool, open_pool
from shared.service import serve

if TYPE_CHECKING:
    from services.frontdoor.watch.settings import WatchSettings


async def run(settings: WatchSettings) -> None:
    """Watches until it is told to stop."""
    configure("watch", settings.instance, settings.log_format, settings.log_level)
    health = Health(settings.max_tick_age)
    pool = await open_pool(settings.postgres_dsn, f"watch {settings.instance}", 2)
    rounds = Rounds(pool, settings, health)
    loops = [rounds.run, rounds.run_whole]
    if settings.canary_key:
        loops.append(Canary(pool, settings, settings.canary_key.get_secret_value()).run)
    try:
        await serve(settings, Starlette(routes=routes(health)), loops, health)
    finally:
        await close_pool(pool)
