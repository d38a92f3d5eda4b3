"""Which of the driver's errors mean that PostgreSQL is away for now, and which that we are wrong."""

from __future__ import annotations

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Transient
from shared.postgres import backoff, transient


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


@given(attempt=st.integers(1, 10_000), most=st.floats(0.2, 120))
def test_a_pause_doubles_up_to_its_most_and_is_never_none(attempt: int, most: float):
    ceiling = min(most, 0.1 * 2 ** min(attempt, 10))
    assert ceiling / 2 <= backoff(attempt, most) <= ceiling


def test_pauses_differ_so_that_those_who_wait_do_not_come_back_at_once_together():
    assert len({backoff(8) for _ in range(50)}) > 40
