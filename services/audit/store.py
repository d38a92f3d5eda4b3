"""The audit tables: one transaction a batch, and only the row after the head is ever accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg

from services.audit.chain import Entry, Head, Place, Row, extend, same
from services.audit.findings import Stored
from shared.postgres import queries, transient
from shared.topics import OPERATIONS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from shared.postgres import Connection, Pool

    Entries = Mapping[Place, Sequence[Entry]]

SQL: Final = queries("services.audit")
ROWS_A_FETCH: Final = 1000


class Appended(NamedTuple):
    """What one batch added to each chain, and where those chains stand now."""

    rows: dict[Place, list[Row]]
    heads: dict[Place, Head]


class Store:
    """Appends to chains and reads their heads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def heads(self, stream: str) -> dict[Place, Head]:
        """The head of every chain of a stream."""
        with transient():
            return _heads(stream, await self._pool.fetch(SQL.heads, stream))

    async def dead_letters(self, since: dt.datetime) -> tuple[list[tuple[str, bytes]], list[bytes]]:
        """Stream and headers of the dead letters recorded since then, and the values of the steps that people took."""
        with transient():
            letters = [tuple(row) for row in await self._pool.fetch(SQL.dead_letters, since)]
            return letters, [row["value"] for row in await self._pool.fetch(SQL.worked, since)]

    async def append(
        self, stream: str, entries: Entries, recorded_at: dt.datetime, log_starts: Mapping[Place, int]
    ) -> Appended:
        """Adds what follows the heads and compares the rest with what is stored, in one transaction.

        Raises `Transient` while PostgreSQL is away, `chain.Gap` where records are missing, `Bug` where an offset holds
        another record than before.
        """
        places = sorted(entries)
        with transient():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(SQL.lock, ["/".join(map(str, place)) for place in places])
                stand = await _heads_of(connection, stream, places)
                await _compare(connection, stream, entries, stand)
                rows = {p: extend(p, stand.get(p), entries[p], recorded_at, log_starts.get(p, 0)) for p in places}
                moved = {place: Head(added[-1].entry.last, added[-1].hash) for place, added in rows.items() if added}
                if moved:
                    await _insert(connection, stream, rows, moved, recorded_at)
        return Appended(rows, moved)


async def _heads_of(connection: Connection, stream: str, places: Sequence[Place]) -> dict[Place, Head]:
    wanted = _columns((place.topic, place.partition) for place in places)
    return _heads(stream, await connection.fetch(SQL.heads_of, stream, *wanted))


async def _compare(connection: Connection, stream: str, entries: Entries, stand: Mapping[Place, Head]) -> None:
    """Kafka may deliver again what is stored, but never something else at the same offset."""
    again = [
        (place, entry)
        for place, came in entries.items()
        if place in stand
        for entry in came
        if entry.offset <= stand[place].offset
    ]
    if not again:
        return
    wanted = _columns((place.topic, place.partition, entry.offset) for place, entry in again)
    found = await connection.fetch(SQL.fingerprints, stream, *wanted)
    stored = {(row[0], row[1], row[2]): tuple(row)[3:] for row in found}
    for place, entry in again:
        same(place, stored.get((place.topic, place.partition, entry.offset)), entry)


async def _insert(
    connection: Connection,
    stream: str,
    rows: Mapping[Place, Sequence[Row]],
    moved: Mapping[Place, Head],
    recorded_at: dt.datetime,
) -> None:
    flat = ((p.topic, p.partition, *row.entry, *row[1:]) for p, added in rows.items() for row in added)
    await connection.execute(SQL.insert, stream, *_columns(flat))
    tops = ((place.topic, place.partition, *head) for place, head in moved.items())
    await connection.execute(SQL.move_heads, stream, *_columns(tops), recorded_at)


def _heads(stream: str, found: Iterable[asyncpg.Record]) -> dict[Place, Head]:
    return {Place(stream, row["topic"], row["partition"]): Head(row["offset"], row["hash"]) for row in found}


def _columns(tuples: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*tuples, strict=True)]


async def places(connection: Connection) -> list[Place]:
    """Every chain that there is, or that a head says there is."""
    return [Place(*row) for row in await connection.fetch(SQL.places)]


async def head(connection: Connection, place: Place) -> Head | None:
    """The head of one chain."""
    row = await connection.fetchrow(SQL.head, *place)
    return Head(*row) if row else None


async def rows(connection: Connection, place: Place) -> AsyncIterator[list[Stored]]:
    """The rows of one chain in the order of offsets, some at a time; inside a transaction."""
    cursor = await connection.cursor(SQL.rows, *place)
    while found := await cursor.fetch(ROWS_A_FETCH):
        yield [_stored(tuple(row)) for row in found]


def _stored(row: tuple[Any, ...]) -> Stored:
    *fields, recorded_at, previous, own, disposed = row
    return Stored(Row(Entry(*fields), recorded_at, previous, own), disposed)


async def published_heads(connection: Connection) -> list[tuple[Place, int, bytes]]:
    """The newest heads event of every stream, as it was published there: its chain, its offset, its value."""
    rows = await connection.fetch(SQL.published_heads, OPERATIONS)
    return [(Place(row["stream"], OPERATIONS, 0), row["offset"], row["value"]) for row in rows]


async def connect(dsn: str) -> asyncpg.Connection:
    """One connection that only reads."""
    return await asyncpg.connect(dsn, server_settings={"default_transaction_read_only": "on"})
