"""Who is let in, and how much: the key, the rate and the size of what comes over HTTP; the rate of every other way in."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import secrets
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self
from uuid import uuid4

from starlette.requests import ClientDisconnect

from services.intake.problems import Refused
from services.intake.senders import Source, Team
from services.intake.taking.desk import Incoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from services.intake.senders import Act, Senders
    from services.intake.settings import IntakeSettings

SMALL: Final = 65_536  # bytes; nearly every referral, and so every emergency, has less
_READ_OFF: Final = 2.0  # seconds


def arrived(body: bytes, traceparent: str, idempotency_key: str | None = None) -> Incoming:
    """A message that came just now."""
    return Incoming(body, idempotency_key, traceparent, dt.datetime.now(dt.UTC), uuid4(), secrets.token_bytes(16))


class Share:
    """What one request holds of the room that all bodies have, until it is done with: `with admission.share(sender)`."""

    def __init__(self, held: Counter[str], account: str, most: int) -> None:
        self._held, self._account, self._most, self._size = held, account, most, 0

    def grow(self, size: int) -> None:
        """Holds so many bytes, if there is room; half of it is the most for one sender. What is small is never kept out."""
        more = max(0, size - self._size)
        full = self._held[self._account] + more > self._most // 2 or self._held.total() + more > self._most
        if full and size > SMALL:
            headers = {"Retry-After": "2", "Connection": "close"}
            raise Refused(503, "busy", "too much arrives at once: try again", headers=headers)
        self._held[self._account] += more
        self._size += more

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held[self._account] -= self._size
        if not self._held[self._account]:
            del self._held[self._account]


class Admission:
    """Lets senders in. `clock` gives monotonic seconds, for the rate."""

    def __init__(self, senders: Senders, settings: IntakeSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._senders, self._settings, self._clock = senders, settings, clock
        self._allowance: dict[str, tuple[float, float]] = {}
        self._held: Counter[str] = Counter()  # bytes of bodies, by sender

    def known(self, request: Request) -> Source | Team:
        """The sender of a request, within its rate."""
        sender = self._senders.who(request.headers.get("authorization"))
        if sender is None:
            raise Refused(401, "unauthorised", "a known key is needed", headers={"WWW-Authenticate": "Bearer"})
        self.pace(sender)
        return sender

    def source(self, request: Request, act: Act | None = None) -> Source:
        """The source that sent a request, and may do `act`."""
        sender = self.known(request)
        if not isinstance(sender, Source) or (act is not None and act not in sender.may):
            raise Refused(403, "not-allowed", "this key may not do this")
        return sender

    def team(self, request: Request) -> Team:
        """The team that sent a request."""
        sender = self.known(request)
        if not isinstance(sender, Team):
            raise Refused(403, "not-allowed", "this key may not do this")
        return sender

    def pace(self, sender: Source | Team) -> None:
        """One more request of a sender."""
        self._spend(sender.account, 1, sender.rate_per_minute)

    def pace_rows(self, source: Source, rows: int) -> None:
        """So many rows of a file, which have a rate of their own."""
        self._spend(f"{source.account}/rows", rows, source.rows_per_minute or source.rate_per_minute)

    def _spend(self, account: str, count: int, most: int) -> None:
        """A bucket that holds a minute's share and fills at that rate; what is more than a bucket waits for a full one."""
        now = self._clock()
        left, at = self._allowance.get(account, (float(most), now))
        left = min(most, left + (now - at) * most / 60)
        if left < (needed := min(count, most)):
            wait = str(max(1, math.ceil((needed - left) * 60 / most)))
            raise Refused(429, "too-many", "slow down: the rate is per minute", headers={"Retry-After": wait})
        self._allowance[account] = (left - count, now)

    def share(self, sender: Source | Team) -> Share:
        """A sender's share of the room for bodies, to be held until its request is done with."""
        return Share(self._held, sender.account, self._settings.bodies_in_flight)

    async def incoming(
        self, request: Request, share: Share, most: int | None = None, seconds: float | None = None
    ) -> Incoming:
        """A request's body, of at most so many bytes and within so many seconds, with its clock and chance."""
        most, seconds = most or self._settings.max_body, seconds or self._settings.body_timeout
        try:
            async with asyncio.timeout(seconds):
                body = await _body(request, share, most)
        except TimeoutError:
            detail = f"the body did not arrive within {seconds:g} seconds"
            raise Refused(408, "too-slow", detail, headers={"Connection": "close"}) from None
        except Refused:
            await _read_off(request, 8 * most)
            raise
        return arrived(body, request.state.traceparent, request.headers.get("idempotency-key"))


async def _body(request: Request, share: Share, most: int) -> bytes:
    told = request.headers.get("content-length", "0")
    _demand_room(share, int(told[:18]) if told.isdecimal() else 0, most)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        _demand_room(share, size, most)
        chunks.append(chunk)
    return b"".join(chunks)


def _demand_room(share: Share, size: int, most: int) -> None:
    if size > most:
        raise Refused(413, "too-large", f"the body may have {most} bytes", headers={"Connection": "close"})
    share.grow(size)


async def _read_off(request: Request, most: int) -> None:
    """Reads on for a moment: a sender that still writes when the connection is closed never sees why."""
    size = 0
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(_READ_OFF):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    return
