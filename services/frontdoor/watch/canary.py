"""A made-up referral, now and then, followed from intake's door to audit: it shows that the whole way works now.

It is sent as a synthetic source, so it is counted as nobody, and cancelled by that source again, so that it waits
nowhere. Its message id is the time it was due at: sent again after a restart, it is the same referral.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import httpx
from prometheus_client import Gauge

from services.frontdoor.watch.look import SQL
from shared.errors import FrontDoorError, Transient, Usage
from shared.log import get_logger
from shared.postgres import transient

if TYPE_CHECKING:
    from services.frontdoor.watch.settings import WatchSettings
    from shared.postgres import Pool

ARRIVED: Final = Gauge("frontdoor_canary_arrived_seconds", "When the last canary was audited, in seconds since 1970")
SECONDS: Final = Gauge("frontdoor_canary_seconds", "From intake's yes to the last canary to its audit row")
OVERDUE: Final = Gauge("frontdoor_canary_overdue", "1: a canary was not audited within its time, and is not yet")
POLL: Final = 1.0  # seconds between two looks at one under way
REFERRAL: Final = {
    "person": {"name": {"given": "Canary", "family": "Synthetic"}, "born": "1980-01-01", "postcode": "SW9 8JX"},
    "referrer": {"organisation": "Y99001", "urgency": "3"},
    "reason": {"code": "04", "text": "A canary: made up, and cancelled again."},
    "risk": {"life_in_danger": "no", "suicidal": "none", "self_harm": "none", "to_others": "none"},
}
CANCELLATION: Final = {"reason": "sent-in-error"}


@dataclass
class Flight:
    """One canary: when it was due, its referral once intake took it, and how far it is."""

    due: dt.datetime
    began: dt.datetime
    referral_id: str | None = None
    overdue: bool = False
    arrived: bool = False
    cancelled: bool = False


class Canary:
    """Sends one every so often as the source with that key, and follows it; one that is overdue is followed on."""

    def __init__(self, pool: Pool, settings: WatchSettings, key: str) -> None:
        self._pool, self._settings = pool, settings
        self._headers = {"Authorization": f"Bearer {key}"}
        self._flights: list[Flight] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Steps until `stop`."""
        while not stop.is_set():
            await self.step(dt.datetime.now(dt.UTC))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL)

    async def step(self, now: dt.datetime) -> None:
        """Sends the one that is due, looks where each under way is, and says which is overdue; an outage is waited out."""
        due = _due(now, self._settings.canary_every)
        if not self._flights or self._flights[-1].due < due:
            left = [flight for flight in self._flights if flight.referral_id and not flight.cancelled]
            self._flights = [*left, Flight(due, now)]
        for flight in self._flights:
            code = await self._further(flight)
            if (
                not (flight.arrived or flight.overdue)
                and (now - flight.began).total_seconds() > self._settings.canary_within
            ):
                flight.overdue = True
                why = code or "not audited"
                get_logger().error(
                    "canary overdue", referral_id=flight.referral_id, seconds=self._settings.canary_within, why=why
                )
        if any(flight.arrived or flight.overdue for flight in self._flights):  # a new one says nothing yet
            OVERDUE.set(any(flight.overdue and not flight.arrived for flight in self._flights))

    async def _further(self, flight: Flight) -> str:
        """Brings it as far as it goes now; why it goes no further, if something it needs is away."""
        try:
            flight.referral_id = flight.referral_id or await self._send(flight.due)
            flight.arrived = flight.arrived or await self._has_arrived(flight.referral_id)
            if not flight.cancelled and (flight.arrived or flight.overdue):
                path = f"/referrals/{flight.referral_id}/cancellations"
                await self._post(path, CANCELLATION | {"message_id": f"canary cancelled {flight.due.isoformat()}"})
                flight.cancelled = True
        except FrontDoorError as error:
            return error.code
        return ""

    async def _send(self, due: dt.datetime) -> str:
        """Its referral id. A source of real people is never used: a canary must be counted as nobody (promise 9)."""
        sender = await self._ask("GET", "/sender")
        if sender.get("kind") != "source" or sender.get("synthetic") is not True:
            raise Usage("not-synthetic", "FRONTDOOR_CANARY_KEY must be of a source with `synthetic: true`")
        taken = await self._post("/referrals", REFERRAL | {"message_id": f"canary {due.isoformat()}"})
        return str(taken["referral_id"])

    async def _has_arrived(self, referral_id: str) -> bool:
        with transient():
            row = await self._pool.fetchrow(SQL.canary, UUID(referral_id))
        if not row or not row["audited_at"]:
            return False
        seconds = (row["audited_at"] - row["received_at"]).total_seconds()
        ARRIVED.set(row["audited_at"].timestamp())
        SECONDS.set(seconds)
        get_logger().info("canary arrived", referral_id=referral_id, seconds=round(seconds, 3))
        return True

    async def _post(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        return await self._ask("POST", path, document)

    async def _ask(self, method: str, path: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
        url = self._settings.intake_url.rstrip("/")
        try:
            async with httpx.AsyncClient(base_url=url, headers=self._headers, timeout=10) as client:
                response = await client.request(method, path, json=document)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Transient("intake-away", type(error).__name__) from error
        if response.is_error:
            raise Transient("intake-refused", f"{path} is answered {response.status_code}")
        answer: dict[str, Any] = response.json()
        return answer


def _due(now: dt.datetime, every: float) -> dt.datetime:
    """When the newest one was due: on the hour, where they are hourly."""
    return dt.datetime.fromtimestamp(now.timestamp() // every * every, dt.UTC)
