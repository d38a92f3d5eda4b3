"""Decisions and events as audit recorded them, made up: each states only what the test is about."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from services.frontdoor.recorded import Recorded
from shared import events
from shared.cloudevents import from_plain
from shared.codes import CareSetting, DecisionKind, Gate, Status, Urgency
from shared.events import Decision, Output, RulesUsed
from tests.builders import MONDAY_10AM, an_id

if TYPE_CHECKING:
    from shared.referral import Coded

ADA: Final = an_id("ada")


def a_decision(**fields: Any) -> Decision:
    given: dict[str, Any] = {
        "decision_id": an_id("decision"),
        "referral_id": ADA,
        "sequence": 1,
        "cause_id": an_id("cause"),
        "cause_type": events.RECEIVED,
        "kind": DecisionKind.ROUTE,
        "status": Status.ROUTED,
        "destination": "talking-therapies-step-2",
        "care_setting": CareSetting.PRIMARY_CARE,
        "service": "Talking Therapies step 2",
        "team_type": "Talking Therapies",
        "urgency": Urgency.ROUTINE,
        "gate": Gate.SAMPLE,
        "response": "within 6 weeks",
        "locality": "lambeth",
        "received_at": MONDAY_10AM,
        "decided_at": MONDAY_10AM,
        "due_at": MONDAY_10AM + dt.timedelta(weeks=6),
        "rules": RulesUsed(locality="lambeth", version="2026.11.1", hash="ab" * 32),
        "rows": ("U12", "D09"),
        "beaten": ("D45",),
        "facts": {"problem": "mood", "phq9": 12, "age": 40},
        "outputs": (an_output("talking-therapies-step-2", events.ROUTED),),
    }
    return from_plain(Decision, given | fields)


def an_output(destination: str, kind: str) -> Output:
    return Output(
        event_id=an_id(destination), type=kind, topic="referrals.routed.primary-care", destination=destination
    )


def an_event(kind: str, payload: Coded | None, **fields: Any) -> Recorded:
    given: dict[str, Any] = {
        "stream": "stream.1", "topic": "referrals.received", "partition": 0, "offset": 0, "event_id": an_id(kind),
        "referral_id": ADA, "type": kind, "causation_id": None, "at": MONDAY_10AM, "sequence": 1,
        "synthetic": False, "recorded_at": MONDAY_10AM, "disposed": False,
        "headers": (("ce_source", b"urn:frontdoor:intake:lambeth-gp"),),
    }  # fmt: skip
    return Recorded(**given | fields, payload=payload)


def a_decision_event(decision: Decision, output: int = 0, **fields: Any) -> Recorded:
    which = decision.outputs[output]
    fields.setdefault("headers", (("ce_source", b"urn:frontdoor:triage"),))
    return an_event(which.type, decision, event_id=which.event_id, topic=which.topic, **fields)
