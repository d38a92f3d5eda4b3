"""Holds the receipts in intake against the digests that audit recorded with their events.

Audit never sees what a sender wrote: its digest travelled with the event, and intake makes it anew from the bytes that
it keeps. The two are merged as ordered streams, audit's first: of whatever it recorded, the receipt is there already.

An edited dead letter is another event with the digest of the first: it is held against the receipt of the event that the
parked record was, but only where audit has the step of the person who sent it. A header alone says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.frontdoor.reconcile import Stream, snapshot
from shared.cloudevents import header, unpack
from shared.command_line import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from uuid import UUID

    import asyncpg

    from shared.operations import DeadLetterWorked

DIGEST: Final = "ce_receiptdigest"


class Recorded(NamedTuple):
    """An audited event of intake: where it lies, and its headers."""

    event_id: UUID
    stream: str
    topic: str
    partition: int
    offset: int
    headers: bytes
    causation_id: UUID | None = None
    referral_id: UUID | None = None


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
        place = {name: getattr(self.record, name) for name in ("stream", "topic", "partition", "offset")}
        return {"finding": self.kind, **place, "event_id": str(self.record.event_id), "why": self.why}


@dataclass
class Compared:
    """How many audited digests were held against receipts; of those that differ, the first of each kind by name."""

    digests: int = 0
    disposed: int = 0
    wrong: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)

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
        self.findings.setdefault(finding.kind, finding)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        findings = [finding.as_json() for finding in self.findings.values()]
        return {
            "digests": self.digests,
            "disposed": self.disposed,
            "not_as_audited": self.wrong,
            "finding": findings[0] if findings else None,
            "findings": findings,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield from map(str, self.findings.values())
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


class Edits:
    """What people sent in place of parked records, by the steps that audit has of them (`sent_as`)."""

    def __init__(self, steps: Iterable[DeadLetterWorked]) -> None:
        self._steps: Mapping[UUID, DeadLetterWorked] = {
            step.sent_as: step for step in steps if step.step == "edited" and step.sent_as
        }

    def first(self, record: Recorded) -> DeadLetterWorked | None:
        """The step on the record as it came first (an edited one may have been parked and edited again), if it is an edit."""
        step, seen = self._steps.get(record.event_id), {record.event_id}
        if step is None or record.causation_id not in {step.event_id, step.entry}:
            return None
        while step.event_id and step.event_id not in seen and (earlier := self._steps.get(step.event_id)):
            seen.add(step.event_id)
            step = earlier
        return step


def receipt_of_edit(record: Recorded, first: DeadLetterWorked, receipts: Iterable[Any]) -> Any:
    """The receipt of the event that was edited; of a record that had no id, the one of its referral with that digest."""
    for receipt in receipts:
        if first.event_id is not None and receipt["event_id"] == first.event_id:
            return receipt
        same = (receipt["referral_id"], receipt["recorded"]) == (record.referral_id, _digest(record.headers))
        if first.event_id is None and same:
            return receipt
    return None


async def compare(auditor_dsn: str) -> Compared:
    """Every digest that audit recorded, held against the receipt of its event."""
    from services.frontdoor.dead_letters.entries import taken
    from services.frontdoor.reading import SQL

    compared, edited = Compared(), list[tuple[Recorded, Any]]()
    async with snapshot(auditor_dsn) as audit, snapshot(auditor_dsn) as intake:
        edits = Edits(step for steps in (await taken(audit)).values() for step in steps)
        recorded = await Stream.begin(await audit.cursor(SQL.recorded_receipts))
        receipts = await Stream.begin(await intake.cursor(SQL.receipts))
        while recorded.id is not None:
            while receipts.id is not None and receipts.id < recorded.id:
                await receipts.take(receipts.id)
            receipt = await receipts.take(recorded.id)
            for row in map(Recorded._make, await recorded.take_all(recorded.id)):
                if receipt is None and (first := edits.first(row)):
                    edited.append((row, first))
                else:
                    compared.add(row, receipt)
        events, referrals = {first.event_id for _, first in edited}, {row.referral_id for row, _ in edited}
        behind = await intake.fetch(SQL.receipts_behind, list(events - {None}), list(referrals - {None}))
    for row, first in edited:
        compared.add(row, receipt_of_edit(row, first, behind))
    return compared
