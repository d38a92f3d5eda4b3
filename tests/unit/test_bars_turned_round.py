"""Words of a BaRS message that another element turns round, or counts: they are never kept without it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from services.intake.sources.forms import FORMS
from tests.bars import SOURCES, changed, grown

CALL: Final = "Telephone the home number and speak to the husband"
PILL: Final = {"medicationCodeableConcept": {"text": "Sertraline 50 mg"}}


def heard(*resources: dict[str, Any]) -> dict[str, Any]:
    return FORMS["bars"].read(grown(*resources), SOURCES["gp"]).document


def kept(document: dict[str, Any]) -> str:
    return "\n".join(document.get("unmapped", {}).values())


def plan(*details: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "CarePlan", "activity": [{"detail": detail} for detail in details]}


def test_an_activity_that_is_not_to_be_done_says_so_each_time_and_one_that_is_does_not():
    details = [{"description": f"{name}: {CALL}", "doNotPerform": True} for name in ("A", "B")]
    history = heard(plan(*details, {"description": "Write", "doNotPerform": False}))["presentation"]["history"]
    assert history.splitlines()[-3:] == [f"NOT to be done: A: {CALL}", f"NOT to be done: B: {CALL}", "Write"]


def test_all_words_of_an_activity_that_is_not_to_be_done_stand_behind_it():
    detail = {"doNotPerform": "true", "code": {"text": "Call"}, "description": "at home"}
    assert "NOT to be done: Call; at home" in heard(plan(detail))["presentation"]["history"]


def test_an_activity_that_was_cancelled_says_so():
    detail = {"status": "cancelled", "description": CALL}
    assert f"(cancelled) {CALL}" in heard(plan(detail))["presentation"]["history"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"resourceType": "MedicationRequest", "doNotPerform": True}, "NOT to be done: Sertraline 50 mg"),
        ({"resourceType": "MedicationRequest", "intent": "proposal"}, "(proposal) Sertraline 50 mg"),
        ({"resourceType": "MedicationRequest", "intent": "order", "status": "active"}, "Sertraline 50 mg"),
        (
            {"resourceType": "MedicationRequest", "status": "draft", "intent": "option"},
            "(draft, option) Sertraline 50 mg",
        ),
        ({"resourceType": "MedicationStatement", "status": "not-taken"}, "(not-taken) Sertraline 50 mg"),
        ({"resourceType": "MedicationStatement", "status": "intended"}, "(intended) Sertraline 50 mg"),
    ],
    ids=str,
)
def test_a_medicine_that_is_not_taken_says_so(told: dict[str, Any], words: str):
    assert heard(told | PILL)["presentation"]["medicines"] == words


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ({"resourceType": "ServiceRequest", "doNotPerform": True, "code": {"text": "ECT"}}, "NOT to be done: ECT"),
        (
            {
                "resourceType": "AllergyIntolerance",
                "clinicalStatus": {"coding": [{"code": "resolved"}]},
                "code": {"text": "Nuts"},
            },
            "(resolved) Nuts",
        ),
        (
            {
                "resourceType": "AllergyIntolerance",
                "verificationStatus": {"coding": [{"code": "refuted"}]},
                "code": {"text": "Nuts"},
            },
            "(refuted) refuted",
        ),
        ({"resourceType": "Consent", "status": "rejected", "scope": {"text": "sharing"}}, "(rejected) sharing"),
        (
            {
                "resourceType": "Consent",
                "provision": {"type": "permit", "provision": [{"type": "deny", "code": [{"text": "husband"}]}]},
            },
            "permitted: denied: husband",
        ),
        (
            {
                "resourceType": "Basic",
                "modifierExtension": [{"url": "https://x.example/negated", "valueBoolean": True}],
            },
            "changed in its meaning by: negated: yes",
        ),
        (
            {
                "resourceType": "List",
                "contained": [{"resourceType": "Procedure", "status": "not-done", "code": {"text": "ECT"}}],
            },
            "(not-done) ECT",
        ),
        ({"resourceType": "Immunization", "isSubpotent": True, "note": [{"text": "flu"}]}, "isSubpotent: yes"),
        (
            {"resourceType": "Basic", "extension": [{"url": "https://x.example/lives-alone", "valueBoolean": False}]},
            "lives-alone: no",
        ),
        ({"resourceType": "Basic", "extension": [{"url": "https://x.example/units", "valueInteger": 40}]}, "units: 40"),
        ({"resourceType": "Device2", "asNeededBoolean": True}, "asNeeded: yes"),
        ({"resourceType": "Basic", "timing": {"repeat": {"frequency": 2}}}, "frequency: 2"),
        ({"resourceType": "Basic", "dose": [{"value": 5, "comparator": "<", "unit": "mg"}]}, "< 5 mg"),
    ],
    ids=str,
)
def test_nothing_that_turns_words_round_or_counts_is_lost(resource: dict[str, Any], words: str):
    assert words in kept(heard(resource)).splitlines()


def test_the_reason_of_a_visit_that_was_cancelled_says_so_and_nobody_was_seen_then():
    visit = {"resourceType": "Encounter", "status": "cancelled", "reasonCode": [{"text": "overdose"}]}
    document = heard(visit | {"period": {"start": "2026-11-01"}})
    assert "(cancelled) overdose" in document["reason"]["text"]
    assert document.get("referrer", {}).get("last_seen") != "2026-11-01"


def test_a_patient_who_is_as_patients_are_adds_no_words():
    def with_(**fields: Any) -> str:
        return kept(FORMS["bars"].read(changed("new-referral.json", Patient=fields), SOURCES["gp"]).document)

    assert with_(gender="female", active=True, deceasedBoolean=False) == with_(gender=None)
    assert "active: no" in with_(active=False)
