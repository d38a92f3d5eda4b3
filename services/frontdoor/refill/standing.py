"""Where referrals stand after the decisions that are put back: what triage would have kept of each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared import events
from shared.cloudevents import Unreadable, from_json
from shared.codes import CareSetting, OutcomeKind, Status
from shared.parked import PARKED

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID

    from services.frontdoor.refill.found import Taken, Unread
    from shared.events import Decision

CARRY_FACTS: Final = frozenset((events.RECEIVED, events.AMENDED))


@dataclass
class Standing:
    """A row of `triage.referral`, in the order of its columns."""

    referral_id: UUID
    decision_id: UUID | None = None
    highest: int = 0
    latest: bytes | None = None
    latest_type: str | None = None
    person_key: str | None = None
    open_team: str | None = None
    returned_at: list[dt.datetime] = field(default_factory=list)
    hold_reason: str | None = None
    held_since: dt.datetime | None = None
    due_at: dt.datetime | None = None
    parked: list[UUID] = field(default_factory=list)
    unanswered: str | None = None
    unanswered_since: dt.datetime | None = None

    def move(self, decision: Decision, cause: Taken | None, unread: Unread | None = None) -> None:
        """Moves on by the next decision about the referral, and what it decided on: an event, or a record nobody can read."""
        self._note_parked(decision, cause, unread)
        if cause and cause.type in CARRY_FACTS and not self._knows_newer_than(cause.cause.sequence):
            told: Any = cause.cause
            self.latest, self.latest_type, self.person_key = cause.value, cause.type, told.referral.person_key
        self.decision_id = decision.decision_id
        self.highest = max(self.highest, decision.cause_sequence or 0)
        if decision.status is Status.ACCEPTED and decision.care_setting is CareSetting.SECONDARY_CARE:
            self.open_team = decision.destination
        elif self.open_team not in decision.told:
            self.open_team = None
        if decision.outcome is OutcomeKind.RETURNED:
            self.returned_at = [*self.returned_at, decision.decided_at]
        self._note_who_waits(decision)

    def _note_who_waits(self, decision: Decision) -> None:
        """For the hub or a team, and since when: news about it makes nobody wait less long."""
        held, routed = decision.hold_reason is not None, decision.status is Status.ROUTED
        self.held_since = (self.held_since or decision.decided_at) if held else None
        whose = "hub" if decision.care_setting is CareSetting.FRONT_DOOR else "team"
        waits = whose if routed and not held else None
        if waits != self.unanswered:
            self.unanswered_since = decision.decided_at if waits else None
        self.hold_reason, self.unanswered = decision.hold_reason, waits
        self.due_at = decision.due_at if held or waits else None

    def _note_parked(self, decision: Decision, cause: Taken | None, unread: Unread | None) -> None:
        """What is missing still; a person's answer that ends a hold is given in the knowledge of it."""
        record = (unread and unread.event_id) or decision.cause_id
        whole = cause or unread
        known_as = {record, whole.edited_from if whole else None}
        self.parked = [each for each in self.parked if each not in known_as]
        if decision.cause_type == PARKED:
            self.parked.append(record)
        elif decision.outcome and decision.hold_reason is None and self.hold_reason is not None:
            self.parked = []

    def _knows_newer_than(self, sequence: int) -> bool:
        """As triage judges it: facts that were disposed of were newer, too."""
        if sequence > self.highest or self.latest_type is None:
            return False
        try:
            latest: Any = from_json(events.PAYLOADS[self.latest_type], self.latest or b"")
        except Unreadable:
            return True
        return bool(latest.sequence > sequence)
