"""A referral's story in words that a clinician can read."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from services.frontdoor.explain import GATES
from services.frontdoor.recorded import in_order
from services.frontdoor.standing import HOLDS
from services.frontdoor.story import DID, WORDS, tell
from services.frontdoor.trace import lines as trace_lines
from shared import events
from shared.codes import DecisionKind, Gate, HoldReason, OutcomeKind, Status
from shared.command_line import as_id
from shared.errors import Usage
from tests.builders import MONDAY_10AM, Person
from tests.stories import ADA, a_decision, a_decision_event, an_event, an_output

if TYPE_CHECKING:
    from services.frontdoor.recorded import Recorded


def summary(event: Recorded) -> str:
    return tell(event).summary


def test_what_the_sender_did_is_told_with_its_source() -> None:
    bob = Person("bob")
    said = [
        summary(an_event(events.RECEIVED, bob.received().event)),
        summary(an_event(events.AMENDED, bob.amended().event)),
        summary(an_event(events.CANCELLED, bob.cancelled().event)),
        summary(an_event(events.CONFLICTING, bob.conflicting().event)),
    ]
    assert said == [
        "taken from source lambeth-gp (sequence 1)",
        "amended by source lambeth-gp (sequence 2)",
        "cancelled by source lambeth-gp (sequence 3), reason no-longer-needed",
        "other content came from source lambeth-gp under the same message id or name (sequence 4): a person must see which one holds",
    ]


def test_an_outcome_is_told_with_who_answers_for_it() -> None:
    told = tell(an_event(events.OUTCOME, Person().outcome("returned", team="memory-service").event))
    assert told.by == "Sam Clinician (clinician, RN123) of memory-service"
    assert told.summary == f"returned by {told.by} (sequence 1), reason 03"


def test_a_route_is_told_with_its_rows_and_its_urgency() -> None:
    said = summary(a_decision_event(a_decision()))
    assert re.match(
        "routed to talking-therapies-step-2, routine, by rows U12, D09 of rule set 2026.11.1; due Mon 4 Jan 2027", said
    )


def test_the_other_outputs_of_a_decision_say_whom_else_it_told_and_who_lost_it() -> None:
    decision = a_decision(
        outputs=(
            an_output("talking-therapies-step-2", events.ROUTED),
            an_output("gp-follow-up", events.ROUTED),
            an_output("crisis-outreach", events.WITHDRAWN),
        )
    )
    said = [summary(a_decision_event(decision, output)) for output in (1, 2)]
    assert said == ["gp-follow-up told as well, routine", "withdrawn from crisis-outreach"]


def test_a_hold_says_why_and_what_the_rules_propose() -> None:
    held = a_decision(
        kind=DecisionKind.HOLD, status=Status.HELD, hold_reason=HoldReason.SAFETY, destination="hub", proposed="camhs",
        outputs=(an_output("hub", events.HELD),),
    )  # fmt: skip
    assert summary(a_decision_event(held)).startswith("held at hub for a person (safety), routine, by rows U12, D09")
    assert "; the rules propose camhs; due" in summary(a_decision_event(held))


def test_what_cannot_be_read_and_what_was_disposed_of_is_told_as_such() -> None:
    assert "cannot be read" in summary(an_event("something.else.v1", None))
    assert "cannot be read" in summary(an_event(events.RECEIVED, None))
    assert "disposed of, digest stands" in summary(an_event(events.RECEIVED, None, disposed=True))


def test_a_dead_letter_is_told_without_taking_the_id_of_its_event() -> None:
    notes = {"group": "triage", "topic": "referrals.received", "partition": "3", "offset": "9"}
    headers = (
        *((f"dlq-original-{name}", text.encode()) for name, text in notes.items()),
        ("dlq-error-code", b"no-type"),
    )
    told = tell(an_event(events.RECEIVED, None, topic="referrals.received.dlq.triage", headers=headers))
    assert (told.event_id, told.type, told.by) == (None, "dead letter", "triage")
    assert told.summary == "parked by triage as a dead letter: no-type (referrals.received-3-9)"


def test_every_event_about_a_referral_every_outcome_and_every_reason_has_its_words() -> None:
    about_no_referral = {events.RULES_ACTIVATED, events.RULES_REFUSED, events.AUDIT_HEADS}
    assert set(WORDS) == set(events.PAYLOADS) - about_no_referral
    assert set(DID) == set(OutcomeKind)
    assert set(GATES) == set(Gate)
    assert set(HOLDS) == set(HoldReason)


def test_a_decision_never_stands_before_its_cause_whatever_the_clocks_say() -> None:
    cause = an_event(events.RECEIVED, None)
    early = MONDAY_10AM - dt.timedelta(seconds=3)
    decision = a_decision(outputs=(an_output("hub", events.HELD), an_output("gp-follow-up", events.ROUTED)))
    outputs = [a_decision_event(decision, turn, causation_id=cause.event_id, at=early) for turn in (1, 0)]
    assert in_order([*outputs, cause]) == [cause, outputs[1], outputs[0]]


def test_the_story_has_a_line_a_day_and_a_line_an_event() -> None:
    later = an_event(
        events.CANCELLED, Person().cancelled(2).event, at=MONDAY_10AM + dt.timedelta(days=1), synthetic=True
    )
    told = list(trace_lines(str(ADA), [tell(an_event(events.RECEIVED, Person().received(1).event)), tell(later)]))
    assert told[0] == f"referral {ADA} (synthetic)"
    assert told[1] == "Monday 23 November 2026"
    assert re.fullmatch(r"  \d\d:\d\d:\d\d taken from source lambeth-gp \(sequence 1\)", told[2])
    assert told[3] == "Tuesday 24 November 2026"


def test_an_id_is_typed_as_it_is_shown() -> None:
    assert as_id("5d1c6f0e-0000-4000-8000-000000000001") == UUID(int=0x5D1C6F0E000040008000000000000001)
    with pytest.raises(Usage, match="is not an id"):
        as_id("ada")
