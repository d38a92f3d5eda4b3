"""What is put back after a restore is what triage had kept, and only what our services wrote."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from services.frontdoor.refill.found import Published, Taken, Unread, packed_outputs, published, taken
from services.frontdoor.refill.reading import DECISION, Lacking
from services.frontdoor.refill.standing import Standing
from services.frontdoor.refill.unrestored import Why, referral_rows, why
from services.triage.document import headers_of
from services.triage.store import _referral_row
from shared.cloudevents import Envelope, pack, to_json
from shared.events import AMENDED, RECEIVED, derived_id
from tests.builders import MONDAY_10AM, ARecord, Person, a_record_of
from tests.deciding import a_ledger, decided

if TYPE_CHECKING:
    from services.triage.causes import Seen

STEPS = {
    "amended": lambda ada: ada.amended(presentation={"phq9": 20}),
    "amended again": lambda ada: ada.amended(risk={"suicidal": "plan"}),
    "late": lambda ada: ada.amended(sequence=max(1, ada.sequence - 2)),
    "cancelled": lambda ada: ada.cancelled(),
    "conflicting": lambda ada: ada.conflicting(),
    "accepted": lambda ada: ada.outcome("accepted", team="fs", answers_for=("focused-support", "crisis-outreach")),
    "returned": lambda ada: ada.outcome("returned", team="tt", answers_for=("talking-therapies",), onward="hub"),
    "released": lambda ada: ada.outcome("released"),
    "rerouted": lambda ada: ada.outcome("rerouted", to="focused-support"),
    "advised": lambda ada: ada.outcome("advised"),
    "parked": lambda ada: ada.parked(offset=ada.sequence),
}


def as_taken(cause: Seen) -> Taken | None:
    """What Kafka would say of a cause that can be read."""
    if cause.event is None:
        return None
    return Taken(
        cause.cause_id, cause.type, cause.event, cause.value or b"", a_record_of(cause).headers, 0, 0, MONDAY_10AM
    )


def as_unread(cause: Seen) -> Unread | None:
    """What the dead letter of a cause that cannot be read would say."""
    letter: Any = None
    return Unread(letter, 0, cause.event_id, cause.edited_from) if cause.event is None else None


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=7))
def test_where_a_referral_stands_is_what_triage_had_kept_after_any_causes(steps: list[str]) -> None:
    ada, ledger, at = Person(), a_ledger(), MONDAY_10AM
    stands = Standing(ada.referral_id)
    for cause in (ada.received(), *(STEPS[step](ada) for step in steps)):
        at += dt.timedelta(minutes=1)
        before = ledger.standing.get(ada.referral_id)
        held_since = stands.held_since
        decision = ledger.take(cause, at)
        stands.move(decision, as_taken(cause), as_unread(cause))
        kept = ledger.standing[ada.referral_id]
        same = ("highest", "latest", "latest_type", "person_key", "open_team")
        assert [getattr(stands, name) for name in same] == [getattr(kept, name) for name in same]
        assert (stands.decision_id, tuple(stands.parked)) == (decision.decision_id, kept.parked)
        assert len(stands.returned_at) == kept.returns
        *_, hold, _, due, _, waits, _ = _referral_row(ada.referral_id, kept)
        assert (stands.hold_reason, stands.due_at, stands.unanswered) == (hold, due, waits)
        assert (stands.held_since is None, stands.unanswered_since is None) == (hold is None, waits is None)
        if before and before.decision.hold_reason and decision.hold_reason:
            assert stands.held_since == held_since, "news about a hold makes it no younger"


def test_an_output_that_was_never_sent_has_the_headers_that_triage_gives_it() -> None:
    ada = Person()
    first, rerouted = ada.received(), ada.outcome("rerouted", to="focused-support")
    *_, decision = decided(first, rerouted)
    assert len(decision.outputs) > 1, "the one before is told that it is over"
    records = {
        output.event_id: ARecord(output.topic, 3, 9, None, to_json(decision), headers_of(output, decision, rerouted))
        for output in decision.outputs
    }
    one, other = list(records)
    there = published(records[one], DECISION)
    assert there
    rows = packed_outputs(decision, {one: there})
    assert [row[0] for row in rows] == [one, other]
    assert rows[1][4] == pack(records[other].headers)
    assert (rows[0][6], rows[1][5], rows[1][6]) == (9, None, None)


def an_event(event_id: Any, sequence: int, source: str = "urn:frontdoor:intake:gp") -> Taken:
    ada = Person()
    event = ada.received(sequence=sequence).event
    envelope = Envelope(
        event_id, source, RECEIVED, MONDAY_10AM, str(ada.referral_id), sequence=sequence, receipt_digest="ab"
    )
    found = taken(ARecord(value=to_json(event), headers=envelope.headers()))
    assert found
    return found


def test_only_what_intake_wrote_is_put_back() -> None:
    own = derived_id(Person().referral_id, RECEIVED, "1")
    assert an_event(own, 1).of_intake
    assert an_event(own, 1).sender == "gp"
    assert not an_event(own, 2).of_intake, "an id of another place"
    assert not an_event(derived_id(Person().referral_id, AMENDED, "1"), 1).of_intake, "an id of another type"
    assert not an_event(own, 1, "urn:somebody").of_intake


def test_what_cannot_be_read_is_known_by_its_headers() -> None:
    own = derived_id(Person().referral_id, AMENDED, "2")
    envelope = Envelope(
        own, "urn:frontdoor:intake:gp", AMENDED, MONDAY_10AM, str(Person().referral_id), sequence=2, receipt_digest="ab"
    )
    found = taken(ARecord(value=b"{", headers=envelope.headers()))
    assert found
    assert (found.of_intake, found.readable, found.kind, found.sender) == (True, False, "amended", "gp")
    assert (found.cause.referral_id, found.cause.sequence) == (Person().referral_id, 2)
    assert found.cause.received_at == MONDAY_10AM
    for name in ("ce_subject", "ce_sequence", "ce_time"):
        less = tuple(pair for pair in envelope.headers() if pair[0] != name)
        assert not taken(ARecord(value=b"{", headers=less)), "nothing says whom it is about, or its place"


def test_a_referral_stands_again_by_what_is_left_of_it() -> None:
    ada, ben, cyd = Person("ada"), Person("ben", locality="camden"), Person("cyd")
    amended = as_taken(ada.amended(sequence=3))
    outcome = as_taken(ben.outcome("returned", sequence=2, team="tt", onward="hub"))
    assert amended
    assert outcome
    (decision,) = decided(cyd.received())
    gone = Published(decision.decision_id, decision, b"", (), "", 0, 0, MONDAY_10AM)
    found = Lacking(events={one.event_id: one for one in (amended, outcome)}, unreceived={decision.cause_id: gone})
    rows = {row[0]: row[1:4] + row[5:] for row in referral_rows(found)}
    assert rows[ada.referral_id] == ("urn:test", "lambeth", True, 3, None), "an amendment is by who sent the referral"
    assert rows[ben.referral_id] == ("not recorded", "camden", True, 2, None), "a team's answer is not"
    assert rows[cyd.referral_id] == ("not recorded", "lambeth", False, 1, "lambeth")
    found.seen.add(decision.cause_id)
    assert cyd.referral_id not in {row[0] for row in referral_rows(found)}, "what intake did not write is not put back"


def test_why_an_event_was_not_put_back_is_said_of_each() -> None:
    known, unknown = as_taken(Person("ada").amended()), as_taken(Person("ben").amended())
    assert known
    assert unknown
    (decision,) = decided(Person("cyd").received())
    found = Lacking(events={known.event_id: known, unknown.event_id: unknown}, seen={unknown.event_id})
    referrals = [known.cause.referral_id]
    said = [why(event_id, found, referrals) for event_id in (known.event_id, unknown.event_id, decision.cause_id)]
    assert said == [Why.TAKEN_SINCE, Why.UNREADABLE, Why.GONE]
    assert all(each.words for each in Why)


def test_only_what_triage_published_is_put_back() -> None:
    cause = Person().received()
    (decision,) = decided(cause)
    (output,) = decision.outputs
    record = ARecord(output.topic, value=to_json(decision), headers=headers_of(output, decision, cause))
    assert published(record, DECISION)
    assert not published(ARecord("referrals.routed.front-door", value=record.value, headers=record.headers), DECISION)
    assert not published(record, "another.kind")
    assert not published(ARecord(output.topic, value=b"{", headers=record.headers), DECISION)
