"""One message that came over MLLP: whose it is, what becomes of it, and the answer in the standard's own form."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from services.intake import metrics
from services.intake.problems import Refused
from services.intake.sources.forms import FORMS, Moment
from services.intake.sources.hl7v2.message import header_of
from services.intake.taking import handlers
from services.intake.transports.admission import arrived
from services.intake.transports.mllp.callers import known
from services.intake.transports.routing import count
from shared.errors import Transient
from shared.log import about, get_logger
from shared.traceparent import continue_trace

if TYPE_CHECKING:
    from services.intake.senders import Source
    from services.intake.sources.forms import Reply
    from services.intake.sources.told import Told
    from services.intake.taking.desk import Desk
    from services.intake.transports.admission import Admission
    from services.intake.transports.mllp.callers import Caller

LARGE: Final = 262_144  # bytes; a larger message is read beside the loop, one at a time: nobody else waits for it
_FORM: Final = FORMS["hl7v2"]
_TIMER: Final = metrics.ANSWERED.labels("MLLP")


class Answering:
    """Takes messages and answers them. `port` is that of sources without their own."""

    def __init__(self, desk: Desk, admission: Admission, sources: tuple[Source, ...], port: int) -> None:
        self._desk, self._admission, self._sources, self._port = desk, admission, sources, port
        self._one_large = asyncio.Lock()

    async def answer(self, message: bytes, caller: Caller) -> bytes:
        """The answer to one message, whatever it is and whatever becomes of it."""
        source = known(self._sources, caller, header_of(message), self._port)
        trace = continue_trace(None)
        with _TIMER.time(), about(traceparent=trace):
            try:
                reply = await self._taken(message, source, trace)
            except Refused as refused:
                reply = _refused(message, refused, source)
            except Transient as error:
                get_logger().warning("not taken", code=error.code, route="MLLP")
                reply = _refused(message, Refused(503, "busy", "not taken: try again"), source)
            except Exception as error:  # noqa: BLE001  (every message gets an answer; the line below is loud)
                get_logger().error("request failed", route="MLLP", error=type(error).__name__, exc_info=error)
                reply = _refused(
                    message, Refused(500, "failed", "not taken: this is our fault, and was logged"), source
                )
        metrics.MLLP_ANSWERS.labels(reply.status).inc()
        return reply.body

    async def _taken(self, message: bytes, source: Source | None, trace: str) -> Reply:
        if source is None:
            detail = (
                "no sender is known here by this port, certificate, MSH-3 and MSH-4 from this address: nothing was kept"
            )
            raise Refused(401, "unauthorised", detail)
        self._admission.pace(source)
        told = await self._read(message, source)
        try:
            answer = await handlers.take(self._desk, source, arrived(message, trace), told)
        except Refused as refused:
            raise told.located(refused) from refused.__cause__
        return _FORM.taken(told, answer.body, answer.repeat, _now())

    async def _read(self, message: bytes, source: Source) -> Told:
        if len(message) < LARGE:
            return _FORM.read(message, source)
        async with self._one_large:
            return await asyncio.to_thread(_FORM.read, message, source)


def _refused(message: bytes, refused: Refused, source: Source | None) -> Reply:
    count(refused)
    return _FORM.refused(message, refused, source, _now())


def not_read(head: bytes, refused: Refused) -> bytes:
    """The answer (AR) to a message of which no more than its head was looked at."""
    reply = _refused(head, refused, None)
    metrics.MLLP_ANSWERS.labels(reply.status).inc()
    return reply.body


def _now() -> Moment:
    return Moment(dt.datetime.now(dt.UTC), uuid4())
