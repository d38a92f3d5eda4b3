"""What is new from one look to the next: each difference and each unanswered referral is told once. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.codes import Status

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from services.frontdoor.watch.differences import Difference, Key

UNANSWERED: Final = {Status.HELD, Status.ROUTED, Status.RETURNED}


class Noted(NamedTuple):
    """A difference as the last look left it: `told` from its second look on, `overdue` once its time was over."""

    difference: Difference
    told: bool = False
    overdue: bool = False


@dataclass
class News:
    """What a look has to tell, each thing once."""

    came: list[Difference] = field(default_factory=list)
    overdue: list[Difference] = field(default_factory=list)
    cleared: list[Difference] = field(default_factory=list)


def follow(before: Mapping[Key, Noted], found: Iterable[Difference], now: dt.datetime) -> tuple[dict[Key, Noted], News]:
    """What is noted now, and the news. One look alone tells nothing: most of what it finds is a moment's work."""
    news = News()
    noted: dict[Key, Noted] = {}
    for difference in found:
        known = before.get(difference.key)
        if known is None:
            noted[difference.key] = Noted(difference)
            continue
        overdue = known.overdue or difference.is_overdue(now)
        news.came += [] if known.told else [difference]
        news.overdue += [difference] if overdue and not known.overdue else []
        noted[difference.key] = Noted(difference, told=True, overdue=overdue)
    news.cleared = [known.difference for key, known in before.items() if known.told and key not in noted]
    return noted, news


class Stage(StrEnum):
    """How much of the time to answer in is over."""

    WITHIN = "within"
    HALF = "half"
    OVER = "over"


class Waiting(NamedTuple):
    """Where a referral stands, as `triage.standing` has it: who has it answers by `due_at`.

    Without a status nobody can read its decision: it waits, and its time is over, until somebody has looked.
    """

    referral_id: UUID
    decision_id: UUID
    status: str | None
    destination: str
    urgency: str
    locality: str | None
    decided_at: dt.datetime
    due_at: dt.datetime | None
    synthetic: bool


@dataclass
class Answers:
    """Every referral that waits for an answer, and the stage that was told of each."""

    waiting: dict[UUID, Waiting] = field(default_factory=dict)
    told: dict[UUID, Stage] = field(default_factory=dict)

    def learn(self, standing: Iterable[Waiting]) -> list[Waiting]:
        """Takes in where referrals stand now; those that were told of and are answered, or wait for another."""
        answered = []
        for now in standing:
            before = self.waiting.pop(now.referral_id, None)
            same = before and (before.destination, before.due_at) == (now.destination, now.due_at)
            waits = now.status is None or now.status in UNANSWERED
            if waits:
                began = min(before.decided_at, now.decided_at) if before and same else now.decided_at
                self.waiting[now.referral_id] = now._replace(decided_at=began)  # news about it begins no new time
            if before and not (same and waits) and self.told.pop(now.referral_id, None):
                answered.append(before)
        return answered

    def stages(self, now: dt.datetime) -> list[tuple[Waiting, Stage]]:
        """Each waiting referral with its stage."""
        return [(waiting, stage(waiting, now)) for waiting in self.waiting.values()]

    def news(self, stages: Iterable[tuple[Waiting, Stage]]) -> list[tuple[Waiting, Stage]]:
        """Those of the stages that were not told of yet; they are now."""
        reached = [(waiting, at) for waiting, at in stages if at is not Stage.WITHIN]
        new: list[tuple[Waiting, Stage]] = [
            (waiting, at) for waiting, at in reached if self.told.get(waiting.referral_id) not in {at, Stage.OVER}
        ]
        self.told |= {waiting.referral_id: at for waiting, at in new}
        return new


def stage(waiting: Waiting, now: dt.datetime) -> Stage:
    """Half from 50 % of the time on, over from 100 %: what is due at once is over at once."""
    due = waiting.due_at or now
    if now >= due:
        return Stage.OVER
    return Stage.HALF if now - waiting.decided_at >= due - now else Stage.WITHIN
