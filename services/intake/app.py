"""Intake put together: its HTTP edge, its store, the relay, and the consumer of what triage decided."""

from __future__ import annotations

import asyncio
import csv
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from services.intake import metrics
from services.intake.coding import Place
from services.intake.relay import Relay, measure
from services.intake.safety.screen import read_screen
from services.intake.senders import read_senders
from services.intake.settings import IntakeSettings, MeshSettings
from services.intake.status import StatusHandler
from services.intake.store import Store, connections
from services.intake.taking.desk import Desk
from services.intake.transports import bars
from services.intake.transports.admission import Admission
from services.intake.transports.bars import Bars
from services.intake.transports.csv import Csv
from services.intake.transports.json import Json, unknown_route
from services.intake.transports.mailbox import Mailbox
from services.intake.transports.mesh import Poller
from services.intake.transports.mllp.server import Mllp
from services.intake.transports.replies import Replies
from shared import topics
from shared.consumer import Consumer
from shared.errors import FrontDoorError
from shared.health import Health, routes
from shared.kafka import Publisher
from shared.localities import default_locality, read_localities
from shared.log import configure, get_logger
from shared.postgres import close_pool
from shared.service import serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from shared.postgres import Pool
    from shared.service import Loop


class Beside(Health):
    """The health of a part that intake can do without: its ticks count, its being ready is a figure (promise 1)."""

    def __init__(self, health: Health) -> None:
        super().__init__(max_tick_age=0)
        self._whole = health

    def tick(self, loop: str) -> None:
        """Loop `loop` turned just now."""
        self._whole.tick(loop)

    def forget(self, loop: str) -> None:
        """Loop `loop` ended on purpose."""
        self._whole.forget(loop)

    def check(self, name: str, ok: bool, why: str = "") -> None:  # noqa: ARG002, FBT001  (as in Health)
        """Whatever it says, intake goes on taking referrals."""
        metrics.FOLLOWED.set(ok)


def desk(settings: IntakeSettings, pool: Pool, wake: Callable[[], None]) -> Desk:
    """What the handlers work with, from the settings' files."""
    localities = read_localities(settings.localities)
    place = Place(
        localities=localities,
        default=default_locality(localities),
        screen=read_screen(settings.screen),
        secret=settings.person_secret.get_secret_value().encode(),
        deprivation=_deprivation(settings),
    )
    senders = read_senders(settings.sources, settings.teams, localities)
    return Desk(place, senders, Store(pool), settings.phone_now, wake)


def application(settings: IntakeSettings, desk: Desk, health: Health) -> Any:
    """The ASGI application."""
    admission = Admission(desk.senders, settings)
    standards = (Csv(desk, admission, settings), Json(desk, admission), Bars(desk, admission, settings))
    taken = [one for standard in standards for one in standard.routes()]
    return Starlette(routes=[*taken, *routes(health)], exception_handlers={HTTPException: _unknown_route})


async def _unknown_route(request: Request, error: Exception) -> Response:
    """404 and 405 in the form of the standard whose path it is."""
    if isinstance(error, HTTPException) and f"{request.url.path}/".startswith(f"{bars.BASE}/"):
        return bars.unknown_route(request, error)
    return await unknown_route(request, error)


def listeners(settings: IntakeSettings, desk: Desk, health: Health) -> list[Loop]:
    """What listens beside HTTP: MLLP, where a source speaks HL7 v2."""
    speaks = any(source.hl7 for source in desk.senders.sources)
    return [Mllp(settings, desk, Admission(desk.senders, settings), health).run] if speaks else []


async def run() -> None:
    """Runs intake until it is told to stop."""
    settings = IntakeSettings()
    configure("intake", settings.instance, settings.log_format, settings.log_level)
    health = Health(settings.max_tick_age)
    mailbox = Mailbox(MeshSettings()) if settings.mesh_url else None
    pool = await connections(settings)
    telling = await connections(settings, 1)  # its lock holds a connection, which taking referrals must not lack
    publisher, parking = Publisher(settings), Publisher(settings)
    relay = Relay(settings, pool, publisher, health)
    at_work = desk(settings, pool, relay.wake)
    status = StatusHandler(settings, at_work.store, parking, at_work.senders)
    statuses = partial(follow_triage, settings, status, Beside(health))
    try:
        app = application(settings, at_work, health)
        replies = Replies(settings, telling, at_work.senders, health)
        loops: list[Loop] = [relay.run, statuses, replies.run, partial(measure, pool, health)]
        loops += listeners(settings, at_work, health)
        loops += [Poller(mailbox, pool, at_work, health).run] if mailbox else []
        await serve(settings, app, loops, health)
    finally:
        await publisher.close()
        await parking.close()
        await close_pool(telling)
        await close_pool(pool)
        if mailbox is not None:
            mailbox.close()


async def follow_triage(settings: IntakeSettings, handle: StatusHandler, health: Health, stop: asyncio.Event) -> None:
    """Consumes what triage decided. A failure here is loud, and no reason to stop taking referrals."""
    routed = [*topics.ROUTED.values()]
    while not stop.is_set():
        try:
            await Consumer(settings, health, topics=routed, group=topics.STATUS_GROUP, handle=handle).run(stop)
        except Exception as error:  # noqa: BLE001  (promise 1 stands above statuses being fresh)
            metrics.FOLLOWED.set(0)
            code, why = (error.code, error.detail) if isinstance(error, FrontDoorError) else (None, None)
            name = type(error).__name__
            get_logger().error("statuses are not followed", code=code, why=why, error=name, exc_info=error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 10)


def _deprivation(settings: IntakeSettings) -> dict[str, int]:
    if settings.deprivation is None:
        return {}
    with settings.deprivation.open(newline="") as file:
        return {row["postcode"].replace(" ", "").upper(): int(row["quintile"]) for row in csv.DictReader(file)}
