"""What a BaRS update does not say stands; what it takes back is no longer recorded, and never a "no"."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from services.intake.contract.reading import read
from services.intake.sources.forms import FORMS
from services.intake.taking.content import beside, merged, said
from tests.bars import SOURCES, answers, grown

if TYPE_CHECKING:
    from services.intake.contract.reading import Reading

SNOMED: Final = "http://snomed.info/sct"
SERIOUS: Final = "Says she wants to end her life, has stockpiled tablets"
PDF: Final = {"contentType": "application/pdf", "data": base64.b64encode(b"%PDF-1.4 bloods").decode()}
LETTER: Final = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": PDF}]}


def message(*resources: dict[str, Any], update: bool = False, **request: Any) -> bytes:
    """A message whose ServiceRequest has these elements and no other reason, and without the sample's plan."""
    bundle = orjson.loads(grown(*resources, name="update-active.json" if update else "new-referral.json"))
    bundle["entry"] = [one for one in bundle["entry"] if "activity" not in one["resource"]]
    focus = next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "ServiceRequest")
    for name in ("reasonCode", "note", "basedOn"):
        focus.pop(name, None)
    focus |= request
    return orjson.dumps(bundle)


def stands(*messages: bytes) -> tuple[dict[str, Any], Reading]:
    """What a referral says after these messages of it."""
    document: dict[str, Any] = {}
    for body in messages:
        told = FORMS["bars"].read(body, SOURCES["gp"])
        changes = said(told.document)
        document = read(merged(document, beside(document, changes, told.adds))).document
    return document, read(document)


FIRST: Final = message(reasonCode=[{"text": SERIOUS}])


def condition(text: str, *codings: str, **more: Any) -> dict[str, Any]:
    code = {"text": text, "coding": [{"system": SNOMED, "code": one} for one in codings]}
    return {"resourceType": "Condition", "code": code, **more}


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (message(LETTER, update=True), ""),
        (message(condition("Asthma"), update=True), "Asthma"),
        (message(condition("Depressive disorder", "35489007"), update=True), "Depressive disorder"),
        (message(update=True, note=[{"text": "ring after six"}]), "ring after six"),
        (message({"resourceType": "Encounter", "reasonCode": [{"text": "review"}]}, update=True), "review"),
        (message({"resourceType": "CarePlan", "title": "plan of care"}, update=True), "plan of care"),
        (message(LETTER), ""),
    ],
    ids=["a letter", "a condition", "a coded condition", "a note", "an encounter", "a plan", "a letter, sent as new"],
)
def test_what_says_nothing_of_the_reason_leaves_it_and_is_kept(then: bytes, words: str):
    document, reading = stands(FIRST, then)
    assert document["reason"]["text"].startswith(SERIOUS)
    assert words in "\n".join(reading.prose)


@pytest.mark.parametrize("resource", [LETTER, condition("Asthma")], ids=["a letter", "a condition"])
def test_an_update_is_given_no_reason_that_its_sender_did_not_give(resource: dict[str, Any]):
    assert "reason" not in FORMS["bars"].read(message(resource, update=True), SOURCES["gp"]).document


def test_a_reason_that_an_update_says_stands_in_place_of_the_first():
    assert stands(FIRST, message(update=True, reasonCode=[{"text": "Low mood"}]))[0]["reason"]["text"] == "Low mood"


def test_a_condition_of_an_update_stands_beside_the_reason_and_the_problems_that_were_told():
    psychosis = message(reasonCode=[{"coding": [{"system": SNOMED, "code": "69322001"}], "text": "hears voices"}])
    before, _ = stands(psychosis)
    after, reading = stands(psychosis, message(condition("Low mood", "35489007"), update=True))
    assert after["presentation"]["main_problem"] == before["presentation"]["main_problem"] == "psychosis"
    assert [one["code"] for one in after["presentation"]["problems"]] == ["69322001", "35489007"]
    assert reading.get("reason.code") is None and reading.get("reason.others") == ["04"]


@pytest.mark.parametrize("note", [{}, {"note": [{"text": "ring after six"}]}], ids=["no note", "a note"])
def test_a_reason_that_was_told_as_one_text_stands_too(note: dict[str, Any]):
    told = FORMS["bars"].read(message(condition("Low mood", "35489007"), update=True, **note), SOURCES["gp"])
    whole = merged({"reason": SERIOUS}, beside({"reason": SERIOUS}, told.document, told.adds))
    assert whole["reason"]["text"].startswith(SERIOUS)
    assert whole["reason"]["others"] == ["04"]


def test_the_history_of_an_update_stands_beside_what_was_told_before():
    first = message(condition("overdose last week"), reasonCode=[{"text": "Low mood"}])
    then = message(condition("Asthma"), update=True)
    assert stands(first, then, then)[0]["presentation"]["history"] == "overdose last week\n\nAsthma"


def test_the_letters_that_came_before_are_not_lost_by_one_that_comes_later():
    other = {**LETTER, "content": [{"attachment": PDF | {"data": base64.b64encode(b"%PDF-1.4 more").decode()}}]}
    assert len(stands(message(LETTER), message(other, update=True))[0]["attachments"]) == 2


NONE: Final = (("risk.to_others", "none"), ("presentation.phq9", 3), ("risk.weapon", False))


def finding(path: str, value: int, *, status: str = "final", **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "urn:frontdoor:contract", "code": path}]}
    return {"resourceType": "Observation", "status": status, "code": code, "valueInteger": value, **more}


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
@pytest.mark.parametrize("update", [True, False], ids=["by an update", "sent as new"])
def test_what_an_update_takes_back_is_no_longer_recorded(status: str, *, update: bool):
    first = message(answers(*NONE), reasonCode=[{"text": "Low mood"}])
    _, reading = stands(first, message(answers(*NONE, status=status), update=update))
    assert [reading.get(path) for path, _ in NONE] == [None, None, None]
    assert f"({status}) risk.to_others: none" in "\n".join(reading.prose)


@pytest.mark.parametrize("turn", [1, -1])
def test_of_a_score_that_is_taken_back_and_one_that_stands_the_one_that_stands_counts(turn: int):
    told = [finding("presentation.phq9", 3, status="entered-in-error"), finding("presentation.phq9", 21)]
    first = message(finding("presentation.phq9", 3), reasonCode=[{"text": "Low mood"}])
    assert stands(first, message(*told[::turn], update=True))[1].get("presentation.phq9") == 21


def test_a_score_that_is_taken_back_goes_with_its_day():
    dated = finding("presentation.phq9", 3, effectiveDateTime="2026-11-01")
    first = message(dated, reasonCode=[{"text": "Low mood"}])
    document, _ = stands(first, message({**dated, "status": "entered-in-error"}, update=True))
    assert not {"phq9", "phq9_on"} & document.get("presentation", {}).keys()


def test_words_and_lists_that_are_taken_back_take_nothing_away_that_others_told():
    first = message(answers(("presentation.history", SERIOUS), ("social.needs", "debt")), reasonCode=[{"text": "Low"}])
    back = answers(("presentation.history", "overdose"), ("social.needs", "debt"), status="entered-in-error")
    document, _ = stands(first, message(back, update=True))
    assert document["presentation"]["history"] == SERIOUS
    assert document["social"]["needs"] == ["debt"]


def test_an_item_that_is_taken_back_moves_no_other_and_a_person_looks():
    items = [finding("presentation.phq9_items", 1) for _ in range(8)]
    items[3]["status"] = "entered-in-error"
    reading = stands(message(*items, finding("presentation.phq9_items", 3), reasonCode=[{"text": "Low"}]))[1]
    assert reading.get("presentation.phq9_item9") == 3
    assert reading.unread_risk


@pytest.mark.parametrize("status", ["inactive", "rejected", "entered-in-error"])
def test_a_consent_that_is_taken_back_no_longer_stands(status: str):
    def consent(status: str) -> dict[str, Any]:
        return {"resourceType": "Consent", "status": status, "provision": {"type": "permit"}}

    first = message(consent("active"), reasonCode=[{"text": "Low"}])
    assert stands(first)[1].get("consent.agrees") == "yes"
    assert stands(first, message(consent(status), update=True))[1].get("consent.agrees") is None
