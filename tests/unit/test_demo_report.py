"""The demo's figures and what it prints, from fixed decisions."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from rich.console import Console

from services.frontdoor.account import Account, Entry
from services.frontdoor.demo.figures import HELD_FOR, Figures, Place, Recorded, figures
from services.frontdoor.demo.report import show
from services.frontdoor.demo.result import Report, as_json
from services.frontdoor.demo.sending import Sending
from shared import events
from shared.cloudevents import from_plain
from shared.codes import CareSetting, DecisionKind, Gate, HoldReason, Status, Urgency
from shared.events import Decision, Output, RulesUsed

NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
PEERS: dict[str, Any] = {"destination": "timebank", "care_setting": CareSetting.PEER_SUPPORT, "service": "Timebank"}
CRISIS: dict[str, Any] = {
    "destination": "crisis-outreach",
    "care_setting": CareSetting.SECONDARY_CARE,
    "service": "Crisis Outreach",
}
HUB: dict[str, Any] = {
    "destination": "hub",
    "care_setting": CareSetting.FRONT_DOOR,
    "service": "The hub",
    "kind": DecisionKind.HOLD,
    "status": Status.HELD,
}


def decided(after: float = 0.05, person: UUID | None = None, **facts: Any) -> Recorded:
    decision = from_plain(
        Decision,
        {
            "decision_id": uuid4(),
            "referral_id": person or uuid4(),
            "sequence": 1,
            "cause_id": uuid4(),
            "cause_type": events.RECEIVED,
            "kind": DecisionKind.ROUTE,
            "status": Status.ROUTED,
            "team_type": "",
            "urgency": Urgency.ROUTINE,
            "gate": Gate.BY_RECEIVER,
            "response": "",
            "locality": "lambeth",
            "received_at": NOON,
            "decided_at": NOON,
            "due_at": NOON,
            "rules": RulesUsed(locality="lambeth", version="1", hash="0"),
        }
        | PEERS
        | facts,
    )
    return Recorded(decision, NOON, NOON + dt.timedelta(seconds=after))


def told(destination: str) -> Output:
    return Output(event_id=uuid4(), type=events.ROUTED, topic="referrals.routed.peer-support", destination=destination)


def held_for(reason: HoldReason, **facts: Any) -> Recorded:
    return decided(**(HUB | {"hold_reason": reason} | facts))


def printed(report: Report, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    show(console, report)
    output: io.StringIO = console.file  # type: ignore[assignment]  # made above
    return output.getvalue()


def report(**parts: Any) -> Report:
    sent = Sending(sent=Counter(referral=3, repeat=1), sources=4, seconds=1.5)
    whole: dict[str, Any] = {
        "people": 3,
        "seed": 1,
        "run": "r",
        "sending": sent,
        "dirt": {"no NHS number": 2},
        "account": Account(3, 3, 3),
    }
    return Report(**whole | parts)


def test_a_person_counts_once_where_the_rules_proposed_on_arrival() -> None:
    person = uuid4()
    moved = decided(person=person, sequence=2, cause_type=events.OUTCOME, **CRISIS)
    counted = figures([decided(person=person), moved])
    assert counted.people == 1
    assert [(place.destination, place.people) for place in counted.places] == [("timebank", 1)]


def test_somebody_held_counts_at_the_proposed_team_and_waits_at_the_hub() -> None:
    counted = figures([held_for(HoldReason.SAFETY, proposed="timebank", proposed_setting=CareSetting.PEER_SUPPORT)])
    assert [(place.setting, place.destination) for place in counted.places] == [(CareSetting.PEER_SUPPORT, "timebank")]
    assert counted.waiting == {"safety": 1}


def test_a_held_person_who_was_released_waits_no_longer() -> None:
    person = uuid4()
    counted = figures([held_for(HoldReason.GATE, person=person), decided(person=person, sequence=2)])
    assert counted.waiting == {}


def test_a_keep_after_a_hold_leaves_the_person_waiting_for_the_same_reason() -> None:
    person = uuid4()
    keep = decided(person=person, sequence=2, **(HUB | {"kind": DecisionKind.KEEP}))
    assert figures([held_for(HoldReason.GATE, person=person), keep]).waiting == {"gate": 1}


def test_urgency_is_as_it_stands_and_raises_are_counted() -> None:
    person = uuid4()
    raised = decided(person=person, sequence=2, cause_type=events.AMENDED, urgency=Urgency.VERY_URGENT)
    counted = figures([decided(person=person), raised])
    assert counted.urgency[Urgency.VERY_URGENT] == 1
    assert counted.raised == 1


def test_an_added_destination_is_counted_beside_its_own_people() -> None:
    counted = figures([decided(also=("timebank",), outputs=[told("timebank")], **CRISIS), decided()])
    assert {place.destination: (place.people, place.added) for place in counted.places} == {
        "timebank": (1, 1),
        "crisis-outreach": (1, 0),
    }


def test_a_service_that_only_overlays_added_is_listed_too() -> None:
    counted = figures([decided(also=("evening-sanctuary",), outputs=[told("evening-sanctuary")], **CRISIS)])
    assert ("evening-sanctuary", 0, 1) in [(place.destination, place.people, place.added) for place in counted.places]


def test_an_event_is_audited_when_its_last_output_is() -> None:
    cause, person = uuid4(), uuid4()
    two_outputs = [decided(cause_id=cause, person=person, after=after) for after in (0.30, 0.02)]
    assert figures([*two_outputs, decided(after=0.10)]).milliseconds == (100.0, 300.0)


def test_percentiles_of_nothing_are_nothing() -> None:
    assert figures([]).percentile(0.99) == 0


def test_three_unlike_decisions_are_chosen_to_be_explained() -> None:
    crisis, safety, peers = decided(urgency=Urgency.VERY_URGENT, **CRISIS), held_for(HoldReason.SAFETY), decided()
    examples = figures([decided(), crisis, safety, peers]).examples
    assert len(examples) == 3
    assert {crisis.decision.referral_id, safety.decision.referral_id} < set(examples)


def test_the_report_ends_with_the_number_of_what_is_unaccounted() -> None:
    seen = figures([decided(), decided(**CRISIS), held_for(HoldReason.SAFETY)])
    output = printed(report(figures=seen))
    assert output.splitlines()[-1] == "unaccounted 0"
    for words in ("taken 3 · decided 3 · audited 3", "Timebank", "Peer support", "33%", "p50", "no NHS number 2"):
        assert words in output


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_every_figure_stands_in_the_report_however_narrow_it_is(width: int) -> None:
    long_name = "Crisis Outreach / Crisis Resolution and Home Treatment"
    counted = Figures(
        people=2000,
        places=(
            Place(CareSetting.SECONDARY_CARE, "crisis-outreach", long_name, 1301, 1302),
            Place(CareSetting.SECONDARY_CARE, "camhs", "CAMHS", 103, 1304),
            Place(CareSetting.FRONT_DOOR, "hub", "The hub", 205, 0),
        ),
        urgency={urgency: 1401 + place for place, urgency in enumerate(Urgency)},
        raised=1501,
        statuses={},
        waiting={reason: 1601 + place for place, reason in enumerate(HELD_FOR)},
        milliseconds=(1701.0, 1702.0),
    )
    output = printed(report(figures=counted), width)
    whole = {"1301", "65%", "+1302", "103", "5%", "+1304", "205", "10%", "1404", "1501", "1702", "12836"}
    figures_in_it = {str(1401 + place) for place in range(4)} | {str(1601 + place) for place in range(len(HELD_FOR))}
    assert (whole | figures_in_it | {"70%"}) - set(re.findall(r"[+<]?[\d,]+%?", output)) == set()
    assert "…" not in output
    assert max(map(len, output.splitlines())) <= width


def test_what_was_taken_is_summed_up_where_it_adds_up() -> None:
    sent = Sending(sent=Counter(referral=3, repeat=1, amendment=1), answers=Counter(accepted=2, released=1))
    assert "3 referrals + 1 amendment + 3 answers by teams and the hub" in printed(
        report(sending=sent, account=Account(7, 7, 7))
    )
    assert "+" not in printed(report(sending=sent, account=Account(8, 8, 8)))


def test_one_is_not_many() -> None:
    assert "3 referrals · 1 repeat, answered as the first time\n" in re.sub(" +\n", "\n", printed(report()))


def test_what_is_unaccounted_is_named() -> None:
    lost = Entry(uuid4(), uuid4(), "Kafka to audit", "it is not there")
    lines = printed(report(account=Account(3, 2, 2, unaccounted=[lost]))).splitlines()
    assert str(lost.event_id) in " ".join(lines)
    assert lines[-1] == "unaccounted 1"


def test_without_the_database_it_shows_what_a_sender_may_know_and_says_what_is_missing() -> None:
    sent = Sending(ids={"1": "a"}, statuses={"a": {"status": "routed", "destination": "timebank"}})
    output = printed(report(sending=sent, account=None, unseen=("the account needs FRONTDOOR_READER_DSN",)))
    assert "timebank" in output
    assert "FRONTDOOR_READER_DSN" in output
    assert "taken 1 · decided 1" in output
    assert output.splitlines()[-1] == "unaccounted 0"


def test_without_the_database_what_was_taken_and_never_decided_is_unaccounted_by_its_id() -> None:
    lost = str(uuid4())
    seen = report(sending=Sending(ids={"1": lost, "2": str(uuid4())}, undecided=[lost]), account=None)
    lines = printed(seen).splitlines()
    assert lost in " ".join(lines)
    assert lines[-1] == "unaccounted 1"
    assert [entry["referral_id"] for entry in as_json(seen)["unaccounted"]] == [lost]
    assert not seen.clean


def test_brackets_in_a_name_are_printed_as_they_are() -> None:
    assert "[red]bus" in printed(report(figures=figures([decided(service="[red]bus")])))


def test_a_program_gets_the_same_figures() -> None:
    document = as_json(report(figures=figures([decided()])))
    assert document["unaccounted"] == []
    assert document["places"][0]["destination"] == "timebank"
