"""Intake's store. Whatever it returns from `take` and `append` is committed, synchronously, before it returns."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from asyncpg import UniqueViolationError

from services.intake.problems import Unanswered
from shared.codes import Status
from shared.postgres import open_pool, queries, transient

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from services.intake.settings import IntakeSettings
    from services.intake.taking.receipts import Receipt
    from shared.events import Decision
    from shared.postgres import Connection, Pool

SQL = queries("services.intake")
# A sender has its answer within 20 seconds, even if that is "try again": what is done for it gets 15, and to give up a
# statement that the server does not answer takes the driver as long as a statement may take.
SECONDS: Final = 15
STATEMENT_SECONDS: Final = 5


async def connections(settings: IntakeSettings, size: int | None = None) -> Pool:
    """Intake's pool, of so many connections; waits while PostgreSQL is away."""
    name = f"intake {settings.instance}"
    return await open_pool(settings.postgres_dsn, name, size or settings.postgres_pool, STATEMENT_SECONDS)


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Turns what takes too long, a free connection included, into `Transient`; a repeat finds out what became of it."""
    with transient():
        async with asyncio.timeout(SECONDS):
            yield


class NameTaken(Unanswered):
    """The sender calls another referral by one of the names of this one."""


class First(NamedTuple):
    """The first message under a key: what it said, how it was answered, and whether its referral is over."""

    event_id: UUID
    referral_id: UUID
    content: bytes | None
    answer: bytes
    over: bool


class Last(NamedTuple):
    """The newest message of one sender about a referral; `returned` is the sequence of its newest return."""

    content: bytes | None
    answer: bytes
    received_at: dt.datetime
    sequence: int
    returned: int | None


class Referral(NamedTuple):
    """Where a referral stands, as far as intake was told; `names` are the destinations of the standing decision."""

    referral_id: UUID
    source: str
    locality: str
    synthetic: bool
    received_at: dt.datetime
    sequence: int
    status: str = Status.TAKEN
    urgency: str | None = None
    destination: str | None = None
    names: frozenset[str] = frozenset()
    hold_reason: str | None = None
    decided_sequence: int = 0


class Invalid(NamedTuple):
    """A row of `intake.invalid`, in the order of the parameters of `keep_invalid`."""

    mailbox: str
    message_id: str
    sender: str
    source: str | None
    workflow: str
    synthetic: bool
    received_at: dt.datetime
    status: int
    code: str
    problem: bytes
    emergency: bool
    original: bytes


class Store:
    """Receipts, referrals and what is to be published."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def take(
        self, receipt: Receipt, locality: str, linked_to: UUID | None, over: UUID | None = None
    ) -> tuple[bool, UUID | None]:
        """Takes a new referral; whether it is new, and the newest earlier referral of the same content.

        `over` is the event that holds the same key for a referral that is over: it gives the key up. Raises
        `NameTaken` where another referral came meanwhile that the sender calls the same.
        """
        row = (*receipt, linked_to, locality, over)
        try:
            async with _in_time():
                claimed, earlier = await self._pool.fetchrow(SQL.take, *row) or (False, None)
        except UniqueViolationError as error:
            if error.table_name != "name":
                raise
            raise NameTaken from error
        return claimed, earlier

    async def named(self, sender: str, names: Sequence[bytes]) -> list[UUID]:
        """The referrals that the sender calls by these names."""
        async with _in_time():
            rows = await self._pool.fetch(SQL.named, sender, list(names)) if names else []
        return [row["referral_id"] for row in rows]

    async def first(self, sender: str, key: bytes, now: dt.datetime) -> First | None:
        """The first message under a key that still counts."""
        async with _in_time():
            row = await self._pool.fetchrow(SQL.first, sender, key, now)
        return First(*row) if row else None

    @asynccontextmanager
    async def locked(self, referral_id: UUID) -> AsyncIterator[Locked | None]:
        """A transaction that holds a referral's row; None where there is no such referral."""
        async with _in_time(), self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(SQL.lock, referral_id)
            yield Locked(connection, await _standing(connection, referral_id, row)) if row else None

    async def referral(self, referral_id: UUID) -> Referral | None:
        """Where a referral stands, without locking it."""
        async with _in_time(), self._pool.acquire() as connection:
            row = await connection.fetchrow(SQL.look, referral_id)
            return await _standing(connection, referral_id, row) if row else None

    async def returned(self, referral_id: UUID, sender: str) -> int | None:
        """The sequence of a sender's newest return of a referral."""
        async with _in_time():
            row = await self._pool.fetchrow(SQL.last_by, referral_id, sender)
        return row["returned"] if row else None

    async def keep_invalid(self, row: Invalid) -> None:
        """Keeps a message that will be acknowledged without being taken; one that is known already changes nothing."""
        async with _in_time():
            await self._pool.execute(SQL.keep_invalid, *row)

    async def history(self, referral_id: UUID) -> list[Any]:
        """Every decision that intake was told of, in order."""
        async with _in_time():
            return list(await self._pool.fetch(SQL.history, referral_id))

    async def note_decisions(self, decisions: Sequence[Decision]) -> None:
        """Keeps what triage decided; what is known already changes nothing."""
        rows = [
            (
                *(
                    d.referral_id,
                    d.sequence,
                    d.decision_id,
                    d.cause_sequence,
                    d.kind,
                    d.status,
                    d.outcome,
                    d.hold_reason,
                ),
                *(d.urgency, d.destination, " ".join(d.told), d.decided_at),
            )
            for d in decisions
            if d.referral_id is not None
        ]
        if rows:
            async with _in_time():
                await self._pool.execute(SQL.note_decisions, *map(list, zip(*rows, strict=True)))


class Locked:
    """One referral, locked: what is appended to it gets the next place in its sequence."""

    def __init__(self, connection: Connection, referral: Referral) -> None:
        self._connection, self.referral = connection, referral

    async def append(self, receipt: Receipt) -> bool:
        """Appends a cause; False where its key was taken meanwhile (nothing is written then)."""
        return bool(await self._connection.fetchval(SQL.append, *receipt))

    async def last_by(self, sender: str) -> Last | None:
        """The newest message of one sender about this referral."""
        row = await self._connection.fetchrow(SQL.last_by, self.referral.referral_id, sender)
        return Last(*row) if row else None

    async def document(self) -> dict[str, Any] | None:
        """The referral as it stands, with identity; None where that was disposed of."""
        stored = await self._connection.fetchval(SQL.document, self.referral.referral_id)
        return orjson.loads(stored) if stored is not None else None

    async def attachment(self, sha256: str) -> tuple[str, bytes] | None:
        """The media type and content of an attachment; None where there is none, or it was disposed of."""
        row = await self._connection.fetchrow(SQL.attachment, self.referral.referral_id, sha256)
        return tuple(row) if row and row["content"] is not None else None

    async def disclose(self, *row: Any) -> None:
        """Notes that the record is read: the row and its event, in this transaction."""
        await self._connection.execute(SQL.disclose, *row)


async def _standing(connection: Connection, referral_id: UUID, row: Any) -> Referral:
    decided = await connection.fetchrow(SQL.standing, referral_id)
    if decided is None:
        return Referral(referral_id, *row)
    gone = decided["status"] == Status.CANCELLED
    names = frozenset(decided["told"]) | (frozenset() if gone else {decided["destination"]})
    return Referral(referral_id, *row)._replace(
        status=decided["status"],
        urgency=decided["urgency"],
        destination=decided["destination"],
        names=names,
        hold_reason=decided["hold_reason"],
        decided_sequence=decided["cause_sequence"] or 0,
    )
