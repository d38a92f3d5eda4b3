"""Intake's figures (Prometheus). No label ever holds anything that was sent."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

TAKEN: Final = Counter("frontdoor_taken", "Messages taken", ("kind",))
REPEATS: Final = Counter("frontdoor_repeats", "Messages that were answered as the first of them was")
CONFLICTS: Final = Counter("frontdoor_conflicts", "Other content under an id that was used before")
REFUSED: Final = Counter("frontdoor_refused", "Requests not done", ("code",))
EMERGENCIES: Final = Counter("frontdoor_emergencies", "Senders told to phone now", ("source",))
SCREENED: Final = Counter("frontdoor_screened", "Referrals whose free text was screened", ("found",))
DISCLOSED: Final = Counter("frontdoor_disclosed", "Records read", ("purpose",))
ANSWERED: Final = Histogram(
    "frontdoor_answer_seconds",
    "From a request's head to its answer",
    ("route",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
MLLP_OPEN: Final = Gauge("frontdoor_mllp_connections", "Connections of HL7 v2 senders")
MLLP_FULL: Final = Counter("frontdoor_mllp_refused_connections", "Connections closed at once: there were too many")
MLLP_ANSWERS: Final = Counter("frontdoor_mllp_answers", "HL7 v2 messages by how they were answered (MSA-1)", ("code",))
MLLP_SKIPPED: Final = Counter("frontdoor_mllp_skipped_bytes", "Bytes that stood in no message")
OUTBOX_SIZE: Final = Gauge("frontdoor_outbox_records", "Events taken and not yet published")
OUTBOX_AGE: Final = Gauge("frontdoor_outbox_age_seconds", "Age of the oldest event not yet published")
FOLLOWED: Final = Gauge("frontdoor_statuses_followed", "1 while triage's decisions are followed, 0 while statuses age")
NOBODY_RECEIVES: Final = Counter(
    "frontdoor_nobody_receives", "Decisions for a destination that no team stands for", ("destination",)
)
MESH_POLLS: Final = Counter("frontdoor_mesh_polls", "Looks into the MESH mailbox")
MESH_MESSAGES: Final = Counter(
    "frontdoor_mesh_messages",
    "Messages of MESH by what became of them: taken, repeat, invalid, or failed (left there, and tried again)",
    ("became",),
)
MESH_ACKNOWLEDGED: Final = Counter("frontdoor_mesh_acknowledged", "Messages that MESH was told to forget")
MESH_UNANSWERED: Final = Counter(
    "frontdoor_mesh_unanswered", "Answers that MESH would not carry to the sender's mailbox"
)
MESH_WAITING: Final = Gauge("frontdoor_mesh_waiting", "Messages in the MESH mailbox at the last look")
MESH_AGE: Final = Gauge(
    "frontdoor_mesh_oldest_seconds", "Since MESH accepted the oldest message that waits there, or it was first listed"
)
INVALID: Final = Gauge(
    "frontdoor_invalid_unsettled", "Messages of MESH that were not taken, and that nobody has settled"
)
INVALID_AGE: Final = Gauge("frontdoor_invalid_oldest_seconds", "Age of the oldest of them")
RELAYED: Final = Counter("frontdoor_relayed", "Events published from the outbox", ("topic",))
REPLIES_WAITING: Final = Gauge("frontdoor_replies_waiting", "Replies to senders that nobody has taken yet")
REPLIES_AGE: Final = Gauge("frontdoor_replies_age_seconds", "Age of the oldest reply that nobody has taken yet")
REPLIES_GIVEN_UP: Final = Gauge("frontdoor_replies_given_up", "Replies that were given up in the last day")
REPLIED: Final = Counter(
    "frontdoor_replies",
    "Tries to tell a sender what became of its referral, and replies superseded: newer news was sent before",
    ("how",),
)
