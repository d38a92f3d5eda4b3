"""The Kafka topics: one line each.

Every referral topic has the same fixed number of partitions and is keyed by referral id, so what happens to one
referral keeps its order on every hop (triage writes to the partition number that it read from).
"""

from __future__ import annotations

from typing import Final

from shared.codes import CareSetting

RECEIVED: Final = "referrals.received"
ROUTED: Final = {setting: f"referrals.routed.{setting}" for setting in CareSetting}
OPERATIONS: Final = "frontdoor.operations"

TRIAGE_GROUP: Final = "triage"
AUDIT_GROUP: Final = "audit"
STATUS_GROUP: Final = "intake-status"


def dead_letters(topic: str, group: str) -> str:
    """The topic where `group` parks the records of `topic` that can never work."""
    return f"{topic}.dlq.{group}"


REFERRAL_TOPICS: Final = (RECEIVED, *ROUTED.values())
DEAD_LETTER_TOPICS: Final = (
    dead_letters(RECEIVED, TRIAGE_GROUP),
    *(dead_letters(topic, STATUS_GROUP) for topic in ROUTED.values()),
)
_BROKER_BYTES: Final = 1_048_588  # Kafka's own default for max.message.bytes, a batch's framing counted
AUDITED_TOPICS: Final = (*REFERRAL_TOPICS, OPERATIONS, *DEAD_LETTER_TOPICS)
GROUPS: Final = {
    TRIAGE_GROUP: (RECEIVED,),
    STATUS_GROUP: tuple(ROUTED.values()),
    AUDIT_GROUP: AUDITED_TOPICS,
}  # what each group reads


def most_bytes(topic: str) -> int:
    """The largest batch that a topic takes. A dead letter is the record that it parks and headers that say why."""
    return _BROKER_BYTES + (1 << 16 if topic in DEAD_LETTER_TOPICS else 0)


def stream_name(cluster: str, generation: int) -> str:
    """The audit stream of a cluster's topics: offsets start again when topics are made anew, so both are in its name."""
    return f"{cluster}.{generation}"
