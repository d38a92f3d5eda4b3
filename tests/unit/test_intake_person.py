from __future__ import annotations

from typing import Any

import pytest

from services.intake import person
from services.intake.contract.reading import read
from services.intake.safety.screen import read_screen
from tests.intake import DEPLOY, a_body
from tests.intake_coded import coded


@pytest.mark.parametrize(
    "body",
    [
        {"person": {"nhs_number": "9434765918"}, "reason": {"text": "low"}},
        {"person": {"name": "Ada", "born": "spring 1984"}, "reason": {"code": "99"}},
        {
            "person": {"name": {"family": "E"}},
            "contact": {"mobile": 7700900123},
            "reason": {"mental_health_act": "yes"},
        },
        {"person": {"name": "Ada", "postcode": "SW9"}, "presentation": {"main_problem": "mood"}},
    ],
)
def test_an_identifiable_person_and_a_reason_are_enough(body: dict[str, Any]):
    assert person.missing(read(body)) == ()


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, ["person", "reason"]),
        ({"person": {"name": "Ada"}, "reason": {"text": "low"}}, ["person"]),
        ({"person": {"nhs_number": "12345"}, "reason": {"text": "low"}}, ["person"]),
        ({"person": {"name": "Ada", "born": "1984-03-17"}, "reason": {"text": "not recorded"}}, ["reason"]),
    ],
)
def test_less_is_not(body: dict[str, Any], places: list[str]):
    assert [fault.path for fault in person.missing(read(body))] == places


@pytest.mark.parametrize("text", ["Denies SUICIDAL thoughts", "Suicide?", "“suicidality”"])
def test_the_screen_finds_a_phrase_in_any_free_text(text: str):
    for groups in (
        {"reason": {"text": text}},
        {"risk": {"protective": text}},
        {"letter": [{"p": text}]},
        {"risk": text},
    ):
        assert coded(**groups).risk_words is True
    assert coded(person={"address": text}).risk_words is False


def test_a_risk_answer_in_words_that_we_do_not_know_is_looked_at():
    assert coded(risk={"means": "tablets in the house"}).risk_words is True
    assert coded(presentation={"phq9_item9": 7}).risk_words is True
    silent = read(a_body(risk={"means": "Not known"}), ("not known",))
    assert silent.unread_risk is False


def test_the_screens_words_can_be_read_and_find_what_they_name():
    screen = read_screen(DEPLOY / "screen.yaml")
    for text in (
        "cannot see a way, wants to end it all.",
        "She’s been cutting herself",
        "o.d. on paracetamol",
        "Can’t go on",
    ):
        assert screen.finds([text]), text
    assert not screen.finds(["Cut his hours at work; knifepoint of the season", "not sleeping, low since May"])
    assert "not known" in screen.silent
