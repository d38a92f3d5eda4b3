"""NHS BaRS over HTTP: `POST /bars/$process-message`, what a sender may ask, and every failure as an OperationOutcome."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import orjson
from starlette.responses import Response

from services.intake import showing
from services.intake.contract.reading import read
from services.intake.problems import Fault, Refused, not_found
from services.intake.safety.alarm import Alarm, unread
from services.intake.senders import Source
from services.intake.sources.bars import answers, outcome
from services.intake.sources.forms import FORMS, Moment, Reply
from services.intake.taking import handlers
from services.intake.transports.routing import count, route
from shared.errors import FrontDoorError
from shared.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.routing import Route

    from services.intake.senders import Team
    from services.intake.settings import IntakeSettings
    from services.intake.sources.told import Told
    from services.intake.taking.desk import Answer, Desk, Incoming
    from services.intake.transports.admission import Admission

BASE: Final = "/bars"
LARGE: Final = 262_144  # bytes
SECONDS: Final = 5.0  # in which every message is answered (BaRS guide)
_ELSEWHERE: Final = ("ServiceRequest", "Appointment", "Slot", "MessageDefinition", "DocumentReference")
_IDS: Final = ("X-Request-Id", "X-Correlation-Id")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERSION: Final = re.compile(r';\s*version\s*=\s*"?([^\s;,"]*)', re.IGNORECASE)
_FHIR_VERSION: Final = re.compile(r';\s*fhirVersion\s*=\s*"?([^\s;,"]*)', re.IGNORECASE)
_R4: Final = re.compile(r"4\.0(?:\.\d{1,4})?")  # FHIR R4, as the parameter of FHIR's media types names it
_READ: Final = frozenset(("application/fhir+json", "application/json"))
_ANSWERED: Final = _READ | {"*/*", "application/*", ""}


class Bars:
    """The routes of BaRS. What takes longer than its answer may goes on, and its sender hears of it at the next try."""

    def __init__(self, desk: Desk, admission: Admission, settings: IntakeSettings) -> None:
        self._desk, self._admission, self._settings = desk, admission, settings
        self._in_flight: set[tuple[str, str]] = set()
        self._one_large = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Every route below `/bars`."""
        return [
            route(f"{BASE}/$process-message", self.process, "POST", told=refusal),
            route(f"{BASE}/metadata", metadata, "GET", told=refusal),
            route(f"{BASE}/ServiceRequest/{{referral_id}}", self.status, "GET", told=refusal),
            *(route(f"{BASE}/{name}", self.not_offered, "GET", told=refusal) for name in _ELSEWHERE),
        ]

    async def process(self, request: Request) -> Response:
        """POST /bars/$process-message."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + SECONDS
        sender = self._admission.known(request)
        pair = _pair(request)
        with ExitStack() as held:
            with self._unread():
                _negotiate(request)
                incoming = await self._incoming(request, held, sender, pair)
            with unread(self._desk.phone_now):
                told = await self._read(incoming.body, sender)
            work = self._start(held.pop_all(), self._take(sender, incoming, told))
        await asyncio.wait({work}, timeout=max(0.0, ends - loop.time()))
        if not work.done():
            raise self._late(told, sender)
        answer = work.result()
        moment = Moment(dt.datetime.now(dt.UTC), uuid4())
        return _response(request, FORMS["bars"].taken(told, answer.body, answer.repeat, moment))

    async def _incoming(self, request: Request, held: ExitStack, sender: Source | Team, pair: str) -> Incoming:
        """The message; `held` has then its share of the room, and its ids in flight, until it is done with."""
        share = held.enter_context(self._admission.share(sender))
        incoming = await self._admission.incoming(request, share, self._settings.bars_max_body, SECONDS)
        if (flight := (sender.account, pair)) in self._in_flight:
            detail = "the previous attempt with these ids is still being processed: try again in a while"
            raise Refused(425, "in-flight", detail)
        self._in_flight.add(flight)
        held.callback(self._in_flight.discard, flight)
        return incoming._replace(idempotency_key=pair)

    async def _read(self, body: bytes, sender: Source | Team) -> Told:
        """What a message says. A large one is read beside the loop, one at a time: nobody else waits for it."""
        if len(body) < LARGE:
            return _told(body, sender)
        async with self._one_large:
            return await asyncio.to_thread(_told, body, sender)

    @contextmanager
    def _unread(self) -> Iterator[None]:
        """Nobody knows what a message was about that is refused before it is read: its sender is told to phone."""
        try:
            yield
        except Refused as refused:
            refused.members.setdefault("phone_now", self._desk.phone_now)
            raise

    def _start(self, held: ExitStack, work: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
        """What goes on when its answer is due holds on to what it has."""
        task = asyncio.create_task(work)

        def ended(_: object) -> None:
            held.close()
            error = None if task.cancelled() else task.exception()
            if error and not isinstance(error, Refused | FrontDoorError):
                get_logger().error("request failed", route=BASE, error=type(error).__name__, exc_info=error)

        task.add_done_callback(ended)
        return task

    async def _take(self, sender: Source | Team, incoming: Incoming, told: Told) -> Answer:
        try:
            if not isinstance(sender, Source):
                if told.referral_id is None:
                    raise not_found()
                return await handlers.answer_referral(self._desk, sender, incoming, told, told.referral_id)
            correlation = (incoming.idempotency_key or "").partition("/")[0]
            told = told._replace(reply_to={**told.reply_to, "correlation": correlation})
            return await handlers.take(self._desk, sender, incoming, told)
        except Refused as refused:
            raise told.located(refused) from refused.__cause__

    def _late(self, told: Told, sender: Source | Team) -> Refused:
        detail = (
            f"not done within {SECONDS:g} seconds, and it may yet be: send it again with the same ids, which is safe"
        )
        refused = Refused(408, "too-slow", detail)
        Alarm(read(told.document), sender.id, self._desk.phone_now).tell(refused)
        return refused

    async def status(self, request: Request) -> Response:
        """GET /bars/ServiceRequest/{id}: where it stands, for those who may see it."""
        sender = self._admission.known(request)
        _pair(request)
        _negotiate(request)
        if not _UUID.fullmatch(named := request.path_params["referral_id"]):
            raise Refused(400, "message-ids", "the id of a ServiceRequest here is a UUID")
        found = orjson.loads(await showing.status(self._desk, sender, UUID(named)))
        return _response(request, _as_reply(200, answers.service_request(found["referral_id"], found["status"])))

    async def not_offered(self, request: Request) -> Response:
        """Parts of BaRS that are not offered here."""
        self._admission.known(request)
        raise Refused(501, "not-implemented", "not offered here; GET /bars/metadata says what is")


async def metadata(request: Request) -> Response:
    """GET /bars/metadata, for everyone."""
    _negotiate(request)
    return _response(request, _as_reply(200, answers.capability(version("frontdoor"))))


def refusal(request: Request, refused: Refused) -> Response:
    """The answer to a request that is not done."""
    count(refused)
    moment = Moment(dt.datetime.now(dt.UTC), uuid4())
    return _response(
        request, _as_reply(answers.status_of(refused), answers.outcome(refused, moment.new_id)), refused.headers
    )


def unknown_route(request: Request, error: HTTPException) -> Response:
    """404 and 405 of the router below `/bars`."""
    if error.status_code != 405:
        return refusal(request, Refused(404, "no-such-path", "no such path; GET /bars/metadata says what there is"))
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    return refusal(request, Refused(405, "method", f"this path takes {allowed}", headers={"Allow": allowed}))


def _as_reply(status: int, resource: dict[str, Any]) -> Reply:
    return Reply(str(status), orjson.dumps(resource))


def _response(request: Request, reply: Reply, headers: dict[str, str] | None = None) -> Response:
    """An answer with the request's own ids, in the version that it asked for."""
    echoed = {name: value for name in _IDS if _UUID.fullmatch(value := request.headers.get(name, ""))}
    asked = (_VERSION.search(request.headers.get(name, "")) for name in ("accept", "content-type"))
    found = next((match[1] for match in asked if match and re.fullmatch(r"1(?:\.\d{1,4}){0,2}", match[1])), "1.0.0")
    media = f"application/fhir+json;version={found}"
    return Response(reply.body, int(reply.status), {**(headers or {}), **echoed}, media)


def _told(body: bytes, sender: Source | Team) -> Told:
    return FORMS["bars"].read(body, sender) if isinstance(sender, Source) else outcome.told(body, sender)


def _pair(request: Request) -> str:
    """The two ids by which a repeat is known: X-Correlation-Id and X-Request-Id. Both are required, and UUIDs."""
    missing = [name for name in _IDS if not request.headers.get(name)]
    spoilt = [name for name in _IDS if name not in missing and not _UUID.fullmatch(request.headers[name])]
    if missing or spoilt:
        told = [Fault(name, "required", f"the header {name} is required: a UUID") for name in missing]
        told += [Fault(name, "message-ids", f"the header {name} must be a UUID") for name in spoilt]
        raise Refused(400, "message-ids", "a message has its ids in two headers", *told)
    return "/".join(request.headers[name].lower() for name in reversed(_IDS))


def _negotiate(request: Request) -> None:
    """Refuses a body that is not FHIR as JSON, and a sender that takes nothing which can be given. XML is neither read nor written."""
    body = request.headers.get("content-type", "")
    if request.method == "POST" and (_media(body) not in _READ | {""} or not _spoken(body)):
        raise Refused(
            406, "not-acceptable", "the Content-Type is application/fhir+json;version=1.x.0: XML is not read here"
        )
    wanted = request.headers.get("accept", "").split(",")
    if not any(_media(one) in _ANSWERED and _spoken(one) for one in wanted):
        raise Refused(406, "not-acceptable", "answers are application/fhir+json;version=1.x.0: accept that")


def _media(value: str) -> str:
    return value.partition(";")[0].strip().casefold()


def _spoken(value: str) -> bool:
    """Whether a version of BaRS that is named, if any, is of the first edition, and one of FHIR is R4."""
    asked, fhir = _VERSION.search(value), _FHIR_VERSION.search(value)
    return (asked is None or asked[1].partition(".")[0] == "1") and (fhir is None or bool(_R4.fullmatch(fhir[1])))
