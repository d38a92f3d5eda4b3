"""A route of intake: its timer, its trace, and an answer whatever happens (RFC 9457 unless the standard has another)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from services.intake import metrics
from services.intake.problems import MEDIA_TYPE, Refused
from shared.errors import Transient
from shared.log import about, get_logger
from shared.traceparent import continue_trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    Endpoint = Callable[[Request], Awaitable[Response]]
    Tells = Callable[[Request, Refused], Response]


def route(path: str, endpoint: Endpoint, method: str, told: Tells | None = None) -> Route:
    """A route on which every request gets an answer: what is not done is told by `told`, as a problem by default."""
    tells = told or (lambda _, refused: problem(refused))
    timer = metrics.ANSWERED.labels(f"{method} {path}")

    async def answered(request: Request) -> Response:
        trace = request.state.traceparent = continue_trace(request.headers.get("traceparent"))
        with timer.time(), about(traceparent=trace, referral_id=referral_named(request)):
            try:
                return await endpoint(request)
            except Refused as refused:
                return tells(request, refused)
            except Transient as error:
                get_logger().warning("not taken", code=error.code, route=path)
                return tells(request, Refused(503, "busy", "not done: try again", headers={"Retry-After": "2"}))
            except ClientDisconnect:
                return tells(request, Refused(400, "unreadable", "the sender hung up"))
            except Exception as error:  # noqa: BLE001  (every request gets an answer; the line below is loud)
                get_logger().error("request failed", route=path, error=type(error).__name__, exc_info=error)
                return tells(request, Refused(500, "failed", "not done: this is our fault, and was logged"))

    return Route(path, answered, methods=[method])


def count(refused: Refused) -> None:
    """Notes that a request is not done. Where nobody looked whether it was an emergency, the answer says to phone."""
    metrics.REFUSED.labels(refused.code).inc()
    refused.detail = refused.told
    if (cause := refused.__cause__) is not None and refused.status == 500:
        get_logger().error("request failed", error=type(cause).__name__, exc_info=cause)


def problem(refused: Refused) -> Response:
    """The answer to a request that is not done."""
    count(refused)
    return Response(orjson.dumps(refused.as_json()), refused.status, refused.headers, MEDIA_TYPE)


def referral_named(request: Request) -> str | None:
    """The referral that the address names, if it is an id."""
    try:
        return str(UUID(request.path_params.get("referral_id", "")))
    except ValueError:
        return None
