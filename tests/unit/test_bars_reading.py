"""What is read of a BaRS message where it says two things, takes one back, or says it where nobody looks for it."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
import pytest

from services.intake.contract.reading import read
from services.intake.problems import Refused
from services.intake.safety.emergency import is_emergency
from services.intake.sources import bars
from services.intake.sources.bars import outcome
from services.intake.sources.bars.draft import MOST_LISTED
from services.intake.sources.forms import FORMS, Moment
from services.intake.sources.told import MOST_ATTACHMENTS
from tests.bars import SOURCES, TEAM, answers, changed, grown, issue, parsed, sample

if TYPE_CHECKING:
    from services.intake.contract.reading import Reading
    from services.intake.sources.told import Told

MOMENT = Moment(dt.datetime(2026, 11, 25, tzinfo=dt.UTC), UUID(int=7))


def heard(*resources: dict[str, Any]) -> tuple[Told, Reading]:
    """What a referral says with these resources in it, and what is read of it."""
    one = FORMS["bars"].read(grown(*resources), SOURCES["gp"])
    return one, read(one.document)


def test_a_repeat_of_an_emergency_says_phone_now_too():
    one = FORMS["bars"].read(sample("priority-stat.json"), SOURCES["gp"])
    kept = {"referral_id": str(UUID(int=9)), "emergency": True, "phone_now": "phone now", "warnings": []}
    again = FORMS["bars"].taken(one, orjson.dumps(kept), True, MOMENT)
    assert (again.status, issue(again.body)) == ("409", ("duplicate", "REC_CONFLICT"))
    assert "phone now" in [one.details.text for one in parsed(again.body).issue if one.details]


@pytest.mark.parametrize("given", [("no", "yes"), ("yes", "no"), ("perhaps", "yes"), ("no", True)])
def test_of_two_answers_whether_life_is_in_danger_yes_counts(given: tuple[Any, Any]):
    _, reading = heard(answers(*(("risk.life_in_danger", value) for value in given)))
    assert is_emergency(reading)


@pytest.mark.parametrize(("given", "urgency"), [("1", "1"), ("4", "4"), ("2", "2"), ("3", "3"), ("emergency", "1")])
def test_of_a_routine_priority_and_an_answer_of_the_form_the_more_urgent_counts(given: str, urgency: str):
    _, reading = heard(answers(("referrer.urgency", given)))
    assert reading.get("referrer.urgency") == urgency


def test_an_answer_that_nobody_can_read_beside_one_that_says_no_is_left_to_a_person():
    _, reading = heard(answers(("risk.life_in_danger", "no"), ("risk.life_in_danger", "perhaps")))
    assert reading.unread_risk


def test_thousands_of_notes_and_codes_and_signs_are_read_in_time_that_grows_as_they_do():
    notes = [{"text": f"note {number} " * 30} for number in range(16_000)]
    codings = [{"system": "http://snomed.info/sct", "code": str(10**8 + number)} for number in range(16_000)]
    long = grown(
        {"resourceType": "Condition", "code": {"coding": codings}, "note": notes},
        {"resourceType": "Composition", "text": {"div": "<" * 4_000_000}},
    )
    one = bars.told(long, SOURCES["gp"])  # whoever carries it refuses so much text
    assert notes[-1]["text"].strip() in one.document["presentation"]["history"]
    assert len(one.document["presentation"]["problems"]) == MOST_LISTED
    assert "too-many" in {notice.code for notice in one.warnings}


@pytest.mark.parametrize("beside", [b"", b',"y":"\\u00e9"'], ids=["read quickly", "read slowly"])
def test_as_much_may_nest_however_the_body_is_read(beside: bytes):
    body = sample("new-referral.json").rstrip()[:-1] + beside + b',"x":%s%s}'
    assert bars.told(body % (b"[" * 253, b"]" * 253), SOURCES["gp"])
    with pytest.raises(Refused, match="too-deep"):
        bars.told(body % (b"[" * 254, b"]" * 254), SOURCES["gp"])


@pytest.mark.parametrize("deep", [254, 255, 300, 1024, 5000])
def test_a_body_of_any_depth_is_refused_as_too_deep(deep: int):
    body = sample("new-referral.json").rstrip()[:-1] + b',"x":' + b"[" * deep + b"]" * deep + b"}"
    with pytest.raises(Refused) as refused:
        FORMS["bars"].read(body, SOURCES["gp"])
    assert (refused.value.status, refused.value.code) == (400, "too-deep")


WORDS: Final = "suicidal, has a plan"
LETTER: Final = {"contentType": "text/html", "data": base64.b64encode(f"<p>{WORDS}</p>".encode()).decode()}


@pytest.mark.parametrize(
    ("kind", "element"),
    [
        ("ClinicalImpression", {"summary": WORDS}),
        ("RiskAssessment", {"mitigation": WORDS}),
        ("DiagnosticReport", {"conclusion": WORDS}),
        ("DetectedIssue", {"detail": WORDS}),
        ("Condition", {"text": {"div": f"<div>{WORDS}</div>"}}),
        ("Condition", {"clinicalStatus": {"coding": [{"code": "resolved"}]}, "note": [{"text": WORDS}]}),
        ("Observation", {"valueInteger": 3, "interpretation": [{"text": WORDS}]}),
        ("Observation", {"component": [{"valueInteger": 3, "extension": [{"valueString": WORDS}]}]}),
        ("QuestionnaireResponse", {"contained": [{"resourceType": "Basic", "code": {"text": WORDS}}]}),
        ("Encounter", {"extension": [{"url": "https://gp.example/x", "valueString": WORDS}]}),
        ("Condition", {"code": {"text": "see notes", "coding": [{"code": "1", "display": WORDS}]}}),
        ("Observation", {"valueCodeableConcept": {"coding": [{"code": "225444004", "display": WORDS}]}}),
        ("Observation", {"code": {"text": "see notes", "coding": [{"code": "1", "display": WORDS}]}}),
        ("Observation", {"valueInteger": 3, "valueString": WORDS}),
        ("Observation", {"valueCodeableConcept": WORDS}),
        ("QuestionnaireResponse", {"item": [{"answer": [{"valueInteger": 3, "extension": [{"valueString": WORDS}]}]}]}),
        ("QuestionnaireResponse", {"item": [{"answer": [{"extension": [{"valueString": WORDS}]}]}]}),
        ("CarePlan", {"text": {"div": WORDS}}),
        ("Composition", {"text": {"div": "<div>sui<b>cidal</b>, has a plan</div>"}}),
        ("Binary", LETTER),
        ("Binary", {**LETTER, "contentType": "text/plain"}),
        ("DocumentReference", {"content": [{"attachment": LETTER}]}),
        ("Communication", {"payload": [{"contentAttachment": LETTER}]}),
        ("DocumentReference", {"text": {"div": WORDS}}),
        ("Flag", {"text": {"div": WORDS}}),
        ("ServiceRequest", {"text": {"div": WORDS}}),
        ("ServiceRequest", {"extension": [{"url": "https://gp.example/x", "valueString": WORDS}]}),
        ("ServiceRequest", {"contained": [{"resourceType": "Condition", "note": [{"text": WORDS}]}]}),
    ],
    ids=str,
)
def test_what_a_sender_wrote_is_screened_wherever_it_stands(kind: str, element: dict[str, Any]):
    focus = kind == "ServiceRequest"
    body = changed("new-referral.json", ServiceRequest=element) if focus else grown({"resourceType": kind, **element})
    reading = read(FORMS["bars"].read(body, SOURCES["gp"]).document)
    assert WORDS in "\n".join(reading.prose)


def test_a_degree_of_risk_that_is_a_code_without_words_is_kept():
    high = {"qualitativeRisk": {"coding": [{"system": "https://gp.example/degree", "code": "high"}]}}
    one, _ = heard({"resourceType": "RiskAssessment", "status": "final", "prediction": [high]})
    assert "high" in one.document["unmapped"].values()


def test_a_request_that_something_is_not_done_is_refused():
    with pytest.raises(Refused) as refused:
        FORMS["bars"].read(changed("new-referral.json", ServiceRequest={"doNotPerform": True}), SOURCES["gp"])
    assert (refused.value.status, refused.value.code) == (422, "message-rule")


SNOMED: Final = "http://snomed.info/sct"


@pytest.mark.parametrize("categories", [(), ("safety",), ("RA",), ("RA", "SG"), ("SG", "RA")], ids=str)
def test_a_flag_of_self_harm_is_a_concern_whatever_its_category(categories: tuple[str, ...]):
    category = [{"coding": [{"code": one}]} for one in categories]
    code = {"coding": [{"system": SNOMED, "code": "401206008"}]}
    one, reading = heard({"resourceType": "Flag", "status": "active", "category": category, "code": code})
    assert one.document["risk"] == {"self_harm": "yes"}
    assert reading.unread_risk


def test_a_flag_of_safeguarding_in_words_alone_is_a_concern_that_a_person_looks_at():
    category, code = [{"coding": [{"code": "SG"}]}], {"coding": [{"display": "Child protection plan"}]}
    one, reading = heard({"resourceType": "Flag", "status": "active", "category": category, "code": code})
    assert one.document["risk"] == {"from_others": "bars-safeguarding|U"}
    assert reading.unread_risk


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_a_finding_or_an_answer_that_was_taken_back_is_kept_in_words_and_answers_nothing(status: str):
    score = {"code": {"coding": [{"system": "urn:frontdoor:contract", "code": "presentation.phq9"}]}}
    finding = {"resourceType": "Observation", "status": status, **score, "valueInteger": 1}
    one, reading = heard(finding, answers(("risk.life_in_danger", "no"), ("risk.suicidal", "none"), status=status))
    assert not reading.get("risk")
    assert reading.get("presentation.phq9") is None
    kept = "\n".join(one.document["unmapped"].values())
    assert f"({status}) presentation.phq9 1" in kept
    assert f"({status}) risk.suicidal: none" in kept


def test_of_two_encounters_in_a_response_one_counts_only_as_its_focus():
    bundle = orjson.loads(sample("response-accepted.json"))
    bundle["entry"].append(
        {"fullUrl": "urn:uuid:other", "resource": {"resourceType": "Encounter", "status": "finished"}}
    )
    assert outcome.told(orjson.dumps(bundle), TEAM).document["kind"] == "accepted"
    request = next(entry for entry in bundle["entry"] if entry["resource"]["resourceType"] == "ServiceRequest")
    request["resource"]["encounter"] = {"reference": "urn:uuid:other"}
    bundle["entry"][0]["resource"]["focus"] = [{"reference": request["fullUrl"]}]
    with pytest.raises(Refused) as refused:
        outcome.told(orjson.dumps(bundle), TEAM)
    assert (refused.value.status, refused.value.code) == (422, "message-rule")


def test_of_more_documents_than_are_taken_the_first_are_listed_all_the_same():
    letters = [base64.b64encode(b"letter %d" % number).decode() for number in range(MOST_ATTACHMENTS + 5)]
    one, _ = heard(
        *(
            {
                "resourceType": "DocumentReference",
                "description": f"letter {number}",
                "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
            }
            for number, data in enumerate(letters)
        )
    )
    assert len(one.document["attachments"]) == len(one.attachments) == MOST_ATTACHMENTS
    assert "too-many" in {notice.code for notice in one.warnings}
    assert f"letter {MOST_ATTACHMENTS + 4}" in one.document["unmapped"].values()


NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"


def test_an_nhs_number_that_is_no_longer_in_use_is_kept_in_words_and_names_nobody():
    numbers = [
        {"use": "old", "system": NUMBER, "value": "9990000026"},
        {"use": "official", "system": NUMBER, "value": "9990000018"},
    ]
    one = FORMS["bars"].read(changed("new-referral.json", Patient={"identifier": numbers}), SOURCES["gp"])
    assert one.document["person"]["nhs_number"] == "9990000018"
    assert "9990000026" in "".join(one.document["unmapped"].values())


def test_two_entries_of_one_full_url_are_refused():
    bundle = orjson.loads(sample("new-referral.json"))
    bundle["entry"].append({**bundle["entry"][2], "fullUrl": bundle["entry"][2]["fullUrl"].upper()})
    with pytest.raises(Refused) as refused:
        FORMS["bars"].read(orjson.dumps(bundle), SOURCES["gp"])
    assert (refused.value.status, refused.value.code) == (422, "message-rule")


def test_a_message_to_another_organisation_and_to_us_is_ours():
    header = orjson.loads(sample("new-referral.json"))["entry"][0]["resource"]
    other = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RYY99"}
    bundle = orjson.loads(grown({"resourceType": "Organization", "identifier": [other]}))
    there = {"receiver": {"reference": bundle["entry"][-1]["fullUrl"]}}
    bundle["entry"][0]["resource"]["destination"] = [there, *header["destination"]]
    assert FORMS["bars"].read(orjson.dumps(bundle), SOURCES["strict-gp"]).does == "refer"
    bundle["entry"][0]["resource"]["destination"] = [there]
    with pytest.raises(Refused) as refused:
        FORMS["bars"].read(orjson.dumps(bundle), SOURCES["strict-gp"])
    assert refused.value.code == "not-ours"


@pytest.mark.parametrize("higher", [22, 22.0, "22"], ids=repr)
def test_of_two_scores_the_higher_counts_however_it_is_written(higher: Any):
    for given in ((9, higher), (higher, 9)):
        _, reading = heard(answers(*(("presentation.phq9", value) for value in given)))
        assert reading.get("presentation.phq9") == 22
