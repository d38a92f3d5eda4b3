"""Where people may be sent: services within their dates, in localities that have rules, under rules that change."""

from __future__ import annotations

import datetime as dt

import pytest

from shared.codes import CareSetting, DecisionKind, HoldReason, Urgency
from shared.events import WITHDRAWN
from tests.builders import MONDAY_10AM, Person
from tests.deciding import a_ledger, decided, small_rules_but, told_as

THERAPIES = "within: 6 weeks}, accepting: yes"


@pytest.mark.parametrize(
    ("dates", "kind"),
    [
        ("valid from: 2026-11-24", DecisionKind.HOLD),
        ("valid from: 2026-11-23", DecisionKind.ROUTE),
        ("valid to: 2026-11-23", DecisionKind.ROUTE),
        ("valid to: 2026-11-22", DecisionKind.HOLD),
    ],
)
def test_a_service_takes_people_from_its_first_day_to_its_last(dates: str, kind: DecisionKind) -> None:
    (decision,) = decided(Person().received(), rules=small_rules_but((THERAPIES, f"{THERAPIES}, {dates}")))
    assert decision.kind is kind
    assert decision.hold_reason is (HoldReason.CLOSED_DESTINATION if kind is DecisionKind.HOLD else None)


def test_the_day_is_the_localitys_own() -> None:
    rules = small_rules_but((THERAPIES, f"{THERAPIES}, valid to: 2026-06-30"))
    half_past_midnight = dt.datetime(2026, 6, 30, 23, 30, tzinfo=dt.UTC)  # in London, where it is summer
    (decision,) = decided(Person(at=half_past_midnight).received(), rules=rules, now=half_past_midnight)
    assert decision.hold_reason is HoldReason.CLOSED_DESTINATION


def test_a_referral_of_a_locality_without_rules_waits_for_a_person_who_is_told_why() -> None:
    (decision,) = decided(Person(locality="southwark").received())
    assert (decision.kind, decision.hold_reason, decision.destination) == (
        DecisionKind.HOLD,
        HoldReason.UNMATCHED,
        "hub",
    )
    assert (decision.locality, decision.urgency) == ("southwark", Urgency.URGENT)
    assert decision.notes == ("southwark has no rules in force: a person decides where to",)


def test_a_danger_there_is_as_urgent_as_anywhere() -> None:
    (decision,) = decided(Person(locality="southwark").received(risk={"suicidal": "plan"}))
    assert (decision.hold_reason, decision.destination, decision.urgency) == (HoldReason.SAFETY, "hub", "4")
    assert "U03" in decision.rows


def test_a_withdrawal_reaches_services_that_left_the_rules_on_the_topics_they_were_told_on() -> None:
    ada, ledger = Person(), a_ledger()
    for cause in (ada.received(risk={"domestic_abuse": "yes"}), ada.amended(risk={"domestic_abuse": "yes"})):
        ledger.take(cause, MONDAY_10AM)
    renamed = ("safeguarding", "mash"), ("talking-therapies", "talking-therapies-step-2")
    ledger.rules = {"lambeth": small_rules_but(*renamed)}
    withdrawn = ledger.take(ada.cancelled(), MONDAY_10AM)
    assert told_as(withdrawn) == {"talking-therapies": WITHDRAWN, "safeguarding": WITHDRAWN}
    assert {output.topic for output in withdrawn.outputs} == {"referrals.routed.primary-care"}


def test_a_service_that_changed_its_setting_hears_on_the_topic_where_it_was_told() -> None:
    ada, ledger = Person(), a_ledger()
    ledger.take(ada.received(), MONDAY_10AM)
    moved = ("name: Talking Therapies, care setting: primary-care", "name: Therapies, care setting: peer-support")
    ledger.rules = {"lambeth": small_rules_but(moved)}
    held = ledger.take(ada.conflicting(), MONDAY_10AM)
    sent = ledger.take(ada.outcome("rerouted", to="focused-support"), MONDAY_10AM)
    assert held.told_settings == (CareSetting.PRIMARY_CARE, CareSetting.FRONT_DOOR)
    topics = {output.destination: output.topic for output in sent.outputs}
    assert topics["talking-therapies"] == "referrals.routed.primary-care"
