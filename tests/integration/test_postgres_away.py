"""A PostgreSQL connection that the server gives up is "away", never a bug: also before its end can be read."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from shared.errors import Transient
from shared.postgres import open_pool, transient
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from tests.stack import Database


class Wire:
    """Stands between a client and the server: what the server says arrives, that it hung up only once `end` is set."""

    def __init__(self, database: Database) -> None:
        self._server = urlsplit(database.dsn())
        self.end, self.last = asyncio.Event(), asyncio.Event()
        self.running: set[asyncio.Task[None]] = set()

    def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.running.add(asyncio.create_task(self._between(reader, writer)))

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = unquote(self._server.query.removeprefix("host="))
        there = (
            asyncio.open_unix_connection(f"{path}/.s.PGSQL.5432")
            if path
            else asyncio.open_connection(self._server.hostname, self._server.port)
        )
        from_server, to_server = await there
        asking = asyncio.create_task(_copied(reader, to_server))
        await _copied(from_server, writer)
        self.last.set()
        await self.end.wait()
        asking.cancel()
        for end in (writer, to_server):
            end.close()
            with suppress(OSError):
                await end.wait_closed()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)


@asynccontextmanager
async def through(wire: Wire, database: Database) -> AsyncIterator[asyncpg.Pool]:
    listening = await asyncio.start_server(wire, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    pool = await open_pool(f"postgresql://frontdoor_triage@127.0.0.1:{port}/{database.name}", "wire", 1)
    try:
        yield pool
    finally:
        wire.end.set()
        pool.terminate()
        listening.close()
        await asyncio.wait(wire.running)


async def test_a_connection_given_up_by_the_server_is_away_and_then_made_anew(database: Database) -> None:
    wire = Wire(database)
    async with through(wire, database) as pool:
        await pool.fetchval("SELECT 1")
        await database.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wire'")
        await wire.last.wait()
        with pytest.raises(Transient), transient():
            await pool.fetchval("SELECT 1")
        wire.end.set()

        async def answers() -> bool:
            try:
                with transient():
                    return bool(await pool.fetchval("SELECT 1") == 1)
            except Transient:
                return False

        await eventually(answers)
