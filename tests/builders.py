"""Builders: each states only what the test is about; the rest is a quiet adult in Lambeth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from services.triage.causes import Seen, parked
from services.triage.history import History
from shared import events
from shared.cloudevents import Envelope, Headers, from_plain, to_json
from shared.codes import OutcomeKind
from shared.events import NAMESPACE, Actor, Cause, OutcomeRecorded
from shared.referral import CodedReferral

MONDAY_10AM = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
QUIET = {
    "person_key": "p" * 64,
    "person_link": "nhs-number",
    "in_area": "yes",
    "person": {"age_months": 480},
    "referrer": {"urgency": "3", "role": "GP"},
    "consent": {"agrees": "yes", "share_with_partners": "yes"},
    "contact": {"safe_contact_only": "no"},
    "reason": {"code": "04"},
    "presentation": {"phq9": 12, "phq9_item9": 0, "psychosis": "none", "function": "some"},
    "risk": {"life_in_danger": "no", "suicidal": "none", "means": "no", "self_harm": "none", "to_others": "none"},
}


def an_id(name: str) -> UUID:
    """An id that is the same for the same name."""
    return uuid5(NAMESPACE, name)


def a_referral(**groups: Any) -> CodedReferral:
    """A coded referral; `risk={"suicidal": "plan"}` changes one answer of a group, a plain value the field itself."""
    merged: dict[str, Any] = dict(QUIET)
    for name, value in groups.items():
        base = merged.get(name)
        merged[name] = {**base, **value} if isinstance(base, dict) and isinstance(value, dict) else value
    return from_plain(CodedReferral, merged)


@dataclass
class ARecord:
    """A Kafka record as a consumer sees it."""

    topic: str = "referrals.received"
    partition: int = 0
    offset: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers = ()
    timestamp: int = 0


@dataclass
class Person:
    """Makes the causes of one referral in their sequence."""

    name: str = "ada"
    locality: str = "lambeth"
    at: dt.datetime = MONDAY_10AM
    sequence: int = field(default=0)

    @property
    def referral_id(self) -> UUID:
        return an_id(self.name)

    def received(self, sequence: int | None = None, **groups: Any) -> Seen:
        return self._seen(events.RECEIVED, sequence, referral=a_referral(**groups))

    def sends(self, referral: CodedReferral) -> Seen:
        return self._seen(events.RECEIVED, None, referral=referral)

    def amended(self, sequence: int | None = None, **groups: Any) -> Seen:
        return self._seen(events.AMENDED, sequence, referral=a_referral(**groups))

    def conflicting(self, sequence: int | None = None, **groups: Any) -> Seen:
        return self._seen(
            events.CONFLICTING, sequence, referral=a_referral(**groups), conflicts_with=an_id(f"{self.name} first")
        )

    def cancelled(self, sequence: int | None = None) -> Seen:
        return self._seen(events.CANCELLED, sequence, reason="no-longer-needed")

    def outcome(self, kind: str, sequence: int | None = None, *, team: str = "hub", **fields: Any) -> Seen:
        actor = Actor(name="Sam Clinician", role="clinician", registration="RN123", team=team)
        fields.setdefault("reason", "03")
        return self._seen(events.OUTCOME, sequence, kind=OutcomeKind(kind), by=actor, **fields)

    def parked(self, cause: Seen | None = None, offset: int = 7, code: str = "unreadable") -> Seen:
        """A record about this referral that cannot be read: the one of a cause, or one that says nothing of itself."""
        headers = ((("ce_id", str(cause.cause_id).encode())),) if cause else ()
        return parked(ARecord(offset=offset, key=str(self.referral_id).encode(), value=b"{", headers=headers), code)

    def _seen(self, event_type: str, sequence: int | None, **fields: Any) -> Seen:
        self.sequence = sequence or self.sequence + 1
        model: Any = events.PAYLOADS[event_type]
        place = {"referral_id": self.referral_id, "sequence": self.sequence, "locality": self.locality}
        event = from_plain(model, {**place, "received_at": self.at, **fields})
        return Seen(
            cause_id=an_id(f"{self.name} {event_type} {self.sequence}"),
            type=event_type,
            referral_id=self.referral_id,
            event=event,
            value=to_json(event),
            synthetic=True,
        )


def a_record_of(seen: Seen, **place: Any) -> ARecord:
    """The Kafka record of a cause."""
    assert isinstance(seen.event, Cause | OutcomeRecorded)
    headers = Envelope(
        seen.cause_id,
        "urn:test",
        seen.type,
        seen.event.received_at,
        str(seen.referral_id),
        sequence=seen.sequence,
        accepted_time=seen.event.received_at,
        synthetic=seen.synthetic,
    ).headers()
    return ARecord(key=str(seen.referral_id).encode(), value=seen.value, headers=headers, **place)


NOBODY_KNOWN = History()
