"""Audit put together: its store, its consuming loop, the publication of its heads, the groups' lag, its health."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette

from services.audit import groups
from services.audit.announce import Announcer
from services.audit.handlers import Handler
from services.audit.settings import AuditSettings
from services.audit.store import Store
from services.audit.waiting import Waiting
from shared import topics
from shared.consumer import Consumer
from shared.health import Health, routes
from shared.kafka import Publisher
from shared.kafka_admin import cluster_id
from shared.log import configure
from shared.postgres import close_pool, open_pool
from shared.service import serve
from shared.signing import private_key


async def run() -> None:
    """Runs audit until it is told to stop."""
    settings = AuditSettings()
    configure("audit", settings.instance, settings.log_format, settings.log_level)
    key = private_key(settings.heads_key) if settings.heads_key else None
    health = Health(settings.max_tick_age)
    pool = await open_pool(settings.postgres_dsn, f"audit {settings.instance}", settings.postgres_pool)
    publisher = Publisher(settings)

    async def stream() -> str:
        return topics.stream_name(settings.stream or await cluster_id(settings), settings.topic_generation)

    store = Store(pool)
    handler = Handler(store, stream)
    consumer = Consumer(
        settings,
        health,
        topics=topics.AUDITED_TOPICS,
        group=topics.AUDIT_GROUP,
        handle=handler,
        assigned=handler.assigned,
    )
    others = partial(groups.follow, settings)
    announcer = Announcer(handler, store, publisher, settings.heads_seconds, key)
    waiting = Waiting(store, handler)
    try:
        await serve(
            settings, Starlette(routes=routes(health)), [consumer.run, announcer.run, others, waiting.run], health
        )
    finally:
        await publisher.close()
        await close_pool(pool)
