"""PostgreSQL plumbing: pools, named queries, and which of the driver's errors mean "away"."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from shared.errors import Transient, Usage
from shared.log import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

Pool = asyncpg.Pool
Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

TRANSIENT_ERRORS: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server has given up, and whose end has not been read yet
    asyncpg.CannotConnectNowError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,  # this process was frozen inside a transaction
    asyncpg.InvalidCachedStatementError,  # a migration changed a table under a prepared statement
    asyncpg.PostgresSystemError,  # the server's disk or operating system
)
UNREACHABLE: Final = (
    *TRANSIENT_ERRORS,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


CONNECT: Final = 10.0  # seconds for a connection to be there
STATEMENT: Final = 30.0  # seconds for one statement, a COPY or a wait for a lock among them; after that it is away
LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
UNLOCK: Final = "SELECT pg_advisory_unlock_all()"


@contextmanager
def transient() -> Iterator[None]:
    """Turns the driver's errors that mean "away, try again" into `Transient`."""
    try:
        yield
    except ValueError:  # an argument that the driver cannot send is no outage, though its error is an InterfaceError
        raise
    except TRANSIENT_ERRORS as error:
        raise Transient("postgres-away", type(error).__name__) from error


def queries(package: str) -> SimpleNamespace:
    """The SQL of `<package>/queries.sql`: one attribute for each block headed `-- name: <attribute>`."""
    text = resources.files(package).joinpath("queries.sql").read_text()
    blocks = text.split("-- name:")[1:]
    named = (block.partition("\n") for block in blocks)
    return SimpleNamespace(**{name.strip(): sql.strip() for name, _, sql in named})


async def open_pool(
    dsn: str, application_name: str, size: int = 10, command_timeout: float = STATEMENT
) -> asyncpg.Pool:
    """A pool of up to `size` connections; waits, with growing pauses, while PostgreSQL is away."""
    attempt = 0
    while True:
        try:
            return await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=size,
                command_timeout=command_timeout,
                timeout=CONNECT,
                max_inactive_connection_lifetime=60,  # before the server ends it (deploy/postgres/roles.sql)
                reset=_as_it_is,
                server_settings={"application_name": application_name},
            )
        except TRANSIENT_ERRORS as error:
            attempt += 1
            get_logger().warning("postgres away", attempt=attempt, error=type(error).__name__)
            await asyncio.sleep(backoff(attempt))


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    """A command's connection; `Usage` where the database cannot be reached, goes away or does not permit it."""
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT)
        try:
            yield connection
        finally:
            await connection.close(timeout=5)
    except UNREACHABLE as error:
        raise Usage("postgres-away", f"the database cannot be read: {type(error).__name__}") from error
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError) as error:
        raise Usage("not-prepared", "this database has no accounts, or this role may not read them") from error


async def close_pool(pool: asyncpg.Pool, within: float = 5) -> None:
    """Closes a pool; what PostgreSQL does not say goodbye to within so many seconds is ended."""
    try:
        await asyncio.wait_for(pool.close(), within)
    except TRANSIENT_ERRORS:
        pool.terminate()


async def _as_it_is(_: Any) -> None:
    """Spares a round trip per use: no session state is ever set here (the relay gives its lock back itself)."""


@asynccontextmanager
async def alone(pool: Pool, work: str, acquire: float = 10) -> AsyncIterator[Connection | None]:
    """A connection that holds the advisory lock on `work`, so that one instance alone does it; None while another does.

    The lock falls with the session. A free connection is waited for `acquire` seconds.
    """
    async with pool.acquire(timeout=acquire) as connection:
        if not await connection.fetchval(LOCK, work):
            yield None
            return
        try:
            yield connection
        finally:
            await give_back(connection)


async def give_back(connection: Connection) -> None:
    """Gives every advisory lock back. A connection that cannot is ended: back in the pool it would keep others out."""
    try:
        await connection.execute(UNLOCK)
    except BaseException:
        connection.terminate()
        raise


def backoff(attempt: int, most: float = 5.0) -> float:
    """Seconds to wait before attempt `attempt` + 1: doubling from 0.1 up to `most`, with full jitter on the upper half."""
    ceiling = min(most, 0.1 * 2 ** min(attempt, 10))
    return float(ceiling * random.uniform(0.5, 1))
