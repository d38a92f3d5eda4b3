"""What comes by NHS MESH: it is retrieved, taken durably or kept as invalid, answered, and only then acknowledged.

MESH gives a message again until it is acknowledged, and knows no repeats: its message id is ours to find them by, where
the sender gave none of its own. One instance polls, by an advisory lock on a connection that it speaks on all the time.
Whatever happens in between, the message comes again, and is then a repeat: docs/decisions/0012-mesh.md.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from services.intake import metrics
from services.intake.relay import ACQUIRE, pause
from services.intake.store import SQL
from services.intake.transports import delivery
from services.intake.transports.mailbox import shaped
from shared.errors import Transient
from shared.log import about, get_logger
from shared.postgres import alone, backoff, transient
from shared.traceparent import continue_trace

if TYPE_CHECKING:
    from services.intake.taking.desk import Desk
    from services.intake.transports.mailbox import Mailbox
    from shared.health import Health
    from shared.postgres import Connection, Pool

LOOP: Final = "mesh"
STANDBY: Final = 1.0  # seconds between two tries to become the one who polls
BEAT: Final = 20.0  # seconds between two words on the connection that holds the lock (PostgreSQL ends a silent one)
PATIENCE: Final = 5  # tries of one message in its turn; then those behind it go first
LONGEST: Final = 600.0  # seconds between two tries of one message
AFTER_A_BUG: Final = 10.0  # seconds
VALID: Final = 12 * 3600.0  # seconds; MESH wants each mailbox validated within a day


class Late(NamedTuple):
    """A message that failed: how often, and when it is tried again (monotonic seconds)."""

    tries: int
    due: float


ON_TIME: Final = Late(0, 0)


class Poller:
    """Empties the mailbox, over and over."""

    def __init__(self, mailbox: Mailbox, pool: Pool, desk: Desk, health: Health) -> None:
        self._mailbox, self._pool, self._desk, self._health = mailbox, pool, desk, health
        self._settings = mailbox.settings
        self._attempt = 0
        self._validate_at = time.monotonic()
        self._late: dict[str, Late] = {}
        self._since: dict[
            str, dt.datetime
        ] = {}  # when MESH accepted what waits there; until that is known, first listed
        self._warned: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Polls until `stop`; while MESH or PostgreSQL is away, or another instance polls, it waits."""
        while not stop.is_set():
            self._health.tick(LOOP)
            try:
                with transient():
                    work = f"frontdoor.intake.mesh.{self._settings.mesh_mailbox}"
                    async with alone(self._pool, work, ACQUIRE) as connection:
                        if connection is not None:
                            await self._active(connection, stop)
                await pause(stop, STANDBY)
            except Transient as error:
                await self._wait(error, stop)
            except Exception as error:  # noqa: BLE001  (loud, and no reason to stop taking referrals in other ways)
                get_logger().error("mesh is not polled", error=type(error).__name__, exc_info=error)
                await pause(stop, AFTER_A_BUG)
        self._health.forget(LOOP)

    async def _active(self, connection: Connection, stop: asyncio.Event) -> None:
        get_logger().info("mesh poller active")
        try:
            while not stop.is_set():
                await self._hold(connection)  # what fails here ends the turn: the lock may be another's by now
                try:
                    await self._round(connection, stop)
                    self._attempt = 0
                    await self._rest(connection, stop)
                except Transient as error:
                    await self._wait(error, stop)
        finally:
            for gauge in (metrics.MESH_WAITING, metrics.MESH_AGE, metrics.INVALID, metrics.INVALID_AGE):
                gauge.set(0)  # the figures are those of whoever polls now

    async def _hold(self, connection: Connection) -> None:
        """Keeps the lock by a question that has to be asked anyway."""
        self._health.tick(LOOP)
        with transient():
            unsettled, oldest = await connection.fetchrow(SQL.unsettled, self._settings.mesh_mailbox, timeout=10) or (
                0,
                None,
            )
        metrics.INVALID.set(unsettled)
        metrics.INVALID_AGE.set(_age(oldest))
        metrics.MESH_AGE.set(_age(min(self._since.values(), default=None)))

    async def _rest(self, connection: Connection, stop: asyncio.Event) -> None:
        left = min([self._settings.mesh_poll, *(late.due - time.monotonic() for late in self._late.values())])
        while left > 0 and not stop.is_set():
            await pause(stop, min(left, BEAT))
            await self._hold(connection)
            left -= BEAT

    async def _wait(self, error: Transient, stop: asyncio.Event) -> None:
        self._attempt += 1
        get_logger().warning("mesh waits", code=error.code, why=error.detail, attempt=self._attempt)
        await pause(stop, backoff(self._attempt))

    async def _round(self, connection: Connection, stop: asyncio.Event) -> None:
        """Every message that waits and is due, in MESH's order; those that keep failing come after all others."""
        if time.monotonic() >= self._validate_at:
            await asyncio.to_thread(self._mailbox.validate)
            self._validate_at = time.monotonic() + VALID
        listed = await asyncio.to_thread(self._mailbox.waiting)
        metrics.MESH_POLLS.inc()
        for known in (self._late, self._since):
            for message_id in known.keys() - set(listed):
                del known[message_id]
        self._warned &= set(listed)
        self._since = dict.fromkeys(listed, dt.datetime.now(dt.UTC)) | self._since
        listed.sort(key=lambda message_id: max(0, self._late.get(message_id, ON_TIME).tries - PATIENCE))
        for place, message_id in enumerate(listed):
            metrics.MESH_WAITING.set(len(listed) - place)
            late = self._late.get(message_id)
            if stop.is_set() or (late and late.due > time.monotonic()):
                continue
            with about(traceparent=continue_trace(None)):
                await self._tried(connection, message_id)
        metrics.MESH_WAITING.set(len(self._late))

    async def _tried(self, connection: Connection, message_id: str) -> None:
        """One message. One that fails, for whatever reason, stays in MESH, and holds nobody up."""
        try:
            await self._one(connection, message_id)
        except Transient:
            self._put_off(message_id)
            raise
        except Exception as error:  # noqa: BLE001  (the line below is loud; the message is tried again)
            metrics.MESH_MESSAGES.labels("failed").inc()
            get_logger().error(
                "mesh message failed", mesh_id=shaped(message_id), error=type(error).__name__, exc_info=error
            )
            self._put_off(message_id, PATIENCE)
        else:
            self._attempt = 0
            self._late.pop(message_id, None)

    def _put_off(self, message_id: str, at_least: int = 0) -> None:
        tries = max(self._late.get(message_id, ON_TIME).tries, at_least) + 1
        pauses = backoff(tries - PATIENCE, LONGEST) if tries > PATIENCE else 0
        self._late[message_id] = Late(tries, time.monotonic() + pauses)

    async def _one(self, connection: Connection, message_id: str) -> None:
        found = await asyncio.to_thread(self._mailbox.retrieve, message_id)
        if found is None:
            return
        self._since[message_id] = found.accepted_at
        await self._hold(connection)
        reply = await delivery.dealt_with(self._desk, self._mailbox, found, self._warned)
        await delivery.answer(self._mailbox, found, reply, found.message_id)
        await self._hold(connection)
        await asyncio.to_thread(self._mailbox.acknowledge, message_id)
        metrics.MESH_ACKNOWLEDGED.inc()
        self._since.pop(message_id, None)


def _age(since: dt.datetime | None) -> float:
    return (dt.datetime.now(dt.UTC) - since).total_seconds() if since else 0
