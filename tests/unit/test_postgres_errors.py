"""Which of the driver's errors mean that PostgreSQL is away for now, and which that we are wrong."""

from __future__ import annotations

import asyncpg
import pytest

from shared.errors import Transient
from shared.postgres import transient


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.IdleInTransactionSessionTimeoutError("a stopped process went on too late"),
        asyncpg.IdleSessionTimeoutError("the same, between transactions"),
        asyncpg.InvalidCachedStatementError("a migration changed a table meanwhile"),
        asyncpg.PostgresIOError("a disk that fails"),
        asyncpg.PostgresSystemError("an operating system that fails"),
        asyncpg.AdminShutdownError("a restart"),
    ],
)
def test_what_passes_is_waited_for(error: Exception):
    with pytest.raises(Transient, match=type(error).__name__), transient():
        raise error


@pytest.mark.parametrize(
    "error", [asyncpg.UndefinedTableError("no such table"), asyncpg.exceptions._base.DataError("no such number")]
)
def test_what_waiting_cannot_mend_is_not(error: Exception):
    with pytest.raises(type(error)), transient():
        raise error
