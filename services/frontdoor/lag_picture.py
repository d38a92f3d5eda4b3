"""What `frontdoor lag` shows: the groups from Kafka, the outbox and the hub's queue from PostgreSQL.

Either may be away, and then the other's part is what an operator needs all the more.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services.frontdoor.reading import SQL
from shared.codes import Urgency
from shared.errors import Transient, Usage
from shared.lagging.measure import Watch
from shared.lagging.verdict import HEALTHY, Verdict
from shared.postgres import connected
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.lagging.looks import Look, Place
    from shared.lagging.verdict import Judgement
    from shared.running import Running


FURTHEST: Final = "frontdoor_group_furthest_offset"  # a figure of audit's


class Queue(NamedTuple):
    """Referrals that wait for a person at the hub, and why; `overdue` of them were due before now.

    `synthetic`: they are made up, and nobody waits.
    """

    reason: str
    urgency: str
    synthetic: bool
    referrals: int
    oldest: dt.datetime
    overdue: int


class Queues(NamedTuple):
    """What waits outside Kafka: events before it, referrals for a person."""

    unpublished: int
    oldest: dt.datetime | None
    hub: tuple[Queue, ...]


class Picture(NamedTuple):
    """All of it at one moment; `away` says of what could not be reached why, `looks` at how many times it was looked.

    `remembered`: audit said how far the groups had come, so that a rewind before the first look is seen too.
    """

    at: dt.datetime
    looks: int
    groups: Mapping[str, tuple[Look, Judgement]] | None
    queues: Queues | None
    away: Mapping[str, str]
    remembered: bool = False

    @property
    def healthy(self) -> bool:
        """Whether every group works."""
        return all(judgement.verdict in HEALTHY for _, judgement in (self.groups or {}).values())

    @property
    def stalled(self) -> bool:
        """Whether a group seems to stand still."""
        return any(
            each.verdict is Verdict.STALLED for _, judged in (self.groups or {}).values() for each in judged.findings
        )

    def as_json(self) -> dict[str, Any]:
        """For a program: times in UTC, ages in seconds, null for what is not known."""
        return {
            "at": self.at.isoformat(),
            "groups": self.groups and [_group(name, *seen) for name, seen in self.groups.items()],
            "outbox": self.queues and _aged("events", self.queues.unpublished, self.queues.oldest, self.at),
            "hub": self.queues and [_queue(queue, self.at) for queue in self.queues.hub],
            "away": dict(self.away),
            "remembered": self.remembered,
        }


class Painter:
    """Makes pictures of one running system."""

    def __init__(self, found: Running) -> None:
        if not found.kafka or not found.reader_dsn:
            raise Usage("not-told", "this needs FRONTDOOR_KAFKA and FRONTDOOR_READER_DSN")
        self._watch = Watch(ServiceSettings(postgres_dsn="", kafka=found.kafka))
        self._reader, self._looks = found.reader_dsn, 0
        self._audit, self._remembered = found.audit, False

    async def picture(self) -> Picture:
        """What is so now."""
        groups, queues, away = None, None, {}
        if not self._looks and (furthest := await remembered(self._audit)):  # once: what comes since is seen here
            self._watch.remember(furthest)
            self._remembered = True
        try:
            groups = await self._watch.look()
            self._looks += 1
        except Transient as error:
            away["kafka"] = error.detail
        try:
            queues = await _queues(self._reader)
        except Usage as error:
            away["postgres"] = error.detail
        return Picture(dt.datetime.now(dt.UTC), self._looks, groups, queues, away, self._remembered)

    async def close(self) -> None:
        """Closes what is open."""
        await self._watch.close()


async def remembered(audit_url: str | None) -> dict[str, dict[Place, int]]:
    """How far each group ever was, as audit has seen, which looks all the time; nothing where it does not answer."""
    if not audit_url:
        return {}
    try:
        async with httpx.AsyncClient(timeout=1) as client:
            page = (await client.get(f"{audit_url.rstrip('/')}/metrics")).raise_for_status().text
    except (httpx.HTTPError, httpx.InvalidURL):
        return {}
    furthest: dict[str, dict[Place, int]] = {}
    for family in text_string_to_metric_families(page):
        for name, labels, value, *_ in family.samples:
            if name == FURTHEST:
                furthest.setdefault(labels["group"], {})[labels["topic"], int(labels["partition"])] = int(value)
    return furthest


async def _queues(reader_dsn: str) -> Queues:
    async with connected(reader_dsn) as connection:
        ((unpublished, oldest),) = await connection.fetch(SQL.unpublished)
        hub = [Queue(*row) for row in await connection.fetch(SQL.hub_queue)]
    return Queues(unpublished, oldest, tuple(sorted(hub, key=_order)))


def _order(queue: Queue) -> tuple[bool, int, str]:
    """People before made-up ones, the most urgent first."""
    return queue.synthetic, Urgency(queue.urgency).severity, queue.reason


def _group(name: str, look: Look, judged: Judgement) -> dict[str, Any]:
    return {
        "group": name,
        "verdict": judged.verdict,
        "findings": [finding._asdict() for finding in judged.findings],
        "state": look.state,
        "members": [{"name": member.name, "partitions": len(member.places)} for member in look.members],
        "records": judged.records,
        "unknown_partitions": judged.unknown,
        "seconds": judged.seconds,
        "trend": judged.trend,
        "drain_seconds": judged.drain_seconds,
        "oldest": judged.oldest and _partition(judged.oldest, look),
        "partitions": [_partition(place, look) for place in look.positions],
    }


def _partition(place: Place, look: Look) -> dict[str, Any]:
    position = look.positions[place]
    first = position.first if position.records else None
    nothing = 0.0 if position.records == 0 else None
    return {
        "topic": place[0],
        "partition": place[1],
        "committed": position.committed,
        "start": position.start,
        "end": position.end,
        "records": position.records,
        "seconds": max(0.0, look.at - first.at) if first else nothing,
        "referral_id": first.key if first else None,
    }


def _queue(queue: Queue, now: dt.datetime) -> dict[str, Any]:
    named = {"reason": queue.reason, "urgency": queue.urgency, "synthetic": queue.synthetic, "overdue": queue.overdue}
    return named | _aged("referrals", queue.referrals, queue.oldest, now)


def _aged(what: str, count: int, oldest: dt.datetime | None, now: dt.datetime) -> dict[str, Any]:
    age = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return {what: count, "oldest": oldest and oldest.isoformat(), "seconds": age}
