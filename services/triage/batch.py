"""Decides a batch of causes in their order, in memory. Pure: what the store holds comes in, what it must hold goes out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec import Struct

from services.triage.decide import decide
from services.triage.history import NO_HISTORY, NO_TEAM, History
from services.triage.scene import Scene
from shared import events
from shared.cloudevents import Unreadable, from_json
from shared.codes import CareSetting, HoldReason, OutcomeKind, Status
from shared.events import Decision
from shared.parked import PARKED

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from services.triage.causes import Seen
    from services.triage.rules import RuleSet
    from shared.events import ReferralAmended, ReferralReceived
    from shared.localities import Locality
    from shared.referral import CodedReferral


_CARRY_FACTS: Final = frozenset((events.RECEIVED, events.AMENDED))


class Standing(Struct):
    """Where one referral stands: its newest decision, and the newest event that carried its facts.

    `parked` are the records about it that nobody could read, each by its `record_id`, until it is replayed or edited, or
    until a person's answer ends the hold: what is discarded stays theirs to decide.
    """

    decision: Decision
    highest: int = 0
    latest: bytes | None = None
    latest_type: str | None = None
    person_key: str | None = None
    open_team: str | None = None
    returns: int = 0  # of this referral, in the last 90 days
    parked: tuple[UUID, ...] = ()

    def latest_facts(self) -> CodedReferral | None:
        """The newest coded referral, if any."""
        event = self._latest_event()
        return event.referral if event else None

    def knows_newer_than(self, sequence: int) -> bool:
        """Whether facts newer than those of a cause with this place are known, or were and are disposed of."""
        if sequence > self.highest or self.latest_type is None:
            return False
        event = self._latest_event()
        return event is None or event.sequence > sequence

    def _latest_event(self) -> ReferralReceived | ReferralAmended | None:
        if self.latest is None or self.latest_type is None:
            return None
        try:
            return from_json(events.PAYLOADS[self.latest_type], self.latest)  # type: ignore[return-value]  # only kept from these types
        except Unreadable:
            return None  # taken by an earlier version that read more than this one: as after a disposal


@dataclass
class Ledger:
    """What the store holds of the referrals and persons in a batch; it moves on as the batch is decided."""

    standing: dict[UUID, Standing]
    persons: dict[str, History]
    rules: Mapping[str, RuleSet]
    localities: Mapping[str, Locality]
    default: str
    decided: list[tuple[Seen, Decision]] = field(default_factory=list)

    def take(self, seen: Seen, now: dt.datetime) -> Decision:
        """Decides one cause and moves the ledger on."""
        before = self.standing.get(seen.referral_id) if seen.referral_id else None
        decision = decide(seen, self._scene(seen, before, now))
        self.decided.append((seen, decision))
        if seen.referral_id:
            self.standing[seen.referral_id] = after = _after(seen, decision, before)
            self._move_person(before, after, decision)
        return decision

    def _scene(self, seen: Seen, before: Standing | None, now: dt.datetime) -> Scene:
        named = seen.event.locality if seen.event else before.decision.locality if before else self.default
        without_rules = named not in self.rules or named not in self.localities
        ours = self.default if without_rules else named
        facts = _facts_from(seen, before)
        key = facts.person_key if facts else before.person_key if before else None
        return Scene(
            standing=before.decision if before else None,
            highest=before.highest if before else 0,
            facts_from=facts,
            rules=self.rules[ours],
            locality_id=ours,
            locality=self.localities[ours],
            now=now,
            history=self._history(key, before),
            without_rules=named if without_rules else None,
            parked=_missing_still(seen, before),
            was_parked=before is not None and not _known_as(seen).isdisjoint(before.parked),
        )

    def _history(self, key: str | None, before: Standing | None) -> History:
        """What is known of the person; of one without a key, the returns of this very referral."""
        if key:
            return self.persons.get(key, NO_HISTORY)
        return History(returns_90_days=before.returns) if before else NO_HISTORY

    def _move_person(self, before: Standing | None, after: Standing, decision: Decision) -> None:
        was_open_in = before.open_team if before else None
        if after.person_key and (decision.outcome or after.open_team or was_open_in):
            history = self.persons.get(after.person_key, NO_HISTORY)
            left = was_open_in == history.current_team
            self.persons[after.person_key] = replace(
                history,
                current_team=after.open_team or (NO_TEAM if left else history.current_team),
                returns_90_days=history.returns_90_days + (decision.outcome is OutcomeKind.RETURNED),
            )


def _facts_from(seen: Seen, before: Standing | None) -> CodedReferral | None:
    """The cause's own facts; the latest for a conflict without its own, and for a replay where those are newer."""
    if before and seen.type == events.CONFLICTING and seen.referral is None:
        return before.latest_facts()
    replayed = before is not None and before.decision.hold_reason is HoldReason.PARKED
    if replayed and before and seen.type in _CARRY_FACTS and before.knows_newer_than(seen.sequence or 0):
        return before.latest_facts() or seen.referral
    return seen.referral


def _after(seen: Seen, decision: Decision, before: Standing | None) -> Standing:
    highest = before.highest if before else 0
    newer = seen.type in _CARRY_FACTS and not (before and before.knows_newer_than(seen.sequence or 0))
    referral = seen.referral if newer else None
    return Standing(
        decision=decision,
        highest=max(highest, seen.sequence or 0),
        latest=seen.value if newer else before.latest if before else None,
        latest_type=seen.type if newer else before.latest_type if before else None,
        person_key=referral.person_key if referral else before.person_key if before else None,
        open_team=_open_team(decision, before),
        returns=(before.returns if before else 0) + (decision.outcome is OutcomeKind.RETURNED),
        parked=_parked(seen, decision, before),
    )


def _parked(seen: Seen, decision: Decision, before: Standing | None) -> tuple[UUID, ...]:
    """What is missing after this decision. A person's answer that ends a hold is given in the knowledge of what is."""
    if seen.type == PARKED:
        return (*_missing_still(seen, before), seen.record_id)
    answered = decision.outcome and decision.hold_reason is None and before and before.decision.hold_reason
    return () if answered else _missing_still(seen, before)


def _missing_still(seen: Seen, before: Standing | None) -> tuple[UUID, ...]:
    """The parked records that this cause is not, nor takes the place of."""
    return tuple(each for each in (before.parked if before else ()) if each not in _known_as(seen))


def _known_as(seen: Seen) -> set[UUID | None]:
    return {seen.record_id, seen.edited_from}


def _open_team(decision: Decision, before: Standing | None) -> str | None:
    """The secondary team that has the person open: it goes on through holds and crises until it is told no more."""
    if decision.status is Status.ACCEPTED and decision.care_setting is CareSetting.SECONDARY_CARE:
        return decision.destination
    return before.open_team if before and before.open_team in decision.told else None


def decide_batch(arrivals: Sequence[Seen], ledger: Ledger, now: dt.datetime) -> list[tuple[Seen, Decision]]:
    """One decision for each arrival, in order; a cause that arrives twice is decided once."""
    taken: set[UUID] = set()
    for seen in arrivals:
        if seen.cause_id not in taken:
            taken.add(seen.cause_id)
            ledger.take(seen, now)
    return ledger.decided
