"""What a reference of a BaRS message leads to, however it is written; and what the resources that it leads to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from services.intake.sources.forms import FORMS
from tests.bars import SOURCES, changed, grown, sample

if TYPE_CHECKING:
    from services.intake.sources.told import Told

ADA: Final[dict[str, Any]] = {"resourceType": "Patient", "name": [{"family": "Example", "given": ["Ada"]}]}
MUM: Final[dict[str, Any]] = {"resourceType": "Patient", "name": [{"family": "Example", "given": ["Grace"]}]}
SCORE: Final[dict[str, Any]] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "urn:frontdoor:contract", "code": "presentation.phq9"}]},
    "valueInteger": 22,
}


def told(entries: dict[str, dict[str, Any]], subject: Any, **request: Any) -> Told:
    """What a new referral about `subject` says with these resources in place of its Patient, by their fullUrls."""
    bundle = orjson.loads(sample("new-referral.json"))
    bundle["entry"] = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] != "Patient"]
    bundle["entry"] += [{"fullUrl": url, "resource": resource} for url, resource in entries.items()]
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "ServiceRequest":
            entry["resource"] |= {"subject": subject, **request}
    return FORMS["bars"].read(orjson.dumps(bundle), SOURCES["gp"])


def given_name(one: Told) -> Any:
    return one.document["person"]["name"]["given"]


def score(one: Told) -> Any:
    return one.document.get("presentation", {}).get("phq9")


@pytest.mark.parametrize(
    "reference", ["5", 5, " 5 ", "urn:uuid:5", "URN:UUID:5", "Patient/5", "https://gp.example/Patient/5"], ids=repr
)
def test_a_reference_leads_to_its_resource_however_it_is_written(reference: Any):
    assert given_name(told({"5": ADA, "6": MUM}, {"reference": reference})) == "Ada"


@pytest.mark.parametrize("reference", ["6", 6, " urn:uuid:6"], ids=repr)
def test_a_score_of_a_mother_is_hers_however_the_reference_is_written(reference: Any):
    one = told({"5": ADA, "6": MUM, "7": SCORE | {"subject": {"reference": reference}}}, {"reference": "5"})
    assert score(one) is None
    assert "about-another" in {notice.code for notice in one.warnings}


@pytest.mark.parametrize("beside", [{}, {"display": "Ada"}, {"type": "Patient"}, {"identifier": {"value": "L-1"}}])
def test_what_has_the_subject_of_the_request_is_the_patients(beside: dict[str, Any]):
    subject = {"reference": "5", **beside}
    assert score(told({"5": ADA, "6": MUM, "7": SCORE | {"subject": subject}}, subject)) == 22


def test_what_has_the_subject_of_a_request_about_somebody_else_is_not_the_patients():
    mother = {"reference": "7"}
    entries = {"5": ADA, "7": MUM | {"resourceType": "RelatedPerson"}, "8": SCORE | {"subject": mother}}
    assert score(told(entries, mother)) is None


def test_a_version_of_a_resource_is_that_one_where_the_message_has_it():
    both = {"https://gp.example/Patient/1": ADA, "https://gp.example/Patient/1/_history/2": MUM}
    assert given_name(told(both, {"reference": "https://gp.example/Patient/1/_history/2"})) == "Grace"
    assert given_name(told(both, {"reference": "https://GP.example/Patient/1/_history/2"})) == "Grace"
    assert given_name(told(both, {"reference": "https://gp.example/Patient/1/_history/3"})) == "Ada"


def test_what_is_contained_is_another_in_each_resource_that_names_it():
    mine = {"reference": "#p"}
    inside = {"resourceType": "RelatedPerson", "id": "p", "name": [{"given": ["Grace"]}]}
    one = told({"#p": ADA, "7": SCORE | {"subject": mine, "contained": [inside]}}, mine)
    assert given_name(one) == "Ada"
    assert score(one) is None


def test_a_patient_whose_type_has_blanks_is_the_patient():
    entries = {"5": ADA | {"resourceType": " Patient "}, "7": SCORE | {"subject": {"reference": "5", "display": "Ada"}}}
    one = told(entries, {"reference": "5"})
    assert (given_name(one), score(one)) == ("Ada", 22)


def test_a_carer_is_rung_at_the_first_number_that_is_told():
    told_numbers = [
        {"system": "phone", "value": ""},
        {"system": "email", "value": "a@example.org"},
        {"system": "phone", "value": "020"},
    ]
    carer = {"relationship": [{"text": "mother"}], "telecom": told_numbers}
    one = told({"5": ADA | {"contact": [carer]}}, {"reference": "5"})
    assert one.document["contact"]["carers"] == [{"relationship": "mother", "phone": "020"}]
    assert "a@example.org" in one.document["unmapped"].values()


def test_who_and_where_are_no_words_wherever_they_are_contained():
    inside = [{"resourceType": "Practitioner", "name": [{"text": "Doctor Suicide"}]}]
    for contained in (inside, inside[0]):
        fields = {"contained": contained}
        body = changed("new-referral.json", MessageHeader=fields, ServiceRequest=fields)
        assert b"Doctor" not in orjson.dumps(FORMS["bars"].read(body, SOURCES["gp"]).document)


def test_an_extension_that_was_taken_back_says_so():
    taken_back = {"url": "https://gp.example/x", "status": "entered-in-error", "valueString": "harms herself"}
    one = told({"5": ADA | {"extension": [taken_back]}}, {"reference": "5"})
    assert "(entered-in-error) harms herself" in one.document["unmapped"].values()


def test_the_words_of_a_problems_categories_are_kept_each_once():
    kinds = [{"text": "Long term"}, {"coding": [{"code": "x"}]}, {"text": "Long term"}, {"text": "Severe"}]
    body = grown({"resourceType": "Condition", "category": kinds, "code": {"text": "Low mood"}})
    assert "Long term\nSevere" in FORMS["bars"].read(body, SOURCES["gp"]).document["unmapped"].values()
