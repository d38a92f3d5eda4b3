"""Whom a BaRS message speaks of: what is said of somebody else than the patient answers nothing of the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from services.intake.contract.reading import read
from services.intake.sources.forms import FORMS
from tests.bars import SOURCES, answers, grown, sample

if TYPE_CHECKING:
    from services.intake.sources.told import Told

PATIENT: Final = "0e1eaf66-42c4-5b2c-a379-92bfea6a7689"  # of the sample, with the NHS number below
OURS: Final = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "999 000 0018"}
ANOTHERS: Final = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9434765919"}
SNOMED: Final = "http://snomed.info/sct"
BABY: Final = "urn:uuid:00000000-0000-4000-8000-00000000baba"
MOTHER: Final = "urn:uuid:00000000-0000-4000-8000-00000000cafe"
MUM: Final = {"resourceType": "RelatedPerson", "name": [{"family": "Example", "given": ["Grace"]}]}


def told(*resources: dict[str, Any], beside: dict[str, dict[str, Any]] | None = None) -> Told:
    """What a referral with one Patient says with these resources, and others beside them by their fullUrl, in it."""
    bundle = orjson.loads(grown(*resources))
    bundle["entry"] += [{"fullUrl": url, "resource": one} for url, one in (beside or {}).items()]
    return FORMS["bars"].read(orjson.dumps(bundle), SOURCES["gp"])


def kept(one: Told) -> str:
    return "\n".join(one.document.get("unmapped", {}).values())


def warned(one: Told) -> set[str]:
    return {notice.code for notice in one.warnings}


def finding(code: str = "risk.life_in_danger", **given: Any) -> dict[str, Any]:
    coding = {"system": "urn:frontdoor:contract", "code": code}
    return {"resourceType": "Observation", "code": {"coding": [coding]}, "valueBoolean": False, **given}


@pytest.mark.parametrize(
    "whose",
    [
        {"subject": {"reference": MOTHER}},
        {"subject": {"reference": "#mum"}, "contained": [MUM | {"id": "mum"}]},
        {"subject": {"reference": "#gran"}, "contained": [{"resourceType": "Patient", "id": "gran"}]},
        {"subject": {"reference": f"urn:uuid:{PATIENT}"}, "focus": [{"reference": MOTHER}]},
        {"focus": [{"reference": "urn:uuid:00000000-0000-4000-8000-000000001057"}]},
        {"focus": {"display": "Mother"}},
        {"subject": {"identifier": ANOTHERS}},
        {"subject": {"reference": f"urn:uuid:{PATIENT}", "identifier": ANOTHERS}},
        {"subject": {"identifier": {"system": "https://gp.example/id", "value": "L-77"}}},
        {"subject": {"reference": "https://pds.example/Patient/9434765919"}},
        {"subject": {"reference": "Patient/9434765919"}},
        {"subject": {"reference": "RelatedPerson/1"}},
        {"subject": {"type": "RelatedPerson"}},
        {"subject": {"display": "Grace Example"}},
        {"patient": {"identifier": ANOTHERS}},
    ],
    ids=str,
)
def test_what_is_said_of_somebody_else_is_kept_in_words_alone(whose: dict[str, Any]):
    one = told(finding(**whose), beside={MOTHER: MUM})
    assert "risk" not in one.document
    assert "about somebody else than the patient" in kept(one)
    assert "about-another" in warned(one)


@pytest.mark.parametrize(
    "whose",
    [
        {},
        {"subject": {}},
        {"subject": {"reference": PATIENT}},
        {"subject": {"reference": f" urn:uuid:{PATIENT.upper()}"}},
        {"subject": {"reference": f"Patient/{PATIENT}"}},
        {"subject": {"reference": f"Patient/{PATIENT}/_history/2"}},
        {"subject": {"reference": f"https://gp.example/fhir/Patient/{PATIENT}"}},
        {"subject": {"reference": "https://pds.example/Patient/9990000018"}},
        {"subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000001057"}},
        {"subject": {"identifier": OURS}},
        {"subject": {"identifier": OURS, "reference": "https://pds.example/Patient/1"}},
        {"subject": {"reference": PATIENT, "identifier": {"system": "https://gp.example/id", "value": "L-77"}}},
        {"subject": {"reference": "#me"}, "contained": [{"resourceType": "Patient", "id": "me", "identifier": [OURS]}]},
        {"subject": {"type": "Patient", "display": "EXAMPLE, Ada (Ms)"}},
        {"subject": {"display": "the patient"}},
        {"focus": [{"reference": PATIENT}]},
    ],
    ids=str,
)
def test_what_is_said_of_the_patient_by_whatever_name_is_the_patients(whose: dict[str, Any]):
    one = told(finding(**whose))
    assert one.document["risk"] == {"life_in_danger": False}
    assert "about-another" not in warned(one)


def test_a_form_about_a_mother_answers_nothing_of_her_child_and_is_kept_with_its_questions():
    form = answers(("risk.suicidal", "none"), ("presentation.phq9", 3)) | {"subject": {"reference": MOTHER}}
    one = told(form, beside={MOTHER: MUM})
    assert read(one.document).get("risk.suicidal") is None
    assert "phq9" not in one.document["presentation"]
    assert "risk.suicidal\nnone" in kept(one)


def flag(code: str, system: str, kind: str) -> dict[str, Any]:
    category = [{"coding": [{"code": kind}]}]
    concept = {"coding": [{"system": system, "code": code}]}
    return {"resourceType": "Flag", "status": "active", "category": category, "code": concept}


def test_a_concern_for_somebody_else_is_not_the_patients_and_a_person_looks_at_it():
    concern = flag("707087005", SNOMED, "SG")
    assert told(concern).document["risk"] == {"domestic_abuse": "yes"}
    one = told(concern | {"subject": {"reference": MOTHER}}, beside={MOTHER: MUM})
    assert one.document["risk"] == {"from_others": "bars-safeguarding|U"}
    assert read(one.document).unread_risk
    assert "about-another" in warned(one)
    over = told(concern | {"subject": {"reference": MOTHER}, "status": "inactive"}, beside={MOTHER: MUM})
    assert "risk" not in over.document


def test_an_adjustment_that_somebody_else_needs_is_none_of_the_patients():
    adjustment = flag(
        "requirescontactviacarer", "https://fhir.nhs.uk/CodeSystem/reasonable-adjustment-codes-bars", "RA"
    )
    assert told(adjustment).document["contact"]["through_carer"] == "yes"
    one = told(adjustment | {"subject": {"reference": MOTHER}}, beside={MOTHER: MUM})
    assert "through_carer" not in one.document["contact"]
    assert "adjustments" not in one.document.get("needs", {})
    assert "requirescontactviacarer" in kept(one)


def test_words_of_risk_that_are_said_of_somebody_else_are_looked_at():
    note = [{"text": "wants to end her life"}]
    one = told(finding(subject={"display": "Grace"}, note=note))
    assert "about somebody else than the patient (Grace): risk.life_in_danger\nwants to end her life no" in kept(one)
    assert "wants to end her life" in "\n".join(read(one.document).prose)


def test_a_referral_in_which_all_is_said_of_another_address_is_not_turned_away():
    elsewhere = {"subject": {"reference": "Patient/77"}}
    bundle = orjson.loads(grown({"resourceType": "Condition", "code": {"text": "Low mood"}} | elsewhere))
    bundle["entry"] = [one for one in bundle["entry"] if one["resource"]["resourceType"] != "CarePlan"]
    request = next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "ServiceRequest")
    for part in ("reasonCode", "note"):
        request.pop(part, None)
    one = FORMS["bars"].read(orjson.dumps(bundle), SOURCES["gp"])
    assert "Low mood" in kept(one)
    assert "somebody else" in one.document["reason"]["text"]
    request["subject"] = elsewhere["subject"]
    assert FORMS["bars"].read(orjson.dumps(bundle), SOURCES["gp"]).document["presentation"]["history"] == "Low mood"


def test_a_score_of_another_person_is_kept_in_words_alone():
    score = {
        "resourceType": "Observation",
        "subject": {"reference": BABY},
        "code": {"coding": [{"system": SNOMED, "code": "720433000", "display": "PHQ-9"}]},
        "valueInteger": 27,
    }
    bundle = orjson.loads(grown(score, answers(("risk.suicidal", "plan")) | {"subject": {"reference": BABY}}))
    bundle["entry"].append({"fullUrl": BABY, "resource": {"resourceType": "Patient", "name": [{"family": "Baby"}]}})
    one = FORMS["bars"].read(orjson.dumps(bundle), SOURCES["gp"])
    assert "phq9" not in one.document.get("presentation", {}) and "risk" not in one.document
    assert "about somebody else than the patient: PHQ-9 27" in kept(one)


def test_a_patient_who_stands_twice_in_a_message_is_one_person():
    bundle = orjson.loads(sample("new-referral.json"))
    whole = next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Patient")
    answered = answers(("risk.suicidal", "plan")) | {"subject": {"reference": BABY}}
    bundle["entry"] += [{"fullUrl": BABY, "resource": whole}, {"fullUrl": "urn:uuid:a", "resource": answered}]
    assert FORMS["bars"].read(orjson.dumps(bundle), SOURCES["gp"]).document["risk"] == {"suicidal": "plan"}
