"""What the watch tells: metrics of how it stands, and a log line for each thing that is new. Ids and codes alone."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from prometheus_client import Gauge

from services.frontdoor.watch.differences import HOPS, Kind
from services.frontdoor.watch.following import Stage
from shared.log import about, get_logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from services.frontdoor.watch.differences import Difference
    from services.frontdoor.watch.following import News, Noted, Waiting

HUB: Final = "hub"  # who answers for a referral until a team has accepted it
OPEN: Final = Gauge(
    "frontdoor_not_accounted", "Events that are not through, on their way included", ("hop", "reason", "synthetic")
)
OVERDUE: Final = Gauge(
    "frontdoor_not_accounted_overdue",
    "Events that are not through after the time that their urgency allows",
    ("reason", "urgency", "locality", "owner", "synthetic"),
)
WAITING: Final = Gauge(
    "frontdoor_unanswered",
    "Referrals that wait for an answer, by how much of the time for it is over",
    ("status", "destination", "stage", "synthetic"),
)
LOOKED: Final = Gauge("frontdoor_watch_looked_seconds", "When the watch last looked, in seconds since 1970")
UNKNOWN: Final = "unknown"


def show(noted: Iterable[Noted], waiting: Iterable[tuple[Waiting, Stage]], now: dt.datetime) -> None:
    """Sets the metrics to how it stands now."""
    notes = list(noted)
    for gauge in (OPEN, OVERDUE, WAITING):
        gauge.clear()
    for kind in Kind:
        OPEN.labels(HOPS[kind], kind, "false").set(0)  # a series that is there before it is needed
    for (kind, synthetic), count in Counter((n.difference.kind, _flag(n.difference.synthetic)) for n in notes).items():
        OPEN.labels(HOPS[kind], kind, synthetic).set(count)
    for labels, count in Counter(_overdue(n.difference) for n in notes if n.overdue).items():
        OVERDUE.labels(*labels).set(count)
    for answer, count in Counter(
        (w.status or UNKNOWN, w.destination, at, _flag(w.synthetic)) for w, at in waiting
    ).items():
        WAITING.labels(*answer).set(count)
    LOOKED.set(now.timestamp())


def _overdue(found: Difference) -> tuple[str, str, str, str, str]:
    return found.kind, found.urgency or UNKNOWN, found.locality or UNKNOWN, HUB, _flag(found.synthetic)


def _flag(synthetic: bool) -> str:  # noqa: FBT001  (a label's value)
    return "true" if synthetic else "false"


def tell(news: News, now: dt.datetime) -> None:
    """One line for each difference that came, lasts too long, or is gone."""
    for each in news.came:
        with _difference(each):
            get_logger().warning("not accounted for")
    for each in news.overdue:
        with _difference(each):
            get_logger().error("not accounted for in time", seconds=round((now - each.since).total_seconds()))
    for each in news.cleared:
        with _difference(each):
            get_logger().info("accounted for")


def tell_answers(news: Iterable[tuple[Waiting, Stage]], answered: Iterable[Waiting]) -> None:
    """One line for each referral at each stage of its waiting, and one when that is over."""
    for waiting, stage in news:
        with _referral(waiting):
            (get_logger().error if stage is Stage.OVER else get_logger().warning)("not answered", stage=stage)
    for waiting in answered:
        with _referral(waiting):
            get_logger().info("answered")


@contextmanager
def _difference(each: Difference) -> Iterator[None]:
    with about(
        kind=each.kind,
        step=HOPS[each.kind],
        event_id=str(each.id),
        referral_id=str(each.referral_id) if each.referral_id else None,
        urgency=each.urgency or UNKNOWN,
        locality=each.locality or UNKNOWN,
        owner=HUB,
        synthetic=_flag(each.synthetic),
    ):
        yield


@contextmanager
def _referral(waiting: Waiting) -> Iterator[None]:
    with about(
        referral_id=str(waiting.referral_id),
        decision_id=str(waiting.decision_id),
        status=waiting.status or UNKNOWN,
        destination=waiting.destination,
        urgency=waiting.urgency,
        locality=waiting.locality or UNKNOWN,
        owner=HUB,
        synthetic=_flag(waiting.synthetic),
    ):
        yield
