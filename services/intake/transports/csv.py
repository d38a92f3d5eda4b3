"""Files of many referrals over HTTP: `POST /referrals/csv`. Each row is taken or refused by itself; the answer is one report.

The status is the answer to the worst row, so that a sender who looks at nothing else sends the file again: 202 all taken, 422 some
rows refused, 503 stopped before the last. Sent again, what was taken is a repeat.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson
from starlette.responses import Response

from services.intake.problems import Fault, Refused
from services.intake.rows import Report
from services.intake.sources import csv
from services.intake.taking import handlers
from services.intake.transports.admission import arrived
from services.intake.transports.routing import count, route
from shared.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.requests import Request
    from starlette.routing import Route

    from services.intake.senders import Source
    from services.intake.settings import IntakeSettings
    from services.intake.sources.csv import Head, Row
    from services.intake.sources.told import Told
    from services.intake.taking.desk import Answer, Desk, Incoming
    from services.intake.transports.admission import Admission

AT_ONCE: Final = 8  # rows that are taken beside each other


class Csv:
    """The route of files."""

    def __init__(self, desk: Desk, admission: Admission, settings: IntakeSettings) -> None:
        self._desk, self._admission, self._settings = desk, admission, settings

    def routes(self) -> list[Route]:
        """The one route."""
        return [route("/referrals/csv", self.posted, "POST")]

    async def posted(self, request: Request) -> Response:
        """POST /referrals/csv."""
        source = self._admission.source(request, "refer")
        with self._admission.share(source) as share:
            return await self._posted(request, source, await self._admission.incoming(request, share))

    async def _posted(self, request: Request, source: Source, incoming: Incoming) -> Response:
        encoding, separator = (
            _chosen(request, *one) for one in (("encoding", csv.ENCODINGS), ("separator", csv.SEPARATORS))
        )
        most = self._settings.csv_rows
        head, rows, month_first = await asyncio.to_thread(_read, incoming.body, encoding, separator, most)
        self._admission.pace_rows(source, len(rows))
        report = await self._take(source, head, rows, incoming.traceparent, month_first=month_first)
        headers = {"Retry-After": "2"} if report.status == 503 else None
        return Response(orjson.dumps(report.as_json()), report.status, headers, "application/json")

    async def _take(
        self, source: Source, head: Head, rows: Sequence[Row], traceparent: str, *, month_first: bool
    ) -> Report:
        """Takes the rows, a few at once; when one finds us busy, the others are not tried."""
        report = Report([column.number for column in head.unknown])
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            tells = [csv.row_told(head, row, month_first=month_first) for row in some]
            if report.status == 503:
                busy = [handlers.refusal(self._desk, source, told, _busy()) for told, _ in tells]
                answers: Sequence[Answer | Refused] = busy
            else:
                bodies = [head.as_bytes(row.raw) for row in some]
                one = partial(self._row, source, traceparent)
                answers = await asyncio.gather(*(one(body, *told) for body, told in zip(bodies, tells, strict=True)))
            for row, answer in zip(some, answers, strict=True):
                if isinstance(answer, Refused):
                    count(answer)
                    report.refuse(row, answer)
                else:
                    report.take(row, answer.body, repeat=answer.repeat)
        return report

    async def _row(
        self, source: Source, traceparent: str, body: bytes, told: Told, faults: tuple[Fault, ...]
    ) -> Answer | Refused:
        """One row's answer, whatever happens."""
        try:
            if faults:
                return handlers.refusal(self._desk, source, told, csv.refusal(faults))
            return await handlers.take(self._desk, source, arrived(body, traceparent), told)
        except Refused as refused:
            return told.located(refused)
        except Transient:
            return _busy()
        except Exception as error:  # noqa: BLE001  (the other rows have their answers; this one is logged as it is counted)
            failed = Refused(500, "failed", "not taken: this is our fault, and was logged")
            failed.__cause__ = error
            return failed


def _read(body: bytes, encoding: str | None, separator: str | None, most: int) -> tuple[Head, list[Row], bool]:
    """A file's head and rows, and whether any has its month first. It may take a second, so others are served beside it."""
    head, rows = csv.rows_of(body, encoding, separator, most)
    return head, rows, csv.month_first(head, rows)


def _busy() -> Refused:
    return Refused(503, "busy", "not taken: try again")


def _chosen(request: Request, name: str, known: Collection[str]) -> str | None:
    """A choice in the address, out of those that there are."""
    chosen = request.query_params.get(name)
    if chosen is not None and chosen not in known:
        detail = f"{name} is one of {', '.join(known)}"
        raise Refused(422, "not-in-list", detail, Fault(name, "not-in-list", detail))
    return chosen
