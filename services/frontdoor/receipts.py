"""Holds the receipts in intake against the digests that audit recorded with their events.

Audit never sees what a sender wrote: its digest travelled with the event, and intake makes it anew from the bytes that
it keeps. The two are merged as ordered streams, audit's first: of whatever it recorded, the receipt is there already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.frontdoor.reconcile import Stream, snapshot
from shared.cloudevents import header, unpack
from shared.command_line import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import asyncpg

DIGEST: Final = "ce_receiptdigest"


class Recorded(NamedTuple):
    """An audited event of intake: where it lies, and its headers."""

    event_id: UUID
    stream: str
    topic: str
    partition: int
    offset: int
    headers: bytes


class Finding(NamedTuple):
    """A receipt that is not as it was audited, named by where its event was."""

    kind: str
    record: Recorded
    why: str

    def __str__(self) -> str:
        record = self.record
        return f"{self.kind} {record.stream} {record.topic} {record.partition} {record.offset}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        place = {name: value for name, value in self.record._asdict().items() if name not in {"event_id", "headers"}}
        return {"finding": self.kind, **place, "event_id": str(self.record.event_id), "why": self.why}


@dataclass
class Compared:
    """How many audited digests were held against receipts; of those that differ, the first by name."""

    digests: int = 0
    disposed: int = 0
    wrong: int = 0
    finding: Finding | None = None

    def add(self, record: Recorded, receipt: asyncpg.Record | None) -> None:
        """One audited event and its receipt."""
        audited = _digest(record.headers)
        if audited is None:
            return
        self.digests += 1
        if receipt is None:
            self._wrong(Finding("missing", record, f"intake has no receipt of event {record.event_id}"))
        elif {audited} != {receipt["recorded"], receipt["digest"] or audited}:
            self._wrong(Finding("altered", record, f"the receipt of event {record.event_id} is not the one audited"))
        else:
            self.disposed += receipt["digest"] is None

    def _wrong(self, finding: Finding) -> None:
        self.wrong += 1
        self.finding = self.finding or finding

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        finding = self.finding.as_json() if self.finding else None
        return {
            "digests": self.digests,
            "disposed": self.disposed,
            "not_as_audited": self.wrong,
            "finding": finding,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.finding:
            yield str(self.finding)
        if self.disposed:
            yield f"disposed, digest stands: {counted(self.disposed, 'receipt')}"
        state = f"{self.wrong} not as audited" if self.wrong else "all stand"
        yield f"compared {counted(self.digests, 'audited digest')} with intake's receipts: {state}"


def _digest(packed: bytes) -> str | None:
    """The digest that travelled; None where there is none, also in headers that are no headers: the chain names those."""
    try:
        return header(unpack(packed), DIGEST)
    except ValueError:
        return None


async def compare(auditor_dsn: str) -> Compared:
    """Every digest that audit recorded, held against the receipt of its event."""
    from services.frontdoor.reading import SQL

    compared = Compared()
    async with snapshot(auditor_dsn) as audit, snapshot(auditor_dsn) as intake:
        recorded = await Stream.begin(await audit.cursor(SQL.recorded_receipts))
        receipts = await Stream.begin(await intake.cursor(SQL.receipts))
        while recorded.id is not None:
            while receipts.id is not None and receipts.id < recorded.id:
                await receipts.take(receipts.id)
            receipt = await receipts.take(recorded.id)
            for row in await recorded.take_all(recorded.id):
                compared.add(Recorded(*row), receipt)
    return compared
