"""Reads the accounts and audit's records, as the roles that may (`frontdoor_reader`, `frontdoor_auditor`)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from shared.errors import Usage
from shared.postgres import TRANSIENT_ERRORS, queries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SQL: Final = queries("services.frontdoor")
UNREACHABLE: Final = (
    *TRANSIENT_ERRORS,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    """A connection; `Usage` where the database cannot be reached or goes away."""
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            yield connection
        finally:
            await connection.close(timeout=5)
    except UNREACHABLE as error:
        raise Usage("postgres-away", f"the database cannot be read: {type(error).__name__}") from error
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError) as error:
        raise Usage("not-prepared", "this database has no accounts, or this role may not read them") from error
