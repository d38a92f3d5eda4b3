"""Documents in a BaRS message: whatever resource holds one, it is attached, its words are screened, or it is told why not."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import pytest

from services.intake.contract.reading import read
from services.intake.sources.forms import FORMS
from tests.bars import SOURCES, changed, grown

if TYPE_CHECKING:
    from services.intake.sources.told import Told

WORDS: Final = "She wants to end her life tonight."


def told(*resources: dict[str, Any]) -> Told:
    return FORMS["bars"].read(grown(*resources), SOURCES["gp"])


def paper(content: str = WORDS, media: str = "text/plain") -> dict[str, Any]:
    return {"contentType": media, "data": base64.b64encode(content.encode()).decode()}


def form(attached: dict[str, Any], **more: Any) -> dict[str, Any]:
    item = {"linkId": "letter", "item": [{"linkId": "upload", "answer": [{"valueAttachment": attached}]}]}
    return {"resourceType": "QuestionnaireResponse", "item": [item], **more}


def report(attached: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "DiagnosticReport", "presentedForm": [attached]}


@pytest.mark.parametrize(
    "resource",
    [
        form(paper()),
        report(paper()),
        {"resourceType": "Media", "content": paper()},
        {"resourceType": "Consent", "sourceAttachment": paper()},
        {"resourceType": "Basic", "extension": [{"url": "urn:x", "valueAttachment": paper()}]},
        {"resourceType": "List", "contained": [{"resourceType": "Binary", "id": "b"} | paper()]},
        {"resourceType": "Communication", "payload": [{"contentAttachment": paper()}]},
        {"resourceType": "DocumentReference", "content": [{"attachment": paper()}]},
        {"resourceType": "Binary"} | paper(),
    ],
    ids=lambda resource: resource["resourceType"],
)
def test_a_document_is_attached_and_its_words_are_screened_whatever_holds_it(resource: dict[str, Any]):
    one = told(resource)
    assert [attached.content for attached in one.attachments] == [WORDS.encode()]
    assert len(one.document["attachments"]) == 1
    assert WORDS in "\n".join(read(one.document).prose)


def test_a_document_of_the_patients_own_resource_is_attached_too():
    told = FORMS["bars"].read(
        changed("new-referral.json", Patient={"photo": [paper("\xff", "image/jpeg")]}), SOURCES["gp"]
    )
    assert "attachment-differs" in {notice.code for notice in told.warnings}


@pytest.mark.parametrize(
    ("attached", "warning"),
    [
        (paper(media="video/mp4"), "attachment-type"),
        ({"data": "aGVsbG8="}, "attachment-type"),
        (paper(media="application/pdf"), "attachment-differs"),
        (paper(""), "attachment-size"),
        ({"contentType": "text/plain", "data": "%"}, "unreadable"),
        ({"contentType": "application/pdf", "url": "https://gp.example/scan"}, "attachment-elsewhere"),
    ],
    ids=str,
)
def test_a_document_that_is_not_shown_is_warned_of_whatever_holds_it(attached: dict[str, Any], warning: str):
    for resource in (form(attached), report(attached)):
        one = told(resource)
        assert one.attachments == ()
        assert [notice.code for notice in one.warnings] == [warning]


def test_a_document_of_a_form_that_was_entered_in_error_is_not_shown():
    error = {"resourceType": "Basic", "contained": [form(paper(), id="f", status="entered-in-error")]}
    for resource in (form(paper(), status="entered-in-error"), error):
        one = told(resource)
        assert one.attachments == ()
        assert [notice.code for notice in one.warnings] == ["attachment-taken-back"]


def test_a_document_that_one_resource_refers_to_and_another_holds_is_one():
    scan = {"resourceType": "Binary", "id": "scan"} | paper()
    one = told(scan, report({"contentType": "text/plain", "url": "Binary/scan"}))
    assert len(one.attachments) == 1
    assert one.warnings == ()


def test_a_signature_and_a_curve_are_no_documents():
    curve = {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2 3"}
    signature = {"sigFormat": "application/jose", "data": "aGVsbG8="}
    one = told(
        {"resourceType": "Observation", "code": {"text": "ECG"}, "valueSampledData": curve},
        {"resourceType": "Provenance", "signature": [signature]},
    )
    assert (one.attachments, one.warnings) == ((), ())
