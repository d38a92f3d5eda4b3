"""The relay: what was taken is published, in the order of each referral, also after any failure.

Unpublished rows are taken by id (never by a high-water mark: ids commit out of order), at most one of each referral a
round, so a failed send never lets the next event of that referral pass. One relay is active, by an advisory lock on
the very connection that reads and notes; the lock does not fence sends in flight, so a record may appear twice.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from services.intake import metrics
from services.intake.behind import demand_whole
from services.intake.store import SQL
from services.intake.taking.receipts import MOST_BYTES
from shared import topics
from shared.behind import OnlyIfWhole
from shared.cloudevents import unpack
from shared.errors import FrontDoorError, Transient
from shared.kafka import Record, partition_of
from shared.kafka_admin import check_topics, partitions_of
from shared.log import get_logger
from shared.postgres import alone, backoff, transient

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from services.intake.settings import IntakeSettings
    from shared.health import Health
    from shared.kafka import Publisher
    from shared.postgres import Connection, Pool

LOOP: Final = "relay"
STANDBY: Final = 1.0  # seconds between two tries to become the active relay
ACQUIRE: Final = 10  # seconds that a free connection is waited for
PATIENCE: Final = 5  # seconds that a send in flight gets once the service is to stop
MEASURE: Final = 2.0  # seconds between two looks at the whole outbox


class Relay:
    """Publishes the outbox; `wake` makes it look at once."""

    def __init__(self, settings: IntakeSettings, pool: Pool, publisher: Publisher, health: Health) -> None:
        self._settings, self._pool, self._publisher, self._health = settings, pool, publisher, health
        self._woken = asyncio.Event()
        self._attempt = 0
        self._whole = OnlyIfWhole("intake.receipt", self._look)
        # Longer than topics, a produce and a note take at their limits: what takes longer hangs, and others must go on.
        self._longest = 2 * (settings.kafka_send_timeout + settings.kafka_stop_timeout)

    def wake(self) -> None:
        """There is something to publish."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publishes until `stop`; while Kafka or PostgreSQL is away, or another relay is active, it waits."""
        while not stop.is_set():
            self._health.tick(LOOP)
            try:
                with transient():
                    async with alone(self._pool, "frontdoor.intake.relay", ACQUIRE) as connection:
                        if connection is not None:
                            await self._active(connection, stop)
                await pause(stop, STANDBY)
            except Transient as error:
                await self._wait(error, stop)
        self._health.forget(LOOP)

    async def _active(self, connection: Connection, stop: asyncio.Event) -> None:
        get_logger().info("relay active")
        while not stop.is_set():
            self._health.tick(LOOP)
            self._woken.clear()
            rows = first_of_each(await connection.fetch(SQL.unpublished, self._settings.batch_records, timeout=10))
            if not rows:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._settings.relay_poll)
                continue
            try:
                async with asyncio.timeout(self._longest):
                    await self._ticking(self._publish(connection, rows), stop)
            except FrontDoorError as error:
                await self._wait(error, stop)

    async def _wait(self, error: FrontDoorError, stop: asyncio.Event) -> None:
        """Waits a while; also where topics are not as the settings say: intake goes on taking referrals."""
        self._attempt += 1
        log = get_logger().warning if isinstance(error, Transient) else get_logger().error
        log("relay waits", code=error.code, why=error.detail, attempt=self._attempt)
        await pause(stop, backoff(self._attempt))

    async def _ticking(self, work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
        """A loop that waits out an outage is alive; once it is to stop, it does not wait for long."""
        task, patience = asyncio.ensure_future(work), PATIENCE
        try:
            while patience and not (await asyncio.wait({task}, timeout=1))[0]:
                self._health.tick(LOOP)
                patience -= stop.is_set()
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=1)

    async def _look(self, connection: Connection) -> None:
        await check_topics(self._settings)
        await demand_whole(self._settings, connection)

    async def _publish(self, connection: Connection, rows: Sequence[Any]) -> None:
        await self._whole(connection)
        records = [self._record(row) for row in rows]
        offsets = await self._publisher.publish(records)
        now = dt.datetime.now(dt.UTC)
        await connection.execute(
            SQL.published, [row["id"] for row in rows], [record.partition for record in records], offsets, now
        )
        self._attempt = 0
        for record in records:
            metrics.RELAYED.labels(record.topic).inc()

    def _record(self, row: Any) -> Record:
        key, topic = str(row["referral_id"]).encode(), row["topic"]
        partition = partition_of(key, partitions_of(topic, self._settings.partitions))
        return Record(topic, partition, key, row["value"], unpack(row["headers"]))


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits for so many seconds, or until `stop`."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def first_of_each(rows: Sequence[Any]) -> list[Any]:
    """The first row of each referral; one that no broker would take stays where it is, and does not stop the others."""
    first: dict[Any, Any] = {}
    for row in rows:
        first.setdefault((row["referral_id"], row["topic"] == topics.OPERATIONS), row)
    for row in first.values():
        if len(row["value"]) > MOST_BYTES:
            get_logger().error(
                "event too large to publish", referral_id=str(row["referral_id"]), bytes=len(row["value"])
            )
    return [row for row in first.values() if len(row["value"]) <= MOST_BYTES]


async def measure(pool: Pool, health: Health, stop: asyncio.Event) -> None:
    """Keeps the outbox's figures, and whether PostgreSQL answers: that alone is what /ready is about."""
    while not stop.is_set():
        health.tick("measure")
        try:
            with transient():
                async with pool.acquire(timeout=ACQUIRE) as connection:
                    count, oldest = await connection.fetchrow(SQL.waiting, timeout=5) or (0, None)
            metrics.OUTBOX_SIZE.set(count)
            metrics.OUTBOX_AGE.set((dt.datetime.now(dt.UTC) - oldest).total_seconds() if oldest else 0)
            health.check("postgres", ok=True)
        except Transient as error:
            health.check("postgres", ok=False, why=error.detail)
        await pause(stop, MEASURE)
    health.forget("measure")
