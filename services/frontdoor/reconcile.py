"""`frontdoor reconcile`: merges three ordered id streams (intake, triage, audit) into the account.

Each schema's view is read over a connection of its own, in one snapshot each, upstream first: whatever an upstream
snapshot shows, the later ones downstream can already answer for. No SQL crosses schemas, and memory holds a portion of
each stream and what is not through.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.frontdoor.account import Account, Decided, Output, Parked, Taken, confirmed
from services.frontdoor.ledger import PATIENCE, Ledger
from shared import running
from shared.command_line import CLEAN, FINDING, add_command, since_when

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator
    from uuid import UUID

    import asyncpg

    from shared.command_line import Commands

ROWS_A_PORTION: Final = 5000
SECOND_LOOK_SECONDS: Final = 1.0
MOST_NAMED: Final = 20

EXAMPLES = """
frontdoor reconcile                             is everything accounted for? (exit code 1: no)
frontdoor reconcile --since 24h                 only what was taken in the last day (also: 30m, 7d)
frontdoor reconcile --since 2026-11-01T00:00Z   only what was taken since then
frontdoor reconcile --late 1h                   in flight is fine for so long (15m, where nothing is said)
frontdoor reconcile --json                      for a program
"""


class Scope(NamedTuple):
    """Which of intake's events count (None: all), and for how long after it was taken one may be under way."""

    since: dt.datetime | None = None
    referrals: tuple[UUID, ...] | None = None
    patience: dt.timedelta = PATIENCE


EVERYTHING: Final = Scope()


def register(commands: Commands) -> None:
    """Adds `reconcile` to the command line."""
    parser = add_command(commands, "reconcile", "follow everything that was taken to its audit row", EXAMPLES)
    parser.add_argument("--since", metavar="TIME", help="a time (RFC 3339), or so long ago (30m, 24h, 7d)")
    parser.add_argument(
        "--late", metavar="SPAN", default="15m", help="in flight for longer is unaccounted (default 15m)"
    )
    parser.add_argument("--json", action="store_true", help="the account as JSON")
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """0 where everything is accounted for (parked and in flight included), else 1."""
    now = dt.datetime.now(dt.UTC)
    since = since_when(arguments.since, now) if arguments.since else None
    scope = Scope(since, patience=now - since_when(arguments.late, now, "--late"))
    account = await reconcile(running.reader_dsn(arguments.data), scope)
    if arguments.json:
        print(json.dumps(account.as_json()))
    else:
        print("\n".join(lines(account)))
    return FINDING if account.unaccounted else CLEAN


async def reconcile(reader_dsn: str, scope: Scope = EVERYTHING) -> Account:
    """The account of what intake took. Looks twice before it calls anything unaccounted."""
    account = await look(reader_dsn, scope)
    if not account.unaccounted:
        return account
    await asyncio.sleep(SECOND_LOOK_SECONDS)
    return confirmed(account, await look(reader_dsn, scope))


async def look(reader_dsn: str, scope: Scope = EVERYTHING) -> Account:
    """One pass over the three schemas' views."""
    from services.frontdoor.reading import SQL

    asked = (scope.since, scope.referrals)
    async with AsyncExitStack() as opened:
        intake, triage, audit = [await opened.enter_async_context(snapshot(reader_dsn)) for _ in range(3)]
        taken = await Stream.begin(await intake.cursor(SQL.taken, *asked))
        parked = [Parked(*row) for row in await triage.fetch(SQL.parked, *asked)]
        decided, outputs = (
            await Stream.begin(await triage.cursor(SQL.decided)),
            await Stream.begin(await triage.cursor(SQL.outputs)),
        )
        audited = await Stream.begin(await audit.cursor(SQL.audited))
        heads = {(row["topic"], row["partition"]): row["offset"] for row in await audit.fetch(SQL.heads)}
        edits = {row["event_id"]: row["causation_id"] for row in await audit.fetch(SQL.edits)}
        ledger = Ledger(parked, dt.datetime.now(dt.UTC), scope.patience, asked == (None, None), edits)
        await merge(ledger, taken, decided, outputs, audited)
        ids = list({output.cause_id for output in ledger.missing})
        causes = {row["event_id"]: Taken(*row) for row in await intake.fetch(SQL.causes, *asked, ids)}
        return ledger.close(heads, causes)


async def merge(ledger: Ledger, taken: Stream, decided: Stream, outputs: Stream, audited: Stream) -> None:
    """Walks the four streams together, in the order of the ids that they share."""
    streams = (taken, decided, outputs, audited)
    while ids := [stream.id for stream in streams if stream.id is not None]:
        smallest = min(ids)
        event, decision, output, row = [await stream.take(smallest) for stream in streams]
        made = Decided(*decision) if decision else None
        if event:
            published = bool(made and made.published)
            ledger.add_taken(Taken(*event), decided=made is not None, published=published, audited=row is not None)
        elif made:
            ledger.add_stray(made)
        if made and made.decisions > 1 and (event or ledger.whole):
            ledger.add_twice(made)
        if output and not row:
            ledger.add_missing(Output(*output))


class Stream:
    """Rows in the order of their first column, an id; read in portions. `id` is the next row's, None at the end."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._portion: list[asyncpg.Record] = []
        self._next = 0
        self.id: UUID | None = None

    @classmethod
    async def begin(cls, cursor: Any) -> Stream:
        """The stream of a cursor, at its first row."""
        stream = cls(cursor)
        await stream._read()
        return stream

    async def take(self, wanted: UUID) -> asyncpg.Record | None:
        """The row with that id (the first, where there are several), moving past it; None if the next id is another."""
        return next(iter(await self.take_all(wanted)), None)

    async def take_all(self, wanted: UUID) -> list[asyncpg.Record]:
        """All rows with that id, moving past them."""
        found = []
        while self.id == wanted:
            found.append(self._portion[self._next])
            self._next += 1
            await self._read()
        return found

    async def _read(self) -> None:
        if self._next == len(self._portion):
            self._portion, self._next = await self._cursor.fetch(ROWS_A_PORTION), 0
        self.id = self._portion[self._next][0] if self._portion else None


@asynccontextmanager
async def snapshot(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in one read-only snapshot, taken now."""
    from shared.postgres import connected

    async with connected(dsn) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SELECT 1")
        yield connection


def lines(account: Account) -> list[str]:
    """The account for people; the last line is the number unaccounted."""
    said = [f"taken {account.taken}", f"decided {account.decided}", f"audited {account.audited}"]
    for heading, entries in (
        ("parked", account.parked),
        ("in flight", account.in_flight),
        ("unaccounted", account.unaccounted),
    ):
        named = entries if heading == "unaccounted" else entries[:MOST_NAMED]
        said += [f"  {heading}: {entry}" for entry in named]
        said += [f"  ... and {len(entries) - len(named)} more (--json names all)"] if len(named) < len(entries) else []
        said.append(f"{heading} {len(entries)}")
    return said
