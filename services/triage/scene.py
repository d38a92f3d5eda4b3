"""The scene that a cause meets: all that a decision may depend on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from services.triage.facts import facts_of
from services.triage.history import NO_HISTORY, NO_TEAM, History
from services.triage.rules import URGENT_SECTIONS, Proposal
from shared.codes import CareSetting, Gate, HoldReason, Status, Urgency, most_urgent
from shared.errors import Bug
from shared.referral import CodedReferral

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from services.triage.causes import Seen
    from services.triage.facts import Value
    from services.triage.rules import Destination, RuleSet
    from shared.events import Decision
    from shared.localities import Locality


# A hold for one of these is ended by a person alone; on top of each other the first of them stays.
_FOR_A_PERSON: Final = (HoldReason.SAFETY, HoldReason.AFTER_WITHDRAWAL, HoldReason.CONFLICT, HoldReason.RETURNED)


@dataclass
class Scene:
    """All that a decision may depend on. `highest` is the highest cause sequence decided for this referral.

    `facts_from` is the coded referral that the rules see: the cause's own, or the latest where that is newer.
    """

    standing: Decision | None
    highest: int
    facts_from: CodedReferral | None
    rules: RuleSet
    locality_id: str
    locality: Locality
    now: dt.datetime
    history: History = NO_HISTORY

    @property
    def directory(self) -> Mapping[str, Destination]:
        """The destinations of the rule set in force."""
        return self.rules.destinations

    @cached_property
    def facts(self) -> dict[str, Value]:
        """What the rules see of this referral; of one that came without content, that nothing was recorded."""
        return facts_of(self.facts_from or CodedReferral(), self.history)

    @cached_property
    def proposal(self) -> Proposal:
        """What the rules in force make of the facts; a person decides where they cannot read one of them."""
        try:
            return self.rules.propose(self.facts)
        except Bug as error:
            urgency = most_urgent(self.standing_urgency(), Urgency.URGENT)
            return Proposal(
                urgency, (), self.locality.hub, "otherwise", "none", (), (), (), hold=True, notes=(error.detail,)
            )

    def is_late(self, seen: Seen) -> bool:
        """Whether a later cause was decided already; the replay of a parked record is not late."""
        if self.standing is None or seen.sequence is None:
            return False
        return seen.sequence < self.highest and self.standing.hold_reason is not HoldReason.PARKED

    def held_for(self, reason: HoldReason) -> HoldReason:
        """The reason of a hold that comes on top of what stands: no news makes it easier to end than it was."""
        standing = self.standing.hold_reason if self.standing else None
        if self.is_withdrawn():
            standing = HoldReason.AFTER_WITHDRAWAL
        return next((known for known in _FOR_A_PERSON if known in (standing, reason)), reason)

    def is_withdrawn(self) -> bool:
        """Whether the sender withdrew the referral, and no person has sent it anywhere since."""
        if self.standing is None:
            return False
        return self.standing.status is Status.CANCELLED or self.standing.hold_reason is HoldReason.AFTER_WITHDRAWAL

    def is_answered(self) -> bool:
        """Whether a person has answered where the referral is to be: a team that accepted it, or the hub that sent it.

        The rules' own routes propose nothing beside themselves; those that a person chose keep what the rules proposed.
        """
        standing = self.standing
        if standing is None or standing.hold_reason is not None:
            return False
        return standing.status is Status.ACCEPTED or (
            standing.status is Status.ROUTED and standing.proposed is not None
        )

    def is_hub(self, destination: str) -> bool:
        """Whether a destination is the hub itself."""
        return destination == self.locality.hub

    def is_open(self, destination: Destination | None) -> bool:
        """Whether a destination is in the directory, within its dates and accepting."""
        if destination is None:
            return False
        today = self.now.astimezone(self.locality.zone).date()
        begun = destination.valid_from is None or destination.valid_from <= today
        ended = destination.valid_to is not None and destination.valid_to < today
        return begun and not ended and destination.accepting

    def needs_a_look_before(self, destination: Destination | None) -> bool:
        """Whether a person must look first: the destination's gate, or history known only by a weak link."""
        weak = self.facts_from is not None and self.facts_from.person_link == "demographics"
        known = self.history.current_team != NO_TEAM or self.history.returns_90_days > 0
        return (destination is not None and destination.gate is Gate.BEFORE) or (weak and known)

    def proposed_elsewhere(self) -> str | None:
        """The destination that the rules propose, unless that is the hub, where a hold is anyway."""
        return None if self.is_hub(self.proposal.destination) else self.proposal.destination

    def standing_urgency(self) -> Urgency:
        """The urgency that stands, or routine where nothing does."""
        return self.standing.urgency if self.standing else Urgency.ROUTINE

    def raised_urgency(self) -> Urgency:
        """The rules' urgency, never below the one that stands."""
        return most_urgent(self.standing_urgency(), self.proposal.urgency)

    def stands_in_crisis(self) -> bool:
        """Whether the person was sent where only emergency and crisis rows send."""
        return self.standing is not None and self.is_for_crises(self.standing.destination)

    def is_for_crises(self, destination: str | None) -> bool:
        """Whether a destination is one where only emergency and crisis rows send."""
        here = {row.table for row in self.rules.rows.routes if row.outcome.destination == destination}
        return bool(here) and here <= URGENT_SECTIONS

    def stands_with_clinicians(self) -> bool:
        """Whether those who have the person have clinicians of their own, who can answer a safety question."""
        secondary = self.standing is not None and self.standing.care_setting is CareSetting.SECONDARY_CARE
        return secondary or self.stands_in_crisis()

    def setting_of(self, destination: str) -> CareSetting:
        """The care setting of a destination; one that left the directory is the front door's to sort out."""
        if self.standing and destination == self.standing.destination:
            return self.standing.care_setting
        known = self.directory.get(destination)
        return known.care_setting if known else CareSetting.FRONT_DOOR

    def standing_destination(self) -> str:
        """Where the person stands, or the hub where nothing does."""
        return self.standing.destination if self.standing else self.locality.hub

    def told(self) -> tuple[str, ...]:
        """The destinations that have the referral."""
        return self.standing.told if self.standing else ()
