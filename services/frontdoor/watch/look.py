"""Reads what the watch judges, as the reader role: views without content, upstream first, a schema a query.

What was found to be through is not followed any further: a look costs what came since the last one, and what is open.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from services.frontdoor.account import Parked, Taken
from services.frontdoor.reconcile import look as look_at_all
from services.frontdoor.watch.differences import Known, Made, Seen, as_known, differences, sent_again
from services.frontdoor.watch.following import Waiting
from shared.codes import Urgency, most_urgent
from shared.errors import Transient, Usage
from shared.postgres import queries, transient

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from services.frontdoor.watch.differences import Difference
    from shared.postgres import Pool

SQL: Final = queries("services.frontdoor.watch")
OVERLAP: Final = dt.timedelta(minutes=5)  # rows are stamped before they are committed, and clocks differ


class Look:
    """Looks again and again. Remembers what to follow and, of what the next look will read again, what is through."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._received: dt.datetime | None = None  # the newest moment that was seen, by intake's clock
        self._decided: dt.datetime | None = None  # the same by triage's
        self._open: set[UUID] = set()
        self._through: set[UUID] = set()
        self._places: dict[UUID, UUID | None] = {}  # of a parked record's hold: the event of intake that it is

    async def at_the_rest(self, dsn: str) -> None:
        """Names what was taken before the watch came, or slipped by, by one pass over everything (`frontdoor reconcile`)."""
        self._received = _newest(self._received, (row[0] for row in await self._rows(SQL.newest_received)))
        self._decided = _newest(self._decided, (row[0] for row in await self._rows(SQL.newest_decided)))
        try:
            account = await look_at_all(dsn)
        except Usage as error:
            raise Transient(error.code, error.detail) from error
        ids = {e.event_id for e in (*account.parked, *account.in_flight, *account.unaccounted) if e.event_id}
        self._open |= ids | {row["cause_id"] for row in await self._rows(SQL.causes_of, ids)}
        self._places = {hold: event for hold, event in self._places.items() if event}

    async def at(self, now: dt.datetime) -> list[Difference]:
        """Every difference there is now; `Transient` while PostgreSQL is away."""
        since, followed = _window(self._received, now), set(self._open)
        parked = [Parked(*row) for row in await self._rows(SQL.parked)]
        places = await self._placed(parked, now)
        events = {event for event in places.values() if event}
        taken = [Taken(*row) for row in await self._rows(SQL.events, since, followed | events)]
        placed = [(each, places[each.cause_id]) for each in parked]
        found = await self._known(differences(await self._read(taken, placed, followed, now)))
        unfinished = {difference.cause_id for difference in found}
        self._open = (self._open - followed) | unfinished  # `at_the_rest` may have named more meanwhile
        self._through = {event.event_id for event in taken} - unfinished
        self._received = _newest(self._received, (event.received_at for event in taken))
        return found

    async def answers(self, now: dt.datetime, *, everything: bool) -> list[Waiting]:
        """Where referrals stand: those decided on since the last `at`, or every one that waits."""
        since = _window(self._decided, now)
        rows = await (self._rows(SQL.unanswered) if everything else self._rows(SQL.answers, since))
        return [Waiting(*row) for row in rows]

    async def _read(
        self, taken: list[Taken], parked: list[tuple[Parked, UUID | None]], followed: set[UUID], now: dt.datetime
    ) -> Seen:
        """What the three schemas hold of what is not through yet; of what is, whether it was decided once."""
        events = {event.event_id: event for event in taken if event.event_id not in self._through}
        since = _window(self._decided, now)
        strays = [each for each, event in parked if event is None]
        edits, worked = dict(await self._rows(SQL.edits)), dict(await self._rows(SQL.worked))
        follow = events.keys() | followed | edits.keys() | set(sent_again(strays, worked).values())
        made = [Made(*row) for row in await self._rows(SQL.decisions, follow, since)]
        self._decided = _newest(self._decided, (row.decided_at for row in made))
        done = {row.output_id for row in made if row.cause_id in self._through}
        audited = done | await self._ids(SQL.audited, events.keys() | {row.output_id for row in made} - done)
        unknown = {row.cause_id for row in made} - events.keys() - self._through
        receipts = self._through | await self._ids(SQL.receipts, unknown)
        by_event = {event: each for each, event in parked if event}
        return Seen(events, made, audited, receipts, by_event, strays, edits, worked)

    async def _placed(self, parked: list[Parked], now: dt.datetime) -> dict[UUID, UUID | None]:
        """The events that are parked, each found once: but the relay may note the place of one after it was parked.

        A look has a copy of its own: `at_the_rest` forgets meanwhile what has no place yet.
        """
        places, fresh = dict(self._places), now - OVERLAP
        wanted = [
            p for p in parked if places.get(p.cause_id) is None and (p.cause_id not in places or p.parked_at > fresh)
        ]
        if wanted:
            columns = zip(*[(p.cause_id, p.referral_id, p.partition, p.offset) for p in wanted], strict=True)
            rows = dict(await self._rows(SQL.events_at, *map(list, columns)))
            found = {p.cause_id: rows.get(p.cause_id) for p in wanted}
            places |= found
            self._places |= found
        return places

    async def _known(self, found: list[Difference]) -> list[Difference]:
        referrals = {each.referral_id for each in found if each.referral_id}
        if not referrals:
            return found
        asked, stand = _known(await self._rows(SQL.asked, referrals)), _known(await self._rows(SQL.standing, referrals))
        return [
            as_known(each, asked.get(each.referral_id), stand.get(each.referral_id)) if each.referral_id else each
            for each in found
        ]

    async def _ids(self, sql: str, ids: Iterable[UUID]) -> set[UUID]:
        wanted = list(ids)
        return {row["event_id"] for row in await self._rows(sql, wanted)} if wanted else set()

    async def _rows(self, sql: str, *arguments: Any) -> list[Any]:
        sent = [each if isinstance(each, dt.datetime | list) else list(each) for each in arguments]
        with transient():
            return list(await self._pool.fetch(sql, *sent))


def _window(newest: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """Since when to read: by the clock of who wrote, which may be behind ours; never later than by ours."""
    return min(newest or now, now) - OVERLAP


def _newest(before: dt.datetime | None, seen: Iterable[dt.datetime]) -> dt.datetime | None:
    return max(filter(None, (before, *seen)), default=None)


def _known(rows: Iterable[Any]) -> dict[UUID, Known]:
    """What is known of each referral, the most urgent of what its rows say."""
    known: dict[UUID, Known] = {}
    for row in rows:
        before = known.get(row["referral_id"], Known(row["locality"], None))
        said = [Urgency(row["urgency"])] if row["urgency"] in set(Urgency) else []
        said += [before.urgency] if before.urgency else []
        known[row["referral_id"]] = before._replace(urgency=most_urgent(*said) if said else None)
    return known
