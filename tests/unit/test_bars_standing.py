"""Whom a BaRS message is about, and what still stands of it: nothing is taken for the patient's, or for true, that is not."""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest

from services.intake import person
from services.intake.contract.reading import read
from services.intake.sources.forms import FORMS
from tests.bars import SOURCES, changed, grown

SNOMED: Final = "http://snomed.info/sct"
SOUND: Final = ("9434765919", "9434765870")
NHS: Final = "https://fhir.nhs.uk/Id/nhs-number"


def heard(body: bytes) -> tuple[dict[str, Any], str]:
    """The document of a message, and all that is kept of it besides."""
    document = FORMS["bars"].read(body, SOURCES["gp"]).document
    return document, "\n".join(document.get("unmapped", {}).values())


def patient(**fields: Any) -> tuple[dict[str, Any], str]:
    return heard(changed("new-referral.json", Patient=fields))


def numbers(*values: str, system: str = NHS) -> dict[str, Any]:
    return {"identifier": [{"system": system, "value": value} for value in values]}


def test_of_two_nhs_numbers_that_both_pass_none_links_and_both_are_kept():
    document, _ = patient(**numbers(*SOUND))
    assert document["person"]["nhs_number"] == " or ".join(SOUND)
    assert person.key(read(document), b"secret")[1] != "nhs-number"


def test_of_two_nhs_numbers_the_one_that_passes_its_check_counts_and_the_other_is_kept():
    document, kept = patient(**numbers("9434765911", "943 476 5919"))
    assert document["person"]["nhs_number"] == SOUND[0]
    assert "9434765911" in kept


@pytest.mark.parametrize("system", ["urn:oid:2.16.840.1.113883.2.1.4.1", f"{NHS}/", NHS.upper()])
def test_an_nhs_number_is_known_however_its_system_is_written(system: str):
    assert patient(**numbers(SOUND[0], system=system))[0]["person"]["nhs_number"] == SOUND[0]


def test_an_address_that_is_no_longer_one_is_kept_in_words_and_says_not_where_the_person_lives():
    document, kept = patient(address=[{"use": "old", "line": ["9 Old Road"], "postalCode": "LS1 1AA"}])
    assert not {"postcode", "address"} & document["person"].keys()
    assert "9 Old Road" in kept


def test_the_telephone_of_a_partner_without_a_name_is_never_the_patients():
    partner = {"relationship": [{"coding": [{"code": "partner"}]}], "telecom": [{"system": "phone", "value": "0207 1"}]}
    document, _ = patient(contact=[partner], telecom=None)
    assert document["contact"] == {"carers": [{"relationship": "partner", "phone": "0207 1"}]}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"telecom": [{"system": "phone", "value": "0207 1"}, {"system": "phone", "value": "0207 2"}]}, "0207 2"),
        ({"telecom": [{"value": "0207 1", "extension": [{"valueString": "do not ring: violent partner"}]}]}, "violent"),
        ({"contact": [{"name": {"text": "Sam"}, "telecom": [{"value": "1"}, {"value": "2 at night"}]}]}, "2 at night"),
        ({"contact": [{"name": {"text": "Sam"}, "extension": [{"valueString": "has a knife"}]}]}, "has a knife"),
        ({"name": [{"family": "Example", "given": ["Ada"]}, {"use": "maiden", "family": "Former"}]}, "Former"),
        ({"address": [{"postalCode": "SW9 8AA"}, {"use": "temp", "line": ["the refuge"]}]}, "the refuge"),
        ({"identifier": [{"system": "https://gp.example/id", "value": "L-77"}]}, "L-77"),
        ({"extension": [{"url": "https://gp.example/alert", "valueString": "has a knife"}]}, "has a knife"),
        ({"text": {"div": "<div>wants <b>to die</b></div>"}}, "wants to die"),
        ({"contained": [{"resourceType": "Basic", "code": {"text": "suicidal"}}]}, "suicidal"),
    ],
    ids=str,
)
def test_whatever_is_said_of_a_patient_is_kept(fields: dict[str, Any], words: str):
    assert words in patient(**fields)[1]


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (
            {"resourceType": "MedicationStatement", "status": "stopped", "note": [{"text": "lithium"}]},
            "(stopped) lithium",
        ),
        ({"resourceType": "CarePlan", "status": "revoked", "title": "crisis plan"}, "(revoked) crisis plan"),
        ({"resourceType": "Procedure", "status": "not-done", "code": {"text": "ECT"}}, "(not-done) ECT"),
        ({"resourceType": "Flag", "status": "entered-in-error", "code": {"text": "knife"}}, "knife (entered in error)"),
    ],
    ids=str,
)
def test_what_is_no_longer_so_says_it(resource: dict[str, Any], words: str):
    document, _ = heard(grown(resource))
    assert words in str(document)


def test_a_flag_that_was_entered_in_error_raises_no_concern_and_its_words_are_looked_at():
    code = {"coding": [{"system": SNOMED, "code": "707087005", "display": "At risk of domestic violence"}]}
    document, kept = heard(grown({"resourceType": "Flag", "status": "Entered-In-Error", "code": code}))
    assert "risk" not in document
    assert "domestic violence (entered in error)" in kept


@pytest.mark.parametrize(
    "status", [{"status": "entered-in-error"}, {"status": "current", "docStatus": "entered-in-error"}]
)
def test_a_letter_that_was_entered_in_error_is_not_shown(status: dict[str, Any]):
    paper = {"contentType": "application/pdf", "data": base64.b64encode(b"%PDF-1.4").decode(), "title": "a letter"}
    letter = {"resourceType": "DocumentReference", **status, "content": [{"attachment": paper}]}
    told = FORMS["bars"].read(grown(letter), SOURCES["gp"])
    assert told.attachments == ()
    assert "attachment-taken-back" in {notice.code for notice in told.warnings}


@pytest.mark.parametrize("priority", ["stat", " STAT ", ["stat"], {"coding": [{"code": "stat"}]}, {"text": "stat"}])
def test_an_emergency_is_one_in_whatever_form_it_is_told(priority: Any):
    document, _ = heard(changed("new-referral.json", ServiceRequest={"priority": priority}))
    assert document["referrer"]["urgency"] == "1"


@pytest.mark.parametrize(
    "element", [{"note": "suicidal"}, {"note": ["suicidal"]}, {"reasonCode": ["suicidal"]}, {"category": ["suicidal"]}]
)
def test_a_text_where_an_object_belongs_is_read_as_text(element: dict[str, Any]):
    told = changed("new-referral.json", ServiceRequest=element)
    if "category" in element:
        told = changed(
            "new-referral.json", ServiceRequest={"category": [{"coding": [{"code": "referral"}]}, "suicidal"]}
        )
    assert "suicidal" in "\n".join(read(heard(told)[0]).prose)


def test_an_appointment_says_more_than_when_it_is():
    booked = {"resourceType": "Appointment", "start": "2026-11-24T10:00:00Z", "description": "after an overdose"}
    assert "after an overdose" in heard(grown(booked))[1]


def test_the_day_of_a_score_is_that_of_the_score_that_counts():
    score = {"resourceType": "Observation", "code": {"coding": [{"system": SNOMED, "code": "720433000"}]}}
    scores = [
        score | {"valueInteger": number, "effectiveDateTime": day}
        for number, day in ((9, "2026-10-01T09:00:00Z"), (21, "2026-09-01"), (4, "2026-11-01"))
    ]
    presentation = heard(grown(*scores))[0]["presentation"]
    assert (presentation["phq9"], presentation["phq9_on"]) == (21, "2026-09-01")


def test_two_consents_that_differ_are_no_consent():
    def consent(kind: str) -> dict[str, Any]:
        return {"resourceType": "Consent", "status": "active", "provision": {"type": kind}}

    document, _ = heard(grown(consent("permit"), consent("deny")))
    assert read(document).get("consent.agrees") is None


ADJUSTMENTS: Final = "https://fhir.nhs.uk/CodeSystem/reasonable-adjustment-codes-bars"


def adjusted(code: str) -> tuple[dict[str, Any], Any]:
    """A flag with an adjustment: the document, and what is read of it."""
    category = [{"coding": [{"code": "RA"}]}]
    flag = {"resourceType": "Flag", "status": "active", "category": category}
    document, _ = heard(grown({**flag, "code": {"coding": [{"system": ADJUSTMENTS, "code": code}]}}))
    return document, read(document)


@pytest.mark.parametrize(
    "code", ["wheelchairaccess", "patientChoice", "usesa citizenadvocate", "hands-onsigninginterpreterneeded"]
)
def test_an_adjustment_is_read_by_the_standards_own_code(code: str):
    _, reading = adjusted(code)
    assert reading.get("needs.adjustments") == [code.casefold()]
    assert not [notice for notice in reading.warnings if notice.code == "unmapped"]


def test_an_adjustment_that_the_standard_does_not_have_is_unmapped():
    document, reading = adjusted("wheelchairs")
    assert document["needs"]["adjustments"] == ["bars-reasonable-adjustment|wheelchairs"]
    assert "unmapped" in {notice.code for notice in reading.warnings}


@pytest.mark.parametrize(
    ("code", "contact"),
    [("requirescontactbyletter", {"preferred": "letter"}), ("requirescontactviacarer", {"through_carer": "yes"})],
)
def test_an_adjustment_of_contact_says_how_the_person_is_reached(code: str, contact: dict[str, str]):
    said = adjusted(code)[0]["contact"]
    assert {name: said.get(name) for name in contact} == contact


def test_to_monitor_for_self_harm_is_an_adjustment_and_a_concern_that_a_person_looks_at():
    _, reading = adjusted("monitorforself-harm")
    assert reading.get("needs.adjustments") == ["monitorforself-harm"]
    assert reading.unread_risk
