"""What a message of HL7 v2 answers to questions of ours: an unknown is never a no, and an item of a score keeps its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from services.intake.contract.reading import Reading, read
from services.intake.sources.hl7v2.draft import Draft
from services.intake.sources.hl7v2.reader import told
from tests.mllp import a_message, a_source

if TYPE_CHECKING:
    from services.intake.sources.told import Told


def obx(path: str, value: str, kind: str = "CWE", status: str = "F") -> str:
    return f"OBX|2|{kind}|{path}^^FRONTDOOR||{value}||||||{status}"


def saying(*segments: str, event: str = "I12") -> Told:
    return told(a_message(*segments, event=event), a_source())


def heard(*segments: str) -> Reading:
    return read(saying(*segments).document)


def left(document: dict[str, Any]) -> str:
    return " ".join(document.get("unmapped", {}).values())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("risk.life_in_danger", "0^Not known^99GP"),
        ("risk.weapon", "N^Not asked^99GP"),
        ("risk.suicidal", "none^See letter^L"),
        ("risk.to_others", "X^^99GP^none^Not assessed^L"),
        ("risk.safety_plan", "1^Not asked^99GP"),
        ("presentation.phq9_item9", "0^Not asked^99GP"),
        ("referrer.urgency", "3^To be decided^99GP"),
        ("risk.suicidal", "none^Plan^L"),
        ("risk.suicidal", "none^None^L^225444004^Plan^L"),
    ],
)
def test_a_code_whose_own_words_do_not_say_the_same_is_read_by_a_person(path: str, value: str):
    reading = heard(obx(path, value))
    assert reading.get(path) in {None, "unmapped"}
    assert reading.unread_risk
    assert [warning.path for warning in reading.warnings] == [path]
    assert set(value.replace("^", " ").split()) - {"99GP", "L", "X", "225444004"} <= set(
        " ".join(reading.prose).replace(";", " ").split()
    )


@pytest.mark.parametrize(
    ("path", "value", "meant"),
    [
        ("risk.life_in_danger", "no^No^HL70136", "no"),
        ("risk.life_in_danger", "N^Yes^99GP", "yes"),
        ("risk.life_in_danger", "Y^Not known^99GP", "yes"),
        ("risk.life_in_danger", "2^^99GP^373066001^Yes^SCT", "yes"),
        ("risk.suicidal", "none^^FRONTDOOR", "none"),
        ("risk.suicidal", "none^NONE^L", "none"),
        ("risk.suicidal", "plan^Has a plan^L", "plan"),
        ("risk.suicidal", "225444004^Plan^SCT", "plan"),
        ("risk.suicidal", "XaB12^Denies it^99GP^none^^FRONTDOOR", "none"),
        ("presentation.phq9_item9", "2^More than half the days^L", 2),
        ("presentation.phq9_item9", "0^Not at all^L", 0),
        ("presentation.phq9_item9", "LA6571-9^Nearly every day^LN", 3),
        ("presentation.phq9_item9", "0^Nearly every day^L", 3),
        ("presentation.phq9", "14^moderate^L", 14),
        ("referrer.urgency", "3^Emergency^L", "1"),
        ("consent.agrees", "N^Does not agree^L", "no"),
        ("social.accommodation", "MA03^With parents^L", "MA03"),
    ],
)
def test_a_code_and_its_words_are_read_and_the_more_urgent_counts(path: str, value: str, meant: object):
    assert heard(obx(path, value)).get(path) == meant


@pytest.mark.parametrize("value", [">^0", "<=^3", "<>^1", "^0^-^3", "^1^:^2", "^2^+"])
def test_a_number_with_a_comparator_is_no_number(value: str):
    reading = heard(obx("presentation.phq9_item9", value, "SN"))
    assert reading.get("presentation.phq9_item9") is None
    assert [(one.path, one.code) for one in reading.warnings] == [("presentation.phq9_item9", "unreadable")]
    assert (reading.unread_risk, value.replace("^", "") in reading.prose) == (True, True)


@pytest.mark.parametrize("value", ["^2", "=^2", "2"])
def test_a_plain_number_is_one_in_each_of_its_forms(value: str):
    assert heard(obx("presentation.phq9_item9", value, "SN")).get("presentation.phq9_item9") == 2


@pytest.mark.parametrize(
    "segments",
    [
        ["1~1~~1~1~1~1~1~3"],
        ['1~1~""~1~1~1~1~1~3~'],
        ["1", "1", "", "1", "1", "1", "1", "1", "3"],
        ["1~1~~1~1", "1~1~1~3"],
        ["", "1~1~~1~1~1~1~1~3"],
        ["1~0~~1~1~0~1~1~3", "0~1~~1~0~1~1~1~0"],
    ],
)
def test_a_blank_item_of_a_score_keeps_its_place(segments: list[str]):
    reading = heard(*(obx("presentation.phq9_items", value, "NM") for value in segments))
    assert reading.get("presentation.phq9_items") == [1, 1, None, 1, 1, 1, 1, 1, 3]
    assert reading.get("presentation.phq9_item9") == 3


def test_an_item_that_was_not_asked_or_cannot_be_read_keeps_its_place_too():
    path = "presentation.phq9_items"
    values = [obx(path, "1", "NM") for _ in range(8)] + [obx(path, "3", "NM")]
    values[2] = obx(path, "0", "NM", "N")
    assert heard(*values).get(path) == [1, 1, None, 1, 1, 1, 1, 1, 3]
    assert heard(obx(path, "1~1~perhaps~1~1~1~1~1~3", "ST")).unread_risk


def test_where_one_of_items_that_came_one_by_one_is_withdrawn_nobody_knows_which_the_others_are():
    path = "presentation.phq9_items"
    reading = heard(*(obx(path, "1", "NM") for _ in range(8)), obx(path, "1", "NM", "W"))
    assert (reading.get(path), reading.unread_risk) == (None, True)


@pytest.mark.parametrize("status", ["N", "O", "I"])
def test_what_was_not_asked_is_no_answer(status: str):
    reading = heard(
        obx("risk.suicidal", "none", status=status),
        obx("presentation.phq9_item9", "0", "NM", status),
        obx("risk.weapon", "no", status=status),
    )
    assert [reading.get(path) for path in ("risk.suicidal", "presentation.phq9_item9", "risk.weapon")] == [None] * 3
    assert not reading.unread_risk


def test_what_was_not_asked_and_is_answered_with_a_danger_is_read_by_a_person():
    reading = heard(obx("risk.suicidal", "plan", status="N"))
    assert (reading.get("risk.suicidal"), reading.unread_risk) == ("unmapped", True)


@pytest.mark.parametrize("status", ["W", "D", "X"])
@pytest.mark.parametrize("event", ["I12", "I13"])
def test_what_is_withdrawn_is_no_longer_recorded(status: str, event: str):
    gone = [
        obx("risk.to_others", "none", status=status),
        "OBX|3|NM|44261-6^PHQ-9^LN||4||||||" + status + "|||20260101",
        obx("presentation.gad7_items", "0~0~0~0~0~0~0", status=status),
    ]
    document = saying(*gone, event=event).document
    assert document["risk"] == {"to_others": None}
    assert document["presentation"] == {"phq9": None, "phq9_on": None, "gad7_items": None}


def test_a_newer_answer_counts_beside_one_that_is_withdrawn():
    old, new = obx("risk.to_others", "none", status="W"), obx("risk.to_others", "plan")
    for segments in ((old, new), (new, old)):
        assert saying(*segments, event="I13").document["risk"] == {"to_others": "plan"}


def test_words_and_lists_that_are_withdrawn_take_nothing_else_away():
    withdrawn = [obx("reason.wants", "help", "FT", "W"), obx("social.needs", "debt", status="W")]
    document = saying(*withdrawn, event="I13").document
    assert "wants" not in document["reason"]
    assert "social" not in document
    assert {"help", "debt"} <= set(left(document).split())


def test_thousands_of_answers_to_one_question_are_one_that_nobody_can_read_and_none_is_lost():
    answers = [f"a{number}" for number in range(8_000)]
    document = saying(obx("risk.suicidal", "~".join(answers), "ST")).document
    assert document["risk"]["suicidal"] == "; ".join(answers[:20])
    assert set(answers) - set(left(document).replace(";", "").split()) == {"a0"}


def test_an_emergency_among_thousands_of_answers_counts():
    answers = "~".join([*(f"a{number}" for number in range(200)), "yes"])
    assert saying(obx("risk.life_in_danger", answers, "ST")).document["risk"]["life_in_danger"] == "yes"


def test_each_of_many_answers_is_read_once_and_not_with_all_before_it():
    draft = Draft(changes=False)
    seen: list[str] = []
    for number in range(1_000):
        draft.answer("risk.suicidal", f"a{number}", "OBX-5", seen.append)
    draft.settle()
    assert seen == [f"a{number}" for number in range(1_000)]


@pytest.mark.parametrize("status", ["F", "W"])
def test_a_document_is_the_reason_where_beside_it_stands_a_score_alone(status: str):
    letter = "OBX|3|ED|L^Letter^L||^AP^PDF^Base64^JVBERi0xLjQgeA==||||||F"
    segments = (obx("presentation.phq9", "14", "NM", status), letter)
    said = told(a_message(*segments, without="OBX|1"), a_source())
    assert said.document["reason"]["text"] == "The reason is in the attached document."
    assert said.adds == {"attachments", "reason.text"}


def test_a_reason_that_the_sender_wrote_is_no_addition():
    assert saying().adds == saying(event="I13").adds == {"attachments"}


def test_a_document_that_is_withdrawn_is_told_to_be_and_is_no_text_of_the_message():
    said = saying(f"OBX|2|ED|L^Letter^L||^AP^PDF^Base64^{'JVBERi0x' * 200_000}||||||W")
    assert [(one.path, one.code) for one in said.warnings] == [("OBX[2]-5", "attachment-taken-back")]
    assert not said.attachments
    assert "JVBERi0x" not in left(said.document)
    assert "Letter" in left(said.document)
