"""Triage put together: its store, its rules, its consuming loop and its health."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette

from services.triage import hub
from services.triage.behind import demand_whole
from services.triage.handlers import Handler
from services.triage.rulebook import Rulebook
from services.triage.settings import TriageSettings
from services.triage.store import Store
from shared import topics
from shared.behind import OnlyIfWhole
from shared.consumer import Consumer
from shared.health import Health, routes
from shared.kafka import Publisher
from shared.localities import default_locality, read_localities
from shared.log import configure
from shared.postgres import close_pool, open_pool
from shared.service import serve


async def run() -> None:
    """Runs triage until it is told to stop."""
    settings = TriageSettings()
    configure("triage", settings.instance, settings.log_format, settings.log_level)
    localities = read_localities(settings.localities)
    health = Health(settings.max_tick_age)
    pool = await open_pool(settings.postgres_dsn, f"triage {settings.instance}", settings.postgres_pool)
    outputs, announcements = Publisher(settings), Publisher(settings)
    rulebook = Rulebook(settings, pool, announcements, health, localities)
    whole = OnlyIfWhole("triage.decision", partial(demand_whole, settings))
    store = Store(pool, localities, default_locality(localities), whole)
    queue = partial(hub.follow, store, health)
    consumer = Consumer(
        settings,
        health,
        topics=[topics.RECEIVED],
        group=topics.TRIAGE_GROUP,
        handle=Handler(settings, store, rulebook, outputs),
    )
    try:
        await serve(settings, Starlette(routes=routes(health)), [consumer.run, rulebook.watch, queue], health)
    finally:
        await outputs.close()
        await announcements.close()
        await close_pool(pool)
