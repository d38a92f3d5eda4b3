"""The lag of every consumer group as figures, measured from here: a group that stands still does not tell of itself.

It stands beside audit's own work and never harms it: no failure ends it or the service, and it has no tick to be late.
What was not measured has no series: unknown is not zero.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge

from shared.errors import Transient
from shared.lagging.measure import Watch
from shared.lagging.verdict import Trend, Verdict
from shared.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.lagging.looks import Look
    from shared.lagging.verdict import Judgement
    from shared.settings import ServiceSettings

    Groups = Mapping[str, tuple[Look, Judgement]]

EVERY: Final = 5.0  # seconds between two looks

VERDICT: Final = Gauge(
    "frontdoor_group_verdict", "1 for what is found of a group, 0 for the rest", ("group", "verdict")
)
MEMBERS: Final = Gauge("frontdoor_group_members", "Members as Kafka lists them", ("group",))
PLACE: Final = ("group", "topic", "partition")
RECORDS: Final = Gauge("frontdoor_group_lag_records", "Records that wait, of partitions with a commit", PLACE)
SECONDS: Final = Gauge("frontdoor_group_lag_seconds", "Age of the record at the commit, if known", PLACE)
UNKNOWN: Final = Gauge(
    "frontdoor_group_unknown_partitions", "Partitions with records and no commit", ("group", "topic")
)
USED: Final = Gauge(
    "frontdoor_group_retention_used",
    "Age of the oldest record that waits, as a share of the time that Kafka keeps one; of topics that keep none for ever",
    ("group", "topic"),
)
TREND: Final = Gauge("frontdoor_group_trend", "1: more waits than half a minute ago, -1: less, 0: as much", ("group",))
DRAIN: Final = Gauge("frontdoor_group_drain_seconds", "Until nothing waits at this pace, if ever and known", ("group",))
FURTHEST: Final = Gauge(
    "frontdoor_group_furthest_offset",
    "How far the group's commit ever was since this audit started: `frontdoor lag` knows a rewind by it",
    PLACE,
)
FAILED: Final = Counter("frontdoor_group_looks_failed", "Looks at the groups that failed", ("code",))
SHOWN: Final = (VERDICT, MEMBERS, RECORDS, SECONDS, UNKNOWN, USED, TREND, DRAIN)
STEPS: Final = {Trend.GROWING: 1, Trend.STEADY: 0, Trend.SHRINKING: -1}


async def follow(settings: ServiceSettings, stop: asyncio.Event) -> None:
    """Looks at every group until `stop`."""
    watch = Watch(settings)
    try:
        while not stop.is_set():
            await _look(watch)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)
    finally:
        await watch.close()


async def _look(watch: Watch) -> None:
    try:
        show(await watch.look())
        for group, places in watch.furthest.items():
            for place, offset in places.items():
                FURTHEST.labels(group, *place).set(offset)
    except Exception as error:  # noqa: BLE001  (audit's own work stands above its being told how others fare)
        forget()
        code = error.code if isinstance(error, Transient) else "failed"
        FAILED.labels(code).inc()
        why = error.detail if isinstance(error, Transient) else type(error).__name__
        get_logger().warning("groups not seen", code=code, why=why)


def show(groups: Groups) -> None:
    """Shows what was seen now, and nothing of before."""
    forget()
    for group, (look, judged) in groups.items():
        found = {finding.verdict for finding in judged.findings}
        for verdict in Verdict:
            VERDICT.labels(group, verdict).set(verdict in found)
        MEMBERS.labels(group).set(len(look.members))
        if judged.trend is not None:
            TREND.labels(group).set(STEPS[judged.trend])
        if judged.drain_seconds is not None:
            DRAIN.labels(group).set(judged.drain_seconds)
        for topic in sorted({topic for topic, _ in look.positions}):
            _show_topic(group, topic, look)


def _show_topic(group: str, topic: str, look: Look) -> None:
    positions = {partition: position for (name, partition), position in look.positions.items() if name == topic}
    UNKNOWN.labels(group, topic).set(sum(each.records is None and each.waits for each in positions.values()))
    if any(each.kept for each in positions.values()):
        USED.labels(group, topic).set(max(each.used(look.at) for each in positions.values()))
    for partition, position in positions.items():
        if position.records is None:
            continue
        RECORDS.labels(group, topic, partition).set(position.records)
        if not position.records:
            SECONDS.labels(group, topic, partition).set(0)
        elif position.first:
            SECONDS.labels(group, topic, partition).set(max(0.0, look.at - position.first.at))


def forget() -> None:
    """What was seen before is not known any more."""
    for gauge in SHOWN:
        gauge.clear()
