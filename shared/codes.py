"""The closed lists that more than one service speaks: urgency, care settings, gates, kinds of decision and outcome.

Response priority is the MHSDS CLINICAL RESPONSE PRIORITY TYPE: a code, never a number to sort by.
From most to least urgent it runs 1, 4, 2, 3 (NHS Data Dictionary; code 4 was added in MHSDS v5.0).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

NOT_RECORDED: Final = "not recorded"
UNMAPPED: Final = "unmapped"

YesNo = Literal["yes", "no", "not recorded"]


class Urgency(StrEnum):
    """MHSDS clinical response priority; `severity` 0 is the most urgent."""

    EMERGENCY = "1"
    VERY_URGENT = "4"
    URGENT = "2"
    ROUTINE = "3"

    @property
    def severity(self) -> int:
        """Place in the order of urgency, 0 (emergency) to 3 (routine)."""
        return _SEVERITY[self]

    @property
    def words(self) -> str:
        """The code's name in plain words."""
        return _WORDS[self]


_SEVERITY = {code: place for place, code in enumerate(Urgency)}
_WORDS = dict(zip(Urgency, ("emergency", "very urgent", "urgent", "routine"), strict=True))


def most_urgent(first: Urgency, *others: Urgency) -> Urgency:
    """The most urgent of the codes given; urgency only ever rises (clinical ground rule 2)."""
    return min((first, *others), key=_SEVERITY.__getitem__)


class CareSetting(StrEnum):
    """Where a referral is routed: one Kafka topic each."""

    PRIMARY_CARE = "primary-care"
    PEER_SUPPORT = "peer-support"
    SECONDARY_CARE = "secondary-care"
    FRONT_DOOR = "front-door"


class Gate(StrEnum):
    """The human look that a route needs (Data (Use and Access) Act 2025, article 22B)."""

    BEFORE = "before"
    BY_RECEIVER = "by-receiver"
    SAMPLE = "sample"


class DecisionKind(StrEnum):
    """What triage makes of one cause."""

    ROUTE = "route"
    KEEP = "keep"
    HOLD = "hold"
    WITHDRAW = "withdraw"


class HoldReason(StrEnum):
    """Why a referral waits for a person at the hub."""

    SAFETY = "safety"
    GATE = "gate"
    UNMATCHED = "unmatched"
    CONFLICT = "conflict"
    RETURNED = "returned"
    PARKED = "parked"
    CLOSED_DESTINATION = "closed-destination"
    AFTER_WITHDRAWAL = "after-withdrawal"


class OutcomeKind(StrEnum):
    """What a receiving team or a person at the hub answers."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    STEPPED_UP = "stepped-up"
    CLOSED = "closed"
    RELEASED = "released"
    REROUTED = "rerouted"
    URGENCY_LOWERED = "urgency-lowered"
    ADVISED = "advised"
    INFORMATION_REQUESTED = "information-requested"


TEAM_OUTCOMES = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.RETURNED, OutcomeKind.STEPPED_UP, OutcomeKind.CLOSED})
HUB_OUTCOMES = frozenset(OutcomeKind) - TEAM_OUTCOMES


class Status(StrEnum):
    """What a sender may know of a referral."""

    TAKEN = "taken"
    HELD = "held"
    ROUTED = "routed"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    CLOSED = "closed"
    CANCELLED = "cancelled"
