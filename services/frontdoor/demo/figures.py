"""Counts what became of a month, from the decisions that audit recorded. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from shared import events
from shared.codes import CareSetting, DecisionKind, HoldReason, Status, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from shared.events import Decision

NO_NAMES: Final[dict[str, str]] = {}
HELD_FOR: Final = {
    "safety": "a clinician's safety call: a hint of harm",
    "gate": "a hub worker's look before it goes on",
    "unmatched": "a person's decision: no rule fits",
    "conflict": "one message id came with two contents",
    "returned": "given back by a team: needs its next step",
    "parked": "a record that could not be read",
    "closed-destination": "its team takes nobody at present",
    "after-withdrawal": "news after a cancellation",
}


class Recorded(NamedTuple):
    """One decision as audit holds it: when intake accepted what caused it, and when audit wrote its row."""

    decision: Decision
    accepted_at: dt.datetime
    recorded_at: dt.datetime


class Place(NamedTuple):
    """A destination with the people whom the rules proposed for it; `added` came by overlays, beside another."""

    setting: CareSetting
    destination: str
    name: str
    people: int
    added: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The month in numbers. `milliseconds` is accepted → audited per event; `examples` are ids worth explaining."""

    people: int
    places: tuple[Place, ...]
    urgency: dict[Urgency, int]
    raised: int
    statuses: dict[Status, int]
    waiting: dict[str, int]
    milliseconds: tuple[float, ...] = field(repr=False)
    examples: tuple[UUID, ...] = ()

    def percentile(self, share: float) -> float:
        """Milliseconds within which that share of events was audited; 0 where there are none."""
        if not self.milliseconds:
            return 0.0
        return self.milliseconds[min(len(self.milliseconds) - 1, int(share * len(self.milliseconds)))]


def figures(records: Iterable[Recorded], names: Mapping[str, str] = NO_NAMES) -> Figures:
    """The month's figures; each person counts once, by the proposal on arrival and by where they stand now.

    `names` are those of destinations that no decision names.
    """
    seen = list(records)
    told = stories(seen)
    first, last = [story[0] for story in told], [story[-1] for story in told]
    return Figures(
        people=len(told),
        places=_places(first, _directory((record.decision for record in seen), names)),
        urgency={code: sum(d.urgency is code for d in last) for code in Urgency},
        raised=sum(b.urgency.severity < a.urgency.severity for a, b in zip(first, last, strict=True)),
        statuses={status: sum(d.status is status for d in last) for status in Status},
        waiting=_waiting(told),
        milliseconds=tuple(sorted(_milliseconds(seen))),
        examples=_examples(first),
    )


def stories(records: Sequence[Recorded]) -> list[list[Decision]]:
    """The decisions of each referral in their order, each once."""
    by_referral: dict[UUID, dict[int, Decision]] = {}
    for decision, _, _ in records:
        if decision.referral_id:
            by_referral.setdefault(decision.referral_id, {})[decision.sequence] = decision
    return [[story[place] for place in sorted(story)] for story in by_referral.values()]


def _directory(decisions: Iterable[Decision], names: Mapping[str, str]) -> dict[str, tuple[CareSetting, str]]:
    """Care setting and name of each destination that decisions speak of; one without a name goes by its id."""

    def named(destination: str) -> str:
        return names.get(destination, destination.replace("-", " ").capitalize())

    known: dict[str, tuple[CareSetting, str]] = {}
    for decision in decisions:
        if decision.proposed and decision.proposed_setting:
            known.setdefault(decision.proposed, (decision.proposed_setting, named(decision.proposed)))
        for output in decision.outputs:
            setting = CareSetting(output.topic.rpartition(".")[2])
            known.setdefault(output.destination, (setting, named(output.destination)))
        known[decision.destination] = (decision.care_setting, decision.service)
    return known


def _places(arrivals: Sequence[Decision], directory: dict[str, tuple[CareSetting, str]]) -> tuple[Place, ...]:
    people = Counter(decision.proposed or decision.destination for decision in arrivals)
    added = Counter(destination for decision in arrivals for destination in decision.also)
    known = {name: directory.get(name, (CareSetting.FRONT_DOOR, name)) for name in people | added}
    places = [Place(setting, name, words, people[name], added[name]) for name, (setting, words) in known.items()]
    order = list(CareSetting)
    return tuple(sorted(places, key=lambda place: (order.index(place.setting), -place.people, place.name)))


def _waiting(told: Sequence[Sequence[Decision]]) -> dict[str, int]:
    """Who stands at the hub now, by the reason of the newest hold, the longest list first."""
    reasons: Counter[str] = Counter()
    for story in told:
        if story[-1].status in {Status.HELD, Status.RETURNED}:
            holds = [decision.hold_reason for decision in story if decision.kind is DecisionKind.HOLD]
            reasons[next((str(reason) for reason in reversed(holds) if reason), "unmatched")] += 1
    return dict(reasons.most_common())


def _milliseconds(records: Iterable[Recorded]) -> Iterable[float]:
    """From intake's receipt of each event to the audit row of the last output of its decision."""
    taken: dict[UUID, float] = {}
    for decision, accepted, recorded in records:
        took = (recorded - accepted) / dt.timedelta(milliseconds=1)
        taken[decision.cause_id] = max(took, taken.get(decision.cause_id, took))
    return taken.values()


def _examples(arrivals: Sequence[Decision]) -> tuple[UUID, ...]:
    """Three arrivals unlike each other: an urgent route, a hold for safety, one for peers, primary care or any."""
    by_rules = [decision for decision in arrivals if decision.cause_type == events.RECEIVED and decision.rules]
    kinds: dict[str, UUID] = {}
    for decision in by_rules:
        if decision.referral_id:
            kinds.setdefault(_kind_of_example(decision), decision.referral_id)
    order = ("crisis", "safety", CareSetting.PEER_SUPPORT, CareSetting.PRIMARY_CARE, CareSetting.SECONDARY_CARE)
    return tuple(kinds[kind] for kind in (*order, CareSetting.FRONT_DOOR) if kind in kinds)[:3]


def _kind_of_example(decision: Decision) -> str:
    if decision.kind is DecisionKind.ROUTE and decision.urgency is Urgency.VERY_URGENT:
        return "crisis"
    if decision.hold_reason is HoldReason.SAFETY:
        return "safety"
    return decision.proposed_setting or decision.care_setting
