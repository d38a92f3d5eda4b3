"""Our own form over HTTP: referrals and what follows them, and what is shown of them (RFC 9457 where it is not done)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.intake import showing
from services.intake.contract import docs
from services.intake.contract.openapi import document
from services.intake.problems import Refused, not_found
from services.intake.sources.json import told
from services.intake.taking import handlers
from services.intake.transports.routing import problem, referral_named, route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from services.intake.senders import Act
    from services.intake.taking.desk import Answer, Desk
    from services.intake.transports.admission import Admission
    from services.intake.transports.routing import Endpoint

_JSON: Final = "application/json"
_NOT_KEPT: Final = {"Cache-Control": "no-store"}
_DOWNLOADED: Final = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}


class Json:
    """The routes of our own form, JSON."""

    def __init__(self, desk: Desk, admission: Admission) -> None:
        self._desk, self._admission = desk, admission

    def routes(self) -> list[Route]:
        """Every route; `deploy` and the docs know them by the OpenAPI document."""
        one = "/referrals/{referral_id}"
        return [
            route("/referrals", self._taking("refer", handlers.refer), "POST"),
            route(f"{one}/amendments", self._taking("amend", handlers.amend), "POST"),
            route(f"{one}/cancellations", self._taking("cancel", handlers.cancel), "POST"),
            route(f"{one}/outcomes", self.outcome, "POST"),
            route(one, self.status, "GET"),
            route(f"{one}/record", self.record, "GET"),
            route(f"{one}/attachments/{{sha256}}", self.attachment, "GET"),
            route("/sender", self.sender, "GET"),
            *_documents(),
        ]

    def _taking(self, act: Act, handle: Callable[..., Awaitable[Answer]]) -> Endpoint:
        """What a source posts: a referral, or something about one."""

        async def posted(request: Request) -> Response:
            source = self._admission.source(request, act)
            with self._admission.share(source) as share:
                incoming = await self._admission.incoming(request, share)
                about = [_referral_id(request)] if request.path_params else []
                return _taken(await handle(self._desk, source, incoming, told(incoming.body, act), *about))

        return posted

    async def outcome(self, request: Request) -> Response:
        """POST /referrals/{id}/outcomes."""
        team = self._admission.team(request)
        with self._admission.share(team) as share:
            incoming = await self._admission.incoming(request, share)
            outcome = told(incoming.body, "answer")
            return _taken(await handlers.answer_referral(self._desk, team, incoming, outcome, _referral_id(request)))

    async def status(self, request: Request) -> Response:
        """GET /referrals/{id}."""
        sender = self._admission.known(request)
        return Response(await showing.status(self._desk, sender, _referral_id(request)), media_type=_JSON)

    async def record(self, request: Request) -> Response:
        """GET /referrals/{id}/record."""
        team = self._admission.team(request)
        body = await showing.record(self._desk, team, _read(request))
        return Response(body, media_type=_JSON, headers=_NOT_KEPT)

    async def attachment(self, request: Request) -> Response:
        """GET /referrals/{id}/attachments/{sha256}."""
        team = self._admission.team(request)
        media, content = await showing.attachment(self._desk, team, _read(request), request.path_params["sha256"])
        return Response(content, media_type=media, headers=_NOT_KEPT | _DOWNLOADED)

    async def sender(self, request: Request) -> Response:
        """GET /sender: whom this key stands for; a sender that tries things out looks here for `synthetic`."""
        known = self._admission.known(request)
        fields = known.model_dump(mode="json", exclude={"keys", "hl7"})
        return Response(orjson.dumps(fields | {"kind": type(known).__name__.lower()}), media_type=_JSON)


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


async def unknown_route(_: Request, error: Exception) -> Response:
    """404 and 405 of the router, as problems."""
    if not isinstance(error, HTTPException) or error.status_code != 405:
        return problem(Refused(404, "no-such-path", "no such path; see /docs"))
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    return problem(Refused(405, "method", f"this path takes {allowed}; see /docs", headers={"Allow": allowed}))


def _referral_id(request: Request) -> UUID:
    if (named := referral_named(request)) is None:
        raise not_found()
    return UUID(named)


def _read(request: Request) -> showing.Read:
    why, by = request.headers.get("x-purpose"), request.headers.get("x-by")
    return showing.Read(_referral_id(request), why, by, dt.datetime.now(dt.UTC), request.state.traceparent)


def _taken(answer: Answer) -> Response:
    return Response(answer.body, 202, media_type=_JSON)
