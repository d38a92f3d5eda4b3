"""The payloads of the events that cross a service boundary (their envelope: `shared.cloudevents`).

A value is the JSON of a frozen model. Every event id is derived (`derived_id`), so whatever is repeated anywhere has
the same id.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, field

from shared.codes import CareSetting, DecisionKind, Gate, HoldReason, OutcomeKind, Status, Urgency
from shared.operations import AuditHeads, DeadLetterWorked
from shared.referral import Coded, CodedReferral, Moment

NAMESPACE: Final = UUID("6f0a2f0e-6b0c-5d7e-9f57-0b1d3a7c4e21")
_NAMESPACE_BYTES: Final = NAMESPACE.bytes
_VERSION_5: Final = 0x5 << 76 | 0b10 << 62
_RANDOM_BITS: Final = (1 << 128) - 1 ^ (0xF << 76 | 0b11 << 62)

RECEIVED: Final = "frontdoor.referral.received.v1"
AMENDED: Final = "frontdoor.referral.amended.v1"
CANCELLED: Final = "frontdoor.referral.cancelled.v1"
CONFLICTING: Final = "frontdoor.referral.conflicting.v1"
OUTCOME: Final = "frontdoor.outcome.recorded.v1"
ROUTED: Final = "frontdoor.decision.routed.v1"
KEPT: Final = "frontdoor.decision.kept.v1"
HELD: Final = "frontdoor.decision.held.v1"
WITHDRAWN: Final = "frontdoor.decision.withdrawn.v1"
RULES_ACTIVATED: Final = "frontdoor.rules.activated.v1"
RULES_REFUSED: Final = "frontdoor.rules.refused.v1"
RECORD_DISCLOSED: Final = "frontdoor.record.disclosed.v1"
AUDIT_HEADS: Final = "frontdoor.audit.headed.v1"
DEAD_LETTER_WORKED: Final = "frontdoor.dead-letter.worked.v1"

DECISION_TYPES: Final = {
    DecisionKind.ROUTE: ROUTED,
    DecisionKind.KEEP: KEPT,
    DecisionKind.HOLD: HELD,
    DecisionKind.WITHDRAW: WITHDRAWN,
}


def derived_id(cause: UUID | str, event_type: str, destination: str = "") -> UUID:
    """The id of what `cause` leads to: the same cause, type and destination always give the same id.

    `cause` is an id, or its text in the form of RFC 9562 where that is at hand.
    """
    name = f"{cause}|{event_type}|{destination}".encode()
    digest = sha1(_NAMESPACE_BYTES + name, usedforsecurity=False).digest()
    return UUID(int=int.from_bytes(digest[:16], "big") & _RANDOM_BITS | _VERSION_5)  # uuid5, cheaper


class Cause(Coded, kw_only=True):
    """What every event about a referral taken in by intake has: its referral and its gapless place in it.

    `sequence` counts from 1 per referral, whatever the kind of event. `received_at` is intake's clock, in UTC.
    """

    referral_id: UUID
    sequence: Annotated[int, Meta(ge=1)]
    locality: str
    received_at: Moment


class ReferralReceived(Cause, kw_only=True):
    """A referral was taken. `linked_to` is an earlier referral with the same content."""

    referral: CodedReferral
    linked_to: UUID | None = None


class ReferralAmended(Cause, kw_only=True):
    """The sender changed a referral; `referral` is the whole as it now stands, `changed` the JSON paths sent."""

    referral: CodedReferral
    changed: tuple[str, ...] = ()


class ReferralCancelled(Cause, kw_only=True):
    """The sender withdrew the referral; `reason` is a code."""

    reason: str


class ReferralConflicting(Cause, kw_only=True):
    """A message id came again with other content: a person must see which one holds."""

    conflicts_with: UUID
    referral: CodedReferral | None = None


class Actor(Coded, kw_only=True):
    """Who answered for an outcome; staff data travels, since they answer for what they did."""

    name: str
    role: str
    registration: str | None = None
    team: str


class OutcomeRecorded(Cause, kw_only=True):
    """What a receiving team or the hub answered.

    `reason` and `onward` are codes; `to` is a destination id (rerouted, stepped-up), `urgency` the new code
    (urgency-lowered), `decision_id` the decision that was answered, if the sender named it. `answers_for` are the
    destinations that the answering team stands for and that had been told of the referral; empty for the hub.
    """

    kind: OutcomeKind
    by: Actor
    answers_for: tuple[str, ...] = ()
    reason: str | None = None
    onward: str | None = None
    to: str | None = None
    urgency: Urgency | None = None
    decision_id: UUID | None = None


class RulesUsed(Coded, kw_only=True):
    """The rule set that decided: its locality, version and the SHA-256 of its file."""

    locality: str
    version: str
    hash: str


class Output(Coded, kw_only=True):
    """One record that a decision publishes: where to, as which event."""

    event_id: UUID
    type: str
    topic: str
    destination: str


class Decision(Coded, kw_only=True):
    """Exactly one per cause. `sequence` is gapless per referral and given by triage.

    `destination` is where the person stands after this decision (the hub for a hold), `proposed` where the rules
    would send them; `also` are destinations added by overlays; `told` are all destinations that have the referral,
    `told_settings`, in the same order, the care settings in whose topics they hear, and `accepted` those of them
    that accepted the person and have neither closed nor returned since.
    `rows` decided, `beaten` matched as well and lost; `facts` is what the rules saw. `due_at` is when the
    receiving side must have acted, on the locality's calendar.
    """

    decision_id: UUID
    referral_id: UUID | None
    sequence: int
    cause_id: UUID
    cause_type: str
    cause_sequence: int | None = None
    kind: DecisionKind
    status: Status
    outcome: OutcomeKind | None = None
    hold_reason: HoldReason | None = None
    destination: str
    care_setting: CareSetting
    service: str
    team_type: str
    proposed: str | None = None
    proposed_setting: CareSetting | None = None
    also: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    told_settings: tuple[CareSetting, ...] = ()
    accepted: tuple[str, ...] = ()
    urgency: Urgency
    gate: Gate
    response: str
    locality: str
    received_at: Moment
    decided_at: Moment
    due_at: Moment
    safe_contact_only: bool = True
    late: bool = False
    rules: RulesUsed | None = None
    rows: tuple[str, ...] = ()
    beaten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: dict[str, str | int] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()


class RulesActivated(Coded, kw_only=True):
    """A rule set came into force; the full text travels so that audit can show it for ever."""

    locality: str
    version: str
    hash: str
    effective_from: Moment
    activated_at: Moment
    by: str
    reason: str
    text: str


class RulesRefused(Coded, kw_only=True):
    """A rule file was refused; what ran goes on."""

    locality: str
    file: str
    hash: str
    refused_at: Moment
    findings: tuple[dict[str, str], ...]


class RecordDisclosed(Coded, kw_only=True):
    """Someone read a record: who, which team, why (a code from the closed list)."""

    referral_id: UUID
    by: str
    team: str
    purpose: str
    at: Moment


PAYLOADS: Final[dict[str, type[Coded]]] = {
    RECEIVED: ReferralReceived,
    AMENDED: ReferralAmended,
    CANCELLED: ReferralCancelled,
    CONFLICTING: ReferralConflicting,
    OUTCOME: OutcomeRecorded,
    ROUTED: Decision,
    KEPT: Decision,
    HELD: Decision,
    WITHDRAWN: Decision,
    RULES_ACTIVATED: RulesActivated,
    RULES_REFUSED: RulesRefused,
    RECORD_DISCLOSED: RecordDisclosed,
    AUDIT_HEADS: AuditHeads,
    DEAD_LETTER_WORKED: DeadLetterWorked,
}
