"""What a BaRS message answers: items keep their places, all of a coded answer is read, and no unknown becomes a "no"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from services.intake.contract.reading import read
from services.intake.safety.emergency import is_emergency
from services.intake.sources.forms import FORMS
from tests.bars import SOURCES, grown

if TYPE_CHECKING:
    from services.intake.contract.reading import Reading

OURS: Final = "urn:frontdoor:contract"
SNOMED: Final = "http://snomed.info/sct"
THEIRS: Final = "https://gp.example/codes"
ITEMS: Final = "presentation.phq9_items"
TWELVE: Final = (2, 1, 1, 1, 1, 1, 1, 1, 3)


def heard(*resources: dict[str, Any]) -> Reading:
    """What is read of a referral with these resources in it."""
    return read(FORMS["bars"].read(grown(*resources), SOURCES["gp"]).document)


def form(*given: Any, asked: str = ITEMS) -> dict[str, Any]:
    """A questionnaire with one question and these answers to it."""
    item = {"linkId": asked, "answer": list(given)}
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": OURS, "item": [item]}


def finding(path: str, **value: Any) -> dict[str, Any]:
    """An Observation of a field of the contract."""
    code = {"coding": [{"system": OURS, "code": path}]}
    return {"resourceType": "Observation", "status": "final", "code": code, **value}


def scored(*items: int) -> list[dict[str, int]]:
    return [{"valueInteger": item} for item in items]


def parts(*items: int | None) -> dict[str, Any]:
    """A finding with the items of a PHQ-9 as its components; one that is None has no value."""
    coded = finding(ITEMS)
    given = [{"code": coded["code"], **({} if item is None else {"valueInteger": item})} for item in items]
    return coded | {"component": given}


@pytest.mark.parametrize(
    "told",
    [
        [form(*scored(*TWELVE))],
        [parts(*TWELVE)],
        [finding(ITEMS, valueInteger=item) for item in TWELVE],
        [
            form() | {"item": [{"linkId": ITEMS, "answer": [given]} for given in scored(*TWELVE)]},
        ],
    ],
    ids=["one question", "components", "a finding each", "a question each"],
)
def test_every_item_of_a_scale_counts_in_whatever_form_it_comes(told: list[dict[str, Any]]):
    reading = heard(*told)
    assert (reading.get("presentation.phq9"), reading.get("presentation.phq9_item9")) == (12, 3)


BLANKS: Final = (*TWELVE[:4], None, *TWELVE[5:])


@pytest.mark.parametrize(
    "told",
    [
        [form(*scored(*TWELVE[:4]), {}, *scored(*TWELVE[5:]))],
        [form(*scored(*TWELVE[:4]), None, *scored(*TWELVE[5:]))],
        [form(*scored(*TWELVE[:4]), {"valueString": " "}, *scored(*TWELVE[5:]))],
        [parts(*BLANKS)],
        [finding(ITEMS, **({} if item is None else {"valueInteger": item})) for item in BLANKS],
        [
            form()
            | {"item": [{"linkId": ITEMS, **({} if n == 4 else {"answer": scored(TWELVE[n])})} for n in range(9)]},
        ],
    ],
    ids=["empty", "null", "a blank text", "a component", "a finding", "a question"],
)
def test_a_blank_item_keeps_its_place_and_moves_no_other(told: list[dict[str, Any]]):
    reading = heard(*told)
    assert reading.get("presentation.phq9_item9") == 3
    assert reading.get("presentation.phq9") is None
    assert "items-incomplete" in {notice.code for notice in reading.warnings}


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_scales_the_higher_item_counts(turn: int):
    told = [form(*scored(*TWELVE)), form(*scored(0, 0, 0, 0, 0, 0, 0, 0, 0))]
    assert heard(*told[::turn]).get("presentation.phq9_item9") == 3


def test_items_one_by_one_of_more_than_one_scale_are_left_to_a_person():
    assert heard(*(finding(ITEMS, valueInteger=item) for item in (*[0] * 9, *TWELVE))).unread_risk


def coded(*codings: tuple[str, str, str], text: str = "") -> dict[str, Any]:
    """A CodeableConcept of system, code and display each, blanks left out."""
    names = ("system", "code", "display")
    told = [{name: part for name, part in zip(names, one, strict=True) if part} for one in codings]
    return {"coding": told, **({"text": text} if text else {})}


@pytest.mark.parametrize(
    "concept",
    [
        coded((SNOMED, "373066001", "Yes")),
        coded((SNOMED, "373066001", ""), text="Yes"),
        coded((SNOMED, "373066001", ""), (OURS, "yes", "")),
        coded((THEIRS, "N", "No"), (OURS, "yes", "")),
        coded((THEIRS, "Y", "as far as we know")),
        coded((THEIRS, "N", "Yes")),
        coded(text="Yes"),
        coded((THEIRS, "N", "No"), text="yes"),
    ],
    ids=str,
)
def test_life_in_danger_is_an_emergency_whichever_part_of_the_answer_says_it(concept: dict[str, Any]):
    assert is_emergency(heard(finding("risk.life_in_danger", valueCodeableConcept=concept)))
    assert is_emergency(heard(form({"valueCodeableConcept": concept}, asked="risk.life_in_danger")))


@pytest.mark.parametrize(
    ("path", "concept"),
    [
        ("risk.life_in_danger", coded((THEIRS, "N", "Not asked"))),
        ("risk.weapon", coded((THEIRS, "0", "Not known"))),
        ("risk.weapon", coded((THEIRS, "N", ""), text="Not asked")),
        ("risk.weapon", coded((THEIRS, "N", "No"), text="yes")),
        ("risk.suicidal", coded((THEIRS, "none", "Plan"))),
        ("risk.suicidal", coded((OURS, "none", ""), (THEIRS, "P", "plan"))),
        ("presentation.phq9_item9", coded((THEIRS, "0", "Declined to answer"))),
        ("referrer.urgency", coded((THEIRS, "3", "Soon"))),
    ],
    ids=str,
)
def test_a_code_that_reassures_and_whose_words_do_not_is_left_to_a_person(path: str, concept: dict[str, Any]):
    reading = heard(finding(path, valueCodeableConcept=concept))
    assert reading.unread_risk
    assert reading.get(path) not in {"no", "none", 0}


@pytest.mark.parametrize("path", ["contact.may_leave_message", "consent.agrees", "risk.safety_plan"])
def test_a_yes_that_only_its_code_says_is_no_yes_where_the_person_is_at_risk_of_one(path: str):
    assert heard(finding(path, valueCodeableConcept=coded((THEIRS, "Y", "Not asked")))).get(path) is None
    assert heard(finding(path, valueCodeableConcept=coded((THEIRS, "Y", "Yes")))).get(path) == "yes"


@pytest.mark.parametrize(
    ("path", "concept", "value"),
    [
        ("risk.weapon", coded((OURS, "no", "")), "no"),
        ("risk.weapon", coded((THEIRS, "N", "No")), "no"),
        ("risk.suicidal", coded((OURS, "plan", "Has a plan to end her life")), "plan"),
        ("risk.suicidal", coded((SNOMED, "225444004", ""), (OURS, "plan", "")), "plan"),
        ("presentation.phq9_item9", coded(("http://loinc.org", "LA6571-9", "Nearly every day")), 3),
        ("presentation.phq9_item9", coded((THEIRS, "0", "Not at all")), 0),
        ("presentation.phq9_item9", coded((THEIRS, "0", "Several days")), 1),
        ("social.accommodation", coded((THEIRS, "MA00", "Mainstream housing")), "MA00"),
        ("referrer.source_of_referral", coded((THEIRS, "A1", "General practice")), "A1"),
    ],
    ids=str,
)
def test_a_coded_answer_is_what_its_codes_and_words_agree_on(path: str, concept: dict[str, Any], value: Any):
    assert heard(finding(path, valueCodeableConcept=concept)).get(path) == value


@pytest.mark.parametrize(("path", "value"), [("presentation.phq9_item9", 0), ("presentation.phq9", 4)])
def test_above_an_amount_is_no_amount(path: str, value: int):
    reading = heard(finding(path, valueQuantity={"value": value, "comparator": ">", "unit": "score"}))
    assert reading.get(path) is None and reading.unread_risk
    assert (path, "unreadable") in {(notice.path, notice.code) for notice in reading.warnings}


def test_thousands_of_answers_to_one_question_are_joined_once():
    told = [{"valueString": f"answer {number}"} for number in range(20_000)]
    document = FORMS["bars"].read(grown(form(*told, asked="risk.suicidal")), SOURCES["gp"]).document
    assert document["risk"]["suicidal"].count(" or ") == len(told) - 1
