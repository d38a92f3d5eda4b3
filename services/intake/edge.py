"""The HTTP edge: who speaks, how much and how slowly they may, and every answer with its reason (RFC 9457)."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.intake import docs, handlers, metrics
from services.intake.openapi import document
from services.intake.problems import MEDIA_TYPE, Refused, not_found
from services.intake.senders import Source, Team
from services.intake.taking import Incoming
from shared.errors import Transient
from shared.log import about, get_logger
from shared.traceparent import continue_trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from services.intake.senders import Act
    from services.intake.settings import IntakeSettings
    from services.intake.taking import Desk

    Endpoint = Callable[[Request], Awaitable[Response]]

_JSON: Final = "application/json"
_PHONE: Final = "in an emergency phone, do not wait"
_READ_OFF: Final = 2.0  # seconds
_UNREAD: Final = frozenset((400, 401, 403, 408, 413, 429, 500, 503))  # nobody looked whether it was an emergency


class Edge:
    """The routes of intake. `clock` gives monotonic seconds, for the rate limit."""

    def __init__(self, desk: Desk, settings: IntakeSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk, self._settings, self._clock = desk, settings, clock
        self._allowance: dict[str, tuple[float, float]] = {}

    def routes(self) -> list[Route]:
        """Every route; `deploy` and the docs know them by the OpenAPI document."""
        one = "/referrals/{referral_id}"
        return [
            _route("/referrals", self._taking("refer", handlers.refer), "POST"),
            _route(f"{one}/amendments", self._taking("amend", handlers.amend), "POST"),
            _route(f"{one}/cancellations", self._taking("cancel", handlers.cancel), "POST"),
            _route(f"{one}/outcomes", self.outcome, "POST"),
            _route(one, self.status, "GET"),
            _route(f"{one}/record", self.record, "GET"),
            _route("/sender", self.sender, "GET"),
            *_documents(),
        ]

    def _taking(self, act: Act, handle: Callable[..., Awaitable[bytes]]) -> Endpoint:
        """What a source posts: a referral, or something about one."""

        async def posted(request: Request) -> Response:
            source = self._source(request, act)
            incoming = await self._incoming(request)
            about = [_referral_id(request)] if request.path_params else []
            return _taken(await handle(self._desk, source, incoming, *about))

        return posted

    async def outcome(self, request: Request) -> Response:
        """POST /referrals/{id}/outcomes."""
        team = self._team(request)
        incoming = await self._incoming(request)
        return _taken(await handlers.answer_referral(self._desk, team, incoming, _referral_id(request)))

    async def status(self, request: Request) -> Response:
        """GET /referrals/{id}."""
        sender = self._known(request)
        return Response(await handlers.status(self._desk, sender, _referral_id(request)), media_type=_JSON)

    async def record(self, request: Request) -> Response:
        """GET /referrals/{id}/record."""
        team = self._team(request)
        why, by = request.headers.get("x-purpose"), request.headers.get("x-by")
        read = handlers.Read(_referral_id(request), why, by, dt.datetime.now(dt.UTC), request.state.traceparent)
        body = await handlers.record(self._desk, team, read)
        return Response(body, media_type=_JSON, headers={"Cache-Control": "no-store"})

    async def sender(self, request: Request) -> Response:
        """GET /sender: whom this key stands for; a sender that tries things out looks here for `synthetic`."""
        known = self._known(request)
        fields = known.model_dump(mode="json", exclude={"keys"})
        return Response(orjson.dumps(fields | {"kind": type(known).__name__.lower()}), media_type=_JSON)

    def _known(self, request: Request) -> Source | Team:
        sender = self._desk.senders.who(request.headers.get("authorization"))
        if sender is None:
            raise Refused(401, "unauthorised", "a known key is needed", headers={"WWW-Authenticate": "Bearer"})
        self._pace(sender)
        return sender

    def _source(self, request: Request, act: Act) -> Source:
        sender = self._known(request)
        if not isinstance(sender, Source) or act not in sender.may:
            raise Refused(403, "not-allowed", "this key may not do this")
        return sender

    def _team(self, request: Request) -> Team:
        sender = self._known(request)
        if not isinstance(sender, Team):
            raise Refused(403, "not-allowed", "this key may not do this")
        return sender

    def _pace(self, sender: Source | Team) -> None:
        """A bucket of a minute's requests, which fills at the sender's rate."""
        now, most = self._clock(), sender.rate_per_minute
        left, at = self._allowance.get(sender.account, (float(most), now))
        left = min(most, left + (now - at) * most / 60)
        if left < 1:
            wait = str(max(1, round((1 - left) * 60 / most)))
            raise Refused(429, "too-many", "slow down: the rate is per minute", headers={"Retry-After": wait})
        self._allowance[sender.account] = (left - 1, now)

    async def _incoming(self, request: Request) -> Incoming:
        return Incoming(
            body=await self._body(request),
            idempotency_key=request.headers.get("idempotency-key"),
            traceparent=request.state.traceparent,
            received_at=dt.datetime.now(dt.UTC),
            new_id=uuid4(),
            salt=secrets.token_bytes(16),
        )

    async def _body(self, request: Request) -> bytes:
        most = self._settings.max_body
        close = {"Connection": "close"}
        too_large = Refused(413, "too-large", f"the body may have {most} bytes", headers=close)
        told = request.headers.get("content-length", "0")
        if told.isdigit() and int(told[:18]) > most:
            await _read_off(request, 8 * most)
            raise too_large
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self._settings.body_timeout):
                async for chunk in request.stream():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > most:
                        break
        except TimeoutError:
            detail = f"the body did not arrive within {self._settings.body_timeout:g} seconds"
            raise Refused(408, "too-slow", detail, headers=close) from None
        if size > most:
            await _read_off(request, 8 * most)
            raise too_large
        return b"".join(chunks)


async def _read_off(request: Request, most: int) -> None:
    """Reads on for a moment: a sender that still writes when the connection is closed never sees why."""
    size = 0
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(_READ_OFF):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    return


def _documents() -> list[Route]:
    """`/openapi.json` and `/docs`, for everyone."""
    described = document()
    shown = docs.page(described)
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

    async def openapi(_: Request) -> Response:
        return Response(orjson.dumps(described), media_type=_JSON)

    async def page(_: Request) -> Response:
        return HTMLResponse(shown, headers=policy)

    return [Route("/openapi.json", openapi), Route("/docs", page)]


def _route(path: str, endpoint: Endpoint, method: str) -> Route:
    timer = metrics.ANSWERED.labels(f"{method} {path}")

    async def answered(request: Request) -> Response:
        trace = request.state.traceparent = continue_trace(request.headers.get("traceparent"))
        with timer.time(), about(traceparent=trace, referral_id=_named(request)):
            try:
                return await endpoint(request)
            except Refused as refused:
                return problem(refused)
            except Transient as error:
                get_logger().warning("not taken", code=error.code, route=path)
                return problem(Refused(503, "busy", "not done: try again", headers={"Retry-After": "2"}))
            except ClientDisconnect:
                return problem(Refused(400, "unreadable", "the sender hung up"))
            except Exception as error:  # noqa: BLE001  (every request gets an answer; the line below is loud)
                get_logger().error("request failed", route=path, error=type(error).__name__, exc_info=error)
                return problem(Refused(500, "failed", "not done: this is our fault, and was logged"))

    return Route(path, answered, methods=[method])


def problem(refused: Refused) -> Response:
    """The answer to a request that is not done."""
    metrics.REFUSED.labels(refused.code).inc()
    if refused.status in _UNREAD:
        refused.detail = f"{refused.detail}; {_PHONE}"
    if (cause := refused.__cause__) is not None and refused.status == 500:
        get_logger().error("request failed", error=type(cause).__name__, exc_info=cause)
    return Response(orjson.dumps(refused.as_json()), refused.status, refused.headers, MEDIA_TYPE)


async def unknown_route(_: Request, error: Exception) -> Response:
    """404 and 405 of the router, as problems."""
    if not isinstance(error, HTTPException) or error.status_code != 405:
        return problem(Refused(404, "no-such-path", "no such path; see /docs"))
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    return problem(Refused(405, "method", f"this path takes {allowed}; see /docs", headers={"Allow": allowed}))


def _named(request: Request) -> str | None:
    """The referral that the address names, if it is an id."""
    try:
        return str(UUID(request.path_params.get("referral_id", "")))
    except ValueError:
        return None


def _referral_id(request: Request) -> UUID:
    if (named := _named(request)) is None:
        raise not_found()
    return UUID(named)


def _taken(answer: bytes) -> Response:
    return Response(answer, 202, media_type=_JSON)
