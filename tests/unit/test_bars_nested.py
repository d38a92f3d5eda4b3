"""What stands inside something else in a BaRS message, or in another form than FHIR gives it, is read as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from services.intake.sources.bars.draft import Draft
from services.intake.sources.forms import FORMS
from tests.bars import SOURCES, answers, changed, grown

if TYPE_CHECKING:
    from services.intake.sources.told import Told


def told(*resources: dict[str, Any]) -> Told:
    return FORMS["bars"].read(grown(*resources), SOURCES["gp"])


@pytest.mark.parametrize(
    "part",
    [
        {"scope": {"coding": [{"system": [{"text": "wants to die"}], "code": "x"}]}},
        {"performer": [{"reference": {"display": "wants to die"}}]},
        {"performer": {"reference": {"display": "wants to die"}}},
    ],
    ids=str,
)
def test_words_in_place_of_a_code_or_an_address_are_kept(part: dict[str, Any]):
    one = told({"resourceType": "Basic", **part})
    assert "wants to die" in "\n".join(one.document["unmapped"].values())


def test_what_a_resource_in_the_header_says_of_the_person_is_kept():
    inside = [{"resourceType": "Basic", "code": {"text": "wants to die"}}]
    one = FORMS["bars"].read(changed("new-referral.json", MessageHeader={"contained": inside}), SOURCES["gp"])
    assert "wants to die" in orjson.dumps(one.document["unmapped"]).decode()


def test_a_question_below_an_answer_is_answered():
    form = answers(("needs.interpreter", False))
    form["item"][0]["answer"][0]["item"] = answers(("presentation.duration_months", 3))["item"]
    assert told(form).document["presentation"]["duration_months"] == 3


def test_an_answer_two_groups_deep_is_the_first_of_both():
    draft = Draft()
    draft.say("presentation.physical.red_flag", "yes", "Bundle")
    assert draft.written() == {"presentation": {"physical": {"red_flag": "yes"}}}


def test_a_field_that_a_problem_names_is_found_in_any_letters():
    coding = {"system": "urn:frontdoor:contract#Risk.Self_Harm", "code": "current"}
    assert told({"resourceType": "Condition", "code": {"coding": [coding]}}).document["risk"]["self_harm"] == "current"


def test_a_document_of_which_only_the_address_is_told_is_warned_of():
    extension = [{"url": "https://gp.example/x", "valueAttachment": {"url": "https://gp.example/letter"}}]
    one = told({"resourceType": "Basic", "extension": extension})
    assert "attachment-elsewhere" in {notice.code for notice in one.warnings}
