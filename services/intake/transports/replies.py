"""Tells senders of BaRS what became of their referrals, at the address that their settings allow: in order, until taken.

One sender at a time by an advisory lock, as the relay has one. A reply goes out at least once, with the same ids each
time, so that a receiver knows a repeat. What nobody takes for `reply_for` seconds is given up, and seen by operators.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid5

import httpx
import orjson

from services.intake import metrics
from services.intake.relay import pause
from services.intake.sources.bars import answers
from services.intake.sources.bars.addresses import allowed, posted_to
from services.intake.store import SQL
from shared.errors import Transient
from shared.log import get_logger
from shared.postgres import alone, transient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.senders import Senders
    from services.intake.settings import IntakeSettings
    from shared.health import Health
    from shared.postgres import Connection, Pool

LOOP: Final = "replies"
STANDBY: Final = 2.0  # seconds between two tries to become the one that sends
ACQUIRE: Final = 10  # seconds that a free connection is waited for
TIMEOUTS: Final = httpx.Timeout(connect=5, read=10, write=10, pool=5)
LONGEST: Final = 20  # seconds of one try, whatever trickles in
AT_ONCE: Final = 10  # replies, each of another referral
MOST_READ: Final = 65_536  # bytes of an answer that are looked at
FIRST_PAUSE: Final = 10.0  # seconds until the second try; doubled each time, up to an hour
LAST_PAUSE: Final = 3600.0


class Tried(NamedTuple):
    """How a try ended: a code, and whether the receiver has the reply."""

    code: str
    taken: bool


class Replies:
    """Sends what is due. `run` is one of the service's loops."""

    def __init__(self, settings: IntakeSettings, pool: Pool, senders: Senders, health: Health) -> None:
        self._settings, self._pool, self._health = settings, pool, health
        self._listed = {source.account: source.bars.replies if source.bars else () for source in senders.sources}

    async def run(self, stop: asyncio.Event) -> None:
        """Sends until `stop`; while PostgreSQL is away, or another instance sends, it waits."""
        async with httpx.AsyncClient(timeout=TIMEOUTS, follow_redirects=False, trust_env=False) as client:
            while not stop.is_set():
                self._health.tick(LOOP)
                try:
                    with transient():
                        async with alone(self._pool, "frontdoor.intake.replies", ACQUIRE) as connection:
                            if connection is not None:
                                await self._active(connection, client, stop)
                except Transient as error:
                    get_logger().warning("replies wait", code=error.code, why=error.detail)
                await pause(stop, STANDBY)
        self._health.forget(LOOP)

    async def _active(self, connection: Connection, client: httpx.AsyncClient, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._health.tick(LOOP)
            now = dt.datetime.now(dt.UTC)
            superseded = await connection.fetchval(SQL.replies_superseded, now, timeout=10)
            metrics.REPLIED.labels("superseded").inc(superseded or 0)
            due = await connection.fetch(SQL.replies_due, now, AT_ONCE, timeout=10)
            tries = await asyncio.gather(*(self._try(client, row) for row in due))
            for row, tried in zip(due, tries, strict=True):
                await self._note(connection, row, tried)
            await self._measure(connection)
            if len(due) < AT_ONCE:
                await pause(stop, self._settings.reply_poll)

    async def _try(self, client: httpx.AsyncClient, row: Any) -> Tried:
        """One try. Whatever is wrong with this reply is noted with it, and holds up no other."""
        try:
            to = orjson.loads(row["reply_to"])
            if not allowed(to["endpoint"], self._listed.get(row["source"], ())):
                return Tried("not-allowed", taken=False)
            said = {"status": row["status"], "outcome": row["outcome"]}
            body = answers.reply(str(row["referral_id"]), said, to, row["decision_id"], row["decided_at"])
            async with asyncio.timeout(LONGEST):
                return await _post(client, posted_to(to["endpoint"]), orjson.dumps(body), _headers(row, to))
        except Exception as error:  # noqa: BLE001  (its name is logged, counted and listed)
            return Tried(type(error).__name__, taken=False)

    async def _note(self, connection: Connection, row: Any, tried: Tried) -> None:
        now = dt.datetime.now(dt.UTC)
        over = not tried.taken and (now - row["created_at"]).total_seconds() >= self._settings.reply_for
        again = now + dt.timedelta(seconds=min(LAST_PAUSE, FIRST_PAUSE * 2 ** min(row["tries"], 12)))
        sent, given_up = (now if tried.taken else None), (now if over else None)
        await connection.execute(SQL.replied, row["referral_id"], row["sequence"], again, tried.code, sent, given_up)
        metrics.REPLIED.labels("sent" if tried.taken else "given-up" if over else "not-taken").inc()
        if not tried.taken:
            log = get_logger().error if over else get_logger().warning
            log(
                "reply not taken",
                referral_id=str(row["referral_id"]),
                source=row["source"],
                code=tried.code,
                attempt=row["tries"] + 1,
            )

    async def _measure(self, connection: Connection) -> None:
        waiting, oldest, given_up = await connection.fetchrow(SQL.replies_waiting, timeout=5) or (0, None, 0)
        metrics.REPLIES_WAITING.set(waiting)
        metrics.REPLIES_AGE.set((dt.datetime.now(dt.UTC) - oldest).total_seconds() if oldest else 0)
        metrics.REPLIES_GIVEN_UP.set(given_up)


def _headers(row: Any, to: Mapping[str, str]) -> dict[str, str]:
    """The conversation's id, and one of this reply that is the same at every try."""
    request_id = str(uuid5(row["decision_id"], "X-Request-Id"))
    media = "application/fhir+json;version=1.0.0"
    ids = {"X-Request-Id": request_id, "X-Correlation-Id": to.get("correlation", request_id)}
    return {"Content-Type": media, "Accept": media, **ids}


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> Tried:
    """Posts a reply. A duplicate was taken before; a redirect is followed nowhere."""
    async with client.stream("POST", url, content=body, headers=headers) as answer:
        told = b""
        async for chunk in answer.aiter_bytes():
            told += chunk
            if len(told) > MOST_READ:
                break
    duplicate = answer.status_code == 409 and b'"duplicate"' in told
    return Tried(f"http-{answer.status_code}", taken=answer.is_success or duplicate)
