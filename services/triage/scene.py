"""The scene that a cause meets: all that a decision may depend on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from services.triage.facts import Value, facts_of, with_blanks
from services.triage.history import NO_HISTORY, NO_TEAM, History
from services.triage.rules import REFERRER_URGENCY, URGENT_SECTIONS, Proposal, RuleSet
from shared.codes import CareSetting, DecisionKind, Gate, HoldReason, Status, Urgency, most_urgent
from shared.errors import Bug
from shared.events import Decision
from shared.localities import Locality
from shared.referral import CodedReferral

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.triage.causes import Seen
    from services.triage.rules import Destination


# A hold for one of these is ended by a person alone; on top of each other the first of them stays.
_FOR_A_PERSON: Final = (HoldReason.SAFETY, HoldReason.AFTER_WITHDRAWAL, HoldReason.CONFLICT, HoldReason.RETURNED)


class Scene(Struct):
    """All that a decision may depend on. `highest` is the highest cause sequence decided for this referral.

    `facts_from` is the coded referral that the rules see: the cause's own, or the latest where that is newer.
    `without_rules` is the locality of a referral that has none in force: `rules` are then another's.
    `parked` are the records about this referral that cannot be read still, and `was_parked` says that the cause is one
    that could not, replayed or edited.
    """

    standing: Decision | None
    highest: int
    facts_from: CodedReferral | None
    rules: RuleSet
    locality_id: str
    locality: Locality
    now: dt.datetime
    history: History = NO_HISTORY
    without_rules: str | None = None
    parked: tuple[UUID, ...] = ()
    was_parked: bool = False
    _facts: dict[str, Value] | None = None
    _proposal: Proposal | None = None

    @property
    def directory(self) -> Mapping[str, Destination]:
        """The destinations of the rule set in force."""
        return self.rules.destinations

    @property
    def facts(self) -> dict[str, Value]:
        """What is recorded of this referral for the rules to see; of one that came without content, nothing."""
        if self._facts is None:
            self._facts = facts_of(self.facts_from or CodedReferral(), self.history)
        return self._facts

    @property
    def proposal(self) -> Proposal:
        """What the rules in force make of the facts; a person decides where they cannot read one, or are another's."""
        if self._proposal is None:
            self._proposal = self._proposed()
        return self._proposal

    def _proposed(self) -> Proposal:
        try:
            proposed = self.rules.propose(with_blanks(self.facts))
        except Bug as error:
            unread = Proposal(Urgency.URGENT, (), "", "", "none", (), (), (), hold=True, notes=(error.detail,))
            return self._for_a_person(unread)
        return self._not_elsewhere(proposed) if self.without_rules else proposed

    def _not_elsewhere(self, proposed: Proposal) -> Proposal:
        """What another locality's rules say of how urgent it is, and nothing of where to."""
        note = f"{self.without_rules} has no rules in force: a person decides where to"
        danger = proposed.hold or proposed.section in URGENT_SECTIONS
        return self._for_a_person(proposed._replace(row="none", hold=danger, notes=(note, *proposed.notes)))

    def _for_a_person(self, proposed: Proposal) -> Proposal:
        """At the hub, urgent at least, and never less so than the referrer asked (clinical ground rule 2)."""
        own = self.facts.get(REFERRER_URGENCY)
        floors = (Urgency(str(own)),) if own in list(Urgency) else ()
        urgency = most_urgent(proposed.urgency, Urgency.URGENT, *floors)
        return proposed._replace(
            urgency=urgency, destination=self.locality.hub, section="otherwise", beaten=(), also=()
        )

    def is_late(self, seen: Seen) -> bool:
        """Whether a later cause was decided already; the replay of a parked record is not late."""
        if self.standing is None or seen.sequence is None:
            return False
        return seen.sequence < self.highest and self.standing.hold_reason is not HoldReason.PARKED

    def is_replayed(self, sequence: int) -> bool:
        """Whether a cause with this place is a parked record come again, or was missing while another was decided.

        One that named no referral is known by its place alone, and places have no gaps: the one after the highest is what
        was parked, unless another came since.
        """
        if self.standing is None or self.standing.hold_reason is not HoldReason.PARKED:
            return False
        nameless = self.standing.cause_sequence is None and not self.parked
        return self.was_parked or sequence <= self.highest + nameless

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

    def going_on(self) -> tuple[str, ...]:
        """The teams that accepted the person and go on, whatever else is decided, until they close or return."""
        return self.standing.accepted if self.standing else ()

    def stays_with(self) -> str | None:
        """The team that accepted the person where they stand, or where they would but for a hold."""
        standing = self.standing
        if standing is None or standing.status is Status.ACCEPTED:
            return standing.destination if standing else None
        return standing.proposed if standing.hold_reason and standing.proposed in standing.accepted else None

    def before_parking(self, team: str) -> Scene:
        """The scene before a record was missing, when the person stood with that team; what rose since stays risen."""
        if self.standing is None:
            return self
        had = {
            "destination": team,
            "care_setting": self.setting_of(team),
            "told": tuple(name for name in self.told() if not self.is_hub(name)),
        }
        status = Status.ACCEPTED if team in self.going_on() else Status.ROUTED
        sent = {"kind": DecisionKind.ROUTE, "status": status, "hold_reason": None, "proposed": None}
        return replace(self, standing=replace(self.standing, **had, **sent), _facts=None, _proposal=None)

    def is_hub(self, destination: str) -> bool:
        """Whether a destination is the hub itself."""
        return destination == self.locality.hub

    def is_open(self, destination: Destination | None) -> bool:
        """Whether a destination is in the directory, within its dates and accepting."""
        if destination is None or not destination.accepting:
            return False
        if destination.valid_from is None and destination.valid_to is None:
            return True
        today = self.now.astimezone(self.locality.zone).date()
        begun = destination.valid_from is None or destination.valid_from <= today
        ended = destination.valid_to is not None and destination.valid_to < today
        return begun and not ended

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
        """The care setting of a destination: the one it was told in, so that all it hears of a referral is on one topic.

        One that was never told and is not in the directory is the front door's to sort out.
        """
        if self.standing:
            told = dict(
                zip(self.standing.told, self.standing.told_settings, strict=False)
            )  # older ones have no settings
            if destination in told:
                return told[destination]
            if destination == self.standing.destination:
                return self.standing.care_setting
        known = self.directory.get(destination)
        return known.care_setting if known else CareSetting.FRONT_DOOR

    def standing_destination(self) -> str:
        """Where the person stands, or the hub where nothing does."""
        return self.standing.destination if self.standing else self.locality.hub

    def told(self) -> tuple[str, ...]:
        """The destinations that have the referral."""
        return self.standing.told if self.standing else ()
