"""Migrations, applied while the services run: each waits for no lock for long, since all would wait behind it.

What a migration may do, and why an older version of the services goes on after it: docs/decisions/0018.
"""

from __future__ import annotations

import asyncio
import re
import time
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from shared.errors import Transient
from shared.postgres import LOCK, backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from importlib.resources.abc import Traversable

LOCK_SECONDS: Final = 1.0  # that a statement waits for a table; whoever comes after it waits as long
PATIENCE: Final = 60.0  # seconds in which it is tried again
APART: Final = "-- apart"  # how a file begins whose statements cannot be in a transaction (CREATE INDEX CONCURRENTLY)

_IN_USE: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


def files_of(schema: str) -> list[Traversable]:
    """The migrations of a schema in their order."""
    folder = resources.files(f"services.{schema}").joinpath("migrations")
    return sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)


async def migrate(
    dsn: str, schema: str, owner: str | None = "frontdoor_owner", files: Sequence[Traversable] | None = None
) -> list[str]:
    """Applies each of a schema's migrations once, in order, each whole or not at all; returns the names of the new ones.

    `Transient` where a table is in use for so long that one cannot be applied: it may be tried again at any time.
    """
    connection = await asyncpg.connect(dsn, server_settings={"lock_timeout": f"{LOCK_SECONDS}s"})
    try:
        await connection.execute(f'SET ROLE "{owner}"' if owner else "RESET ROLE")
        await _tried(lambda: _alone(connection, schema))
        await connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{schema}".migration (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())'
        )
        known = {row["name"] for row in await connection.fetch(f'SELECT name FROM "{schema}".migration')}  # noqa: S608  (a schema of ours)
        new = [file for file in (files_of(schema) if files is None else files) if file.name not in known]
        for file in new:
            await _tried(lambda file=file: _apply(connection, schema, file.name, file.read_text()))  # type: ignore[misc]  # a default binds it
        return [file.name for file in new]
    finally:
        await connection.close()


async def _alone(connection: Any, schema: str) -> None:
    """Tried, not waited for: an index that is made beside the work waits for every statement under way, also for that."""
    if not await connection.fetchval(LOCK, f"frontdoor.migrate.{schema}"):
        raise asyncpg.LockNotAvailableError


async def _apply(connection: Any, schema: str, name: str, text: str) -> None:
    noted = f'INSERT INTO "{schema}".migration (name) VALUES ($1)'  # noqa: S608  (a schema of ours)
    if text.startswith(APART):
        await connection.execute("SET lock_timeout = 0")  # nobody waits behind these statements
        for statement in filter(None, map(str.strip, re.split(r";[ \t]*(?:\n|$)", text))):
            await connection.execute(statement)
        await connection.execute("RESET lock_timeout")
        await connection.execute(noted, name)
        return
    async with connection.transaction():
        await connection.execute(text)
        await connection.execute(noted, name)


async def _tried(work: Callable[[], Awaitable[None]]) -> None:
    """Does it as soon as nobody is in its way; between two tries whoever waited behind it goes on."""
    deadline, attempt = time.monotonic() + PATIENCE, 0
    while True:
        try:
            return await work()
        except _IN_USE as error:
            attempt += 1
            if time.monotonic() > deadline:
                why = "a table is in use all the time; nothing was changed by this step"
                raise Transient("in-use", why) from error
            await asyncio.sleep(backoff(attempt))
