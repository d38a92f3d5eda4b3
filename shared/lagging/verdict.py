"""What the lag of a consumer group means: from looks at it to a verdict and its reasons.

Looks are held against each other: what was done between the first and the last of them tells whether a group keeps up,
falls behind or stands still. The one threshold is Kafka's own, the time for which it keeps a record: half of it is at risk.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.command_line import counted
from shared.lagging.words import named, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shared.lagging.looks import Look, Place, Position

MOST_LOOKS: Final = 6
AT_RISK: Final = 0.5  # of the time for which Kafka keeps a record: as much is left to act in


class Verdict(StrEnum):
    """Gravest first: what no restart mends, then what does no work, then what works."""

    DATA_LOST = "data lost"
    AT_RISK = "at risk"
    REWOUND = "rewound"
    STOPPED = "stopped"
    STALLED = "stalled"
    BEHIND = "behind"
    OK = "ok"


HEALTHY: Final = frozenset((Verdict.OK, Verdict.BEHIND))


class Trend(StrEnum):
    """Whether more waits than at the first look."""

    GROWING = "growing"
    SHRINKING = "shrinking"
    STEADY = "steady"


class Finding(NamedTuple):
    """One thing that is so of a group, and why it is said, in words."""

    verdict: Verdict
    why: str


class Judgement(NamedTuple):
    """All that is said of a group.

    `records` counts what waits in the partitions where that is known, `unknown` the partitions with records and no
    commit. `seconds` is the age of the oldest record at a commit: 0 where nothing waits, None where it is not known.
    `drain_seconds` is when nothing would wait at the pace between the looks: None where that is never, or not known.
    """

    findings: tuple[Finding, ...]
    records: int
    unknown: int
    seconds: float | None
    trend: Trend | None
    drain_seconds: float | None
    oldest: Place | None

    @property
    def verdict(self) -> Verdict:
        """The gravest finding."""
        return self.findings[0].verdict


class Looks:
    """The newest looks at one group, and how far it had come in each partition before the last of them."""

    def __init__(self, most: int = MOST_LOOKS) -> None:
        self._looks: deque[Look] = deque(maxlen=most)
        self._furthest: dict[Place, int] = {}

    @property
    def furthest(self) -> dict[Place, int]:
        """How far the group ever was in each partition, as far as was seen."""
        newest = self._looks[-1].positions.items() if self._looks else ()
        committed = {place: position.committed for place, position in newest if position.committed is not None}
        return self._furthest | {place: max(at, self._furthest.get(place, 0)) for place, at in committed.items()}

    def remember(self, furthest: Mapping[Place, int]) -> None:
        """What somebody else saw who looked before."""
        self._furthest |= {place: max(at, self._furthest.get(place, 0)) for place, at in furthest.items()}

    def add(self, look: Look) -> Judgement:
        """What this look and those before it say."""
        for place, position in self._looks[-1].positions.items() if self._looks else ():
            if position.committed is not None:
                self._furthest[place] = max(position.committed, self._furthest.get(place, 0))
        self._looks.append(look)
        return judge(self._looks, self._furthest)


def judge(looks: Sequence[Look], furthest: Mapping[Place, int]) -> Judgement:
    """What looks at one group say, oldest first; `furthest` is what was committed at any look before the last."""
    first, last = looks[0], looks[-1]
    again = len(looks) > 1
    trend, drain = _pace(first, last) if again else (None, None)
    findings = (
        *_lost(last),
        *_at_risk(last),
        *_rewound(last, furthest),
        *(_stopped(last) or (_stalled(first, last) if again else ()) or _behind(first, last, trend, drain)),
    )
    known = {place: p.first.at for place, p in last.waiting.items() if p.first and p.committed is not None}
    oldest = min(known, key=known.__getitem__, default=None)
    seconds = None if last.waiting else 0.0
    return Judgement(
        findings or (Finding(Verdict.OK, _fine(first, last)),),
        sum(position.records or 0 for position in last.positions.values()),
        sum(position.records is None for position in last.waiting.values()),
        max(0.0, last.at - known[oldest]) if oldest else seconds,
        trend,
        drain,
        oldest,
    )


def _pace(first: Look, last: Look) -> tuple[Trend, float | None]:
    """Over the partitions of which both looks know how much waits."""
    then, now = 0, 0
    for place, position in last.positions.items():
        before = first.positions.get(place)
        if before and before.records is not None and position.records is not None:
            then, now = then + before.records, now + position.records
    if now > then:
        return Trend.GROWING, None
    trend = Trend.SHRINKING if now < then else Trend.STEADY
    if not last.waiting:
        return trend, 0.0
    return trend, now * (last.at - first.at) / (then - now) if now < then else None


def _lost(last: Look) -> Iterator[Finding]:
    known = [(place, p, p.committed) for place, p in sorted(last.positions.items()) if p.committed is not None]
    if cut := [(place, p.start - committed) for place, p, committed in known if p.start > committed]:
        gone, (place, _) = sum(count for _, count in cut), cut[0]
        yield Finding(
            Verdict.DATA_LOST,
            f"{counted(gone, 'record')} went before this group had done {'it' if gone == 1 else 'them'}: "
            f"{named(place)} begins at {last.positions[place].start}, the commit is "
            f"{last.positions[place].committed}{_others(cut)}",
        )
    if short := [(place, p) for place, p, committed in known if p.end < committed]:
        place, position = short[0]
        yield Finding(
            Verdict.DATA_LOST,
            f"{named(place)} ends at {position.end}, before the commit {position.committed}{_others(short)}: "
            "the topic was made anew, or its broker lost records",
        )


def _at_risk(last: Look) -> Iterator[Finding]:
    """What waits goes of age: Kafka deletes it soon, done or not."""
    old = {place: used for place, p in last.waiting.items() if (used := p.used(last.at)) > AT_RISK}
    if not old:
        return
    place, used = max(old.items(), key=lambda each: each[1])
    kept = last.positions[place].kept or 0.0
    soon = f"in {span((1 - used) * kept)}" if used < 1 else "from now on"
    oldest = f"the oldest record that waits in {named(place)}{_others(old)} is {span(used * kept)} old"
    yield Finding(Verdict.AT_RISK, f"{oldest}, and Kafka keeps records for {span(kept)}: {soon} it is deleted")


def _rewound(last: Look, furthest: Mapping[Place, int]) -> Iterator[Finding]:
    positions = sorted(last.positions.items())
    back = [(place, p) for place, p in positions if place in furthest and (p.committed or 0) < furthest[place]]
    if back:
        place, position = back[0]
        stands = "is gone" if position.committed is None else f"went back to {position.committed}"
        count = sum(furthest[place] - max(p.committed or 0, p.start) for place, p in back)
        yield Finding(
            Verdict.REWOUND,
            f"the commit of {named(place)} {stands} from {furthest[place]}{_others(back)}: "
            f"{counted(max(0, count), 'record')} to be read again",
        )


def _stopped(last: Look) -> tuple[Finding, ...]:
    if last.members:
        return ()
    return (Finding(Verdict.STOPPED, f"the group has no member, {_much(last.waiting.values())}"),)


def _stalled(first: Look, last: Look) -> tuple[Finding, ...]:
    """Members were there all the while, and a record waited that they did not commit."""
    still = {
        place: position
        for place, position in last.waiting.items()
        if place in first.waiting and first.positions[place].committed == position.committed
    }
    if not still or not first.members:
        return ()
    place = min(still)
    holders = sorted({member.name for member in last.members if member.places & still.keys()})
    whose = ", ".join(holders) if holders else f"of no member (the group is {last.state})"
    why = (
        f"nothing was committed for {span(last.at - first.at)} or longer in {named(place)}{_others(still)}, "
        f"{_much(still.values())}; {'their partitions are ' if len(still) > 1 else 'that partition is '}{whose}"
    )
    listed = "; Kafka lists a static member that is gone until its session has run out" if holders else ""
    return (Finding(Verdict.STALLED, why + listed),)


def _behind(first: Look, last: Look, trend: Trend | None, drain: float | None) -> tuple[Finding, ...]:
    """Not all is done that was there at the first look."""
    due = {place: p for place, p in last.waiting.items() if place in first.positions}
    if all(p.following >= first.positions[place].end for place, p in due.items()):
        return ()
    pace = "" if trend is None else f", {trend}"
    done = f"; at this pace none in {span(drain)}" if drain else ""
    return (Finding(Verdict.BEHIND, f"{_much(last.waiting.values())}{pace}{done}"),)


def _fine(first: Look, last: Look) -> str:
    if not last.waiting:
        return "nothing waits"
    return f"all is done that was there {span(last.at - first.at)} ago"


def _much(positions: Iterable[Position]) -> str:
    """How much waits there."""
    positions = list(positions)
    known = sum(position.records or 0 for position in positions)
    never = sum(position.end - position.start for position in positions if position.records is None)
    if not never:
        return f"{counted(known, 'record')} wait{'s' if known == 1 else ''}" if known else "nothing waits"
    return f"{counted(known, 'record')} waiting and {never:,} in partitions without a commit"


def _others(places: Iterable[object]) -> str:
    more = len(list(places)) - 1
    return f" (and {more} more)" if more else ""
