"""Triage's store: one transaction decides a batch; what it published is noted afterwards."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import asyncpg
from msgspec import Struct

from services.triage.batch import Ledger, Standing, decide_batch
from services.triage.causes import Seen
from services.triage.document import headers_of
from services.triage.history import NO_TEAM, History
from shared.cloudevents import from_json, pack, to_json, unpack
from shared.codes import CareSetting, OutcomeKind, Status
from shared.errors import Transient
from shared.events import Decision
from shared.kafka import Record
from shared.postgres import queries, transient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from services.triage.rules import RuleSet
    from shared.behind import OnlyIfWhole
    from shared.localities import Locality
    from shared.postgres import Connection, Pool

SQL = queries("services.triage")
LOOK_BACK = dt.timedelta(days=90)
OUTPUT_COLUMNS = ("event_id", "cause_id", "topic", "partition", "headers")
DECISION_COLUMNS = (
    "cause_id", "decision_id", "referral_id", "sequence", "kind", "destination", "urgency", "ruleset_hash", "document",
    "decided_at",
)  # fmt: skip


class Arrival(Struct):
    """A cause, the partition it came from, and for a parked record its place and what was wrong."""

    seen: Seen
    topic: str
    partition: int
    offset: int
    detail: str = ""


class Outputs:
    """The records to publish for a batch, each with its event id, in the order of their causes."""

    def __init__(self) -> None:
        self.event_ids: list[UUID] = []
        self.records: list[Record] = []

    def add(self, event_id: UUID, record: Record) -> None:
        """Adds one record."""
        self.event_ids.append(event_id)
        self.records.append(record)


class Store:
    """Decisions, exactly one per cause; `whole` keeps them from a database that came back older."""

    def __init__(
        self, pool: Pool, localities: Mapping[str, Locality], default: str, whole: OnlyIfWhole | None = None
    ) -> None:
        self._pool, self._localities, self._default, self._whole = pool, localities, default, whole

    async def decide(
        self, arrivals: Sequence[Arrival], rules: Mapping[str, RuleSet], now: dt.datetime
    ) -> tuple[Outputs, list[Decision]]:
        """Decides what was not decided yet, stores it, and gives every output of the batch and the new decisions."""
        with transient():
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    if self._whole:
                        await self._whole(connection)
                    return await self._decide(connection, arrivals, rules, now)
            except asyncpg.UniqueViolationError as error:  # another instance decided first: look again
                raise Transient("decided-elsewhere", error.constraint_name or "") from error

    async def newest(self, count: int) -> list[tuple[str, int, int] | None]:
        """Of the newest decisions, the oldest first: the place of each that is the hold of a record nobody could read."""
        with transient():
            rows = await self._pool.fetch(SQL.newest_decided, count)
        return [tuple(row) if row["topic"] else None for row in rows]

    async def _decide(
        self, connection: Connection, arrivals: Sequence[Arrival], rules: Mapping[str, RuleSet], now: dt.datetime
    ) -> tuple[Outputs, list[Decision]]:
        arrivals, again = await self._told_apart(connection, arrivals)
        causes = [arrival.seen.cause_id for arrival in arrivals] + [cause for _, cause in again]
        known = {row["cause_id"]: row["document"] for row in await connection.fetch(SQL.decided, causes)}
        outputs = Outputs()
        if known:
            for row in await connection.fetch(SQL.outputs, list(known)):
                referral_id = from_json(Decision, known[row["cause_id"]]).referral_id
                key = str(referral_id).encode() if referral_id else None
                record = Record(row["topic"], row["partition"], key, known[row["cause_id"]], unpack(row["headers"]))
                outputs.add(row["event_id"], record)
        new = [arrival for arrival in arrivals if arrival.seen.cause_id not in known]
        if parked := [_parked_row(each) for each in (*new, *(arrival for arrival, _ in again)) if each.seen.code]:
            await connection.execute(SQL.insert_parked, *_columns(parked))
        if not new:
            return outputs, []
        ledger = await self._ledger(connection, [arrival.seen for arrival in new], rules, now)
        decided = decide_batch([arrival.seen for arrival in new], ledger, now)
        await self._insert(connection, new, decided, ledger, outputs)
        return outputs, [decision for _, decision in decided]

    async def _told_apart(
        self, connection: Connection, arrivals: Sequence[Arrival]
    ) -> tuple[list[Arrival], list[tuple[Arrival, UUID]]]:
        """The arrivals to decide on, and those that were parked before: the same event and bytes from another place.

        Each of these with the cause whose decision answers it: whoever was held for it then is not held anew.
        """
        known = [arrival.seen.bytes_known for arrival in arrivals if arrival.seen.bytes_known]
        if not known:
            return list(arrivals), []
        rows = await connection.fetch(SQL.parked_before, *_columns(known))
        first = {(row["event_id"], row["digest"]): row["cause_id"] for row in rows}
        fresh, again = [], []
        for arrival in arrivals:
            cause = arrival.seen.cause_id
            if arrival.seen.bytes_known and first.setdefault(arrival.seen.bytes_known, cause) != cause:
                again.append((arrival, first[arrival.seen.bytes_known]))
            else:
                fresh.append(arrival)
        return fresh, again

    async def _ledger(
        self, connection: Connection, seen: Sequence[Seen], rules: Mapping[str, RuleSet], now: dt.datetime
    ) -> Ledger:
        ids = list({s.referral_id for s in seen if s.referral_id})
        standing = {
            row["referral_id"]: _standing(row, now - LOOK_BACK) for row in await connection.fetch(SQL.standing, ids)
        }
        keys = {s.referral.person_key for s in seen if s.referral} | {s.person_key for s in standing.values()}
        rows = await connection.fetch(SQL.persons, [key for key in keys if key], now - LOOK_BACK)
        persons = {row["person_key"]: History(row["open_team"] or NO_TEAM, int(row["returns"] or 0)) for row in rows}
        return Ledger(standing, persons, rules, self._localities, self._default)

    async def _insert(
        self,
        connection: Connection,
        arrivals: Sequence[Arrival],
        decided: Sequence[tuple[Seen, Decision]],
        ledger: Ledger,
        outputs: Outputs,
    ) -> None:
        partitions = {arrival.seen.cause_id: arrival.partition for arrival in arrivals}
        decisions, stored = [], []
        for seen, decision in decided:
            document = to_json(decision)
            decisions.append(_decision_row(decision, document))
            for output in decision.outputs:
                record = Record(
                    output.topic,
                    partitions[seen.cause_id],
                    seen.referral_text.encode() if seen.referral_text else None,
                    document,
                    headers_of(output, decision, seen),
                )
                outputs.add(output.event_id, record)
                stored.append((output.event_id, seen.cause_id, record.topic, record.partition, pack(record.headers)))
        await _copy(connection, "decision", DECISION_COLUMNS, decisions)
        await _copy(connection, "output", OUTPUT_COLUMNS, stored)
        moved = {seen.referral_id for seen, _ in decided if seen.referral_id}
        if moved:
            await connection.execute(
                SQL.upsert_referrals, *_columns([_referral_row(rid, ledger.standing[rid]) for rid in moved])
            )
        for seen, decision in decided:
            if decision.outcome is OutcomeKind.RETURNED:
                await connection.execute(SQL.note_return, seen.referral_id, decision.decided_at)

    async def published(self, outputs: Outputs, offsets: Sequence[int | None]) -> None:
        """Notes where each output landed."""
        with transient():
            await self._pool.execute(SQL.mark_published, outputs.event_ids, list(offsets))

    async def dead_letters_written(self, causes: Sequence[UUID], offsets: Sequence[int | None]) -> None:
        """Notes where each parked record landed."""
        with transient():
            await self._pool.execute(SQL.mark_parked, list(causes), list(offsets))

    async def hub_queue(self) -> list[asyncpg.Record]:
        """How many wait for a person at the hub, since when, and how many too long, by reason, urgency and synthetic."""
        with transient():
            return list(await self._pool.fetch(SQL.hub_queue))


async def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """New rows by COPY: half the work of an INSERT here, and it fails on a duplicate in the same way."""
    await connection.copy_records_to_table(table, schema_name="triage", columns=columns, records=rows)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _decision_row(d: Decision, document: bytes) -> tuple[Any, ...]:
    ruleset = d.rules.hash if d.rules else None
    head = (d.cause_id, d.decision_id, d.referral_id, d.sequence, d.kind, d.destination, d.urgency)
    return (*head, ruleset, document, d.decided_at)


def _referral_row(referral_id: UUID, s: Standing) -> tuple[Any, ...]:
    d = s.decision
    waits = None if d.hold_reason or d.status is not Status.ROUTED else _whose(d)
    due = d.due_at if d.hold_reason or waits else None
    held = (d.hold_reason, d.decided_at if d.hold_reason else None, due)
    parked = f"{{{','.join(map(str, s.parked))}}}"  # unnest() takes an array of arrays apart
    unanswered = (waits, d.decided_at if waits else None)
    return (
        referral_id,
        d.decision_id,
        s.highest,
        s.latest,
        s.latest_type,
        s.person_key,
        s.open_team,
        *held,
        parked,
        *unanswered,
    )


def _whose(decision: Decision) -> str:
    """Whose answer a routed referral waits for: the destinations of the front door are the hub's people's."""
    return "hub" if decision.care_setting is CareSetting.FRONT_DOOR else "team"


def _parked_row(a: Arrival) -> tuple[Any, ...]:
    place = (a.topic, a.partition, a.offset)
    return (a.seen.cause_id, a.seen.referral_id, *place, a.seen.code, a.detail, a.seen.event_id, a.seen.digest)


def _standing(row: Any, since: dt.datetime) -> Standing:
    decision = from_json(Decision, row["document"])
    returns = sum(at > since for at in row["returned_at"])
    known = (row["highest"], row["latest"], row["latest_type"], row["person_key"], row["open_team"])
    return Standing(decision, *known, returns, tuple(row["parked"]))
