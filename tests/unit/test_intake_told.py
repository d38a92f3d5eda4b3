"""What a standard's reader gives: places in the message, attachments that are what they say, codes that no table knows."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.contract.fields import CONTRACT
from services.intake.contract.reading import Notice, read
from services.intake.contract.values import Kind
from services.intake.sources.maps import Table, tables
from services.intake.sources.told import MOST_ATTACHED, Told, attached, listed, unmapped


def told(document: dict[str, Any], **trail: str) -> Told:
    return Told("hl7v2", "refer", document, trail={name.replace("__", "."): place for name, place in trail.items()})


def test_a_warning_names_the_place_in_the_message():
    one = told({}, person__ethnic_category="PID-22", reason__others="DG1-3")
    assert one.placed([Notice("person.ethnic_category", "unmapped")]) == [Notice("PID-22", "unmapped")]
    assert one.place("reason.others[2]") == "DG1-3"
    assert one.place("risk.suicidal") == "risk.suicidal"


def test_a_code_that_no_table_knows_is_unmapped_and_never_something_near_it():
    table = Table("ethnic-category", "", "person.ethnic_category", {"a": "A"})
    assert table.read(" a ") == "A"
    document = {"person": {"ethnic_category": table.read("04")}}
    reading = read(document)
    assert reading.get("person.ethnic_category") == "unmapped"
    one = told(document, person__ethnic_category="PID-22")
    assert unmapped(one, reading) == [{"path": "PID-22", "code": "ethnic-category|04"}]


@pytest.mark.parametrize(
    "value",
    [
        "Mrs Smith",
        "table|9434765919",
        "table|Smith Jones",
        "Smith",
        "table|hears voices",
        "table|Khan",
        "table|07700900123",
        "table|SW98JX",
        "table|1986-05-04",
        "table|19860100",
    ],
)
def test_what_might_be_a_word_or_a_number_of_a_person_is_not_shown_as_a_code(value: str):
    document = {"person": {"ethnic_category": value}}
    assert unmapped(told(document), read(document)) == [{"path": "person.ethnic_category", "code": ""}]


def test_an_attachment_is_known_by_its_content():
    one, warnings = attached(b"%PDF-1.7 and so on", "application/pdf; name=letter.pdf", "OBX-5")
    assert one is not None and not warnings
    assert listed([one]) == [{"id": one.sha256, "type": "application/pdf", "sha256": one.sha256, "size": 18}]


@pytest.mark.parametrize(
    ("content", "media", "code"),
    [
        (b"MZ\x90\x00", "application/x-msdownload", "attachment-type"),
        (b"<script>", "application/pdf", "attachment-differs"),
        (b"", "application/pdf", "attachment-size"),
        (b"%PDF-" + b"0" * MOST_ATTACHED, "application/pdf", "attachment-size"),
    ],
)
def test_an_attachment_that_is_not_what_it_says_stays_with_the_receipt_alone(content: bytes, media: str, code: str):
    assert attached(content, media, "OBX[2]-5") == (None, (Notice("OBX[2]-5", code),))


def test_every_table_gives_values_that_the_contract_reads():
    for table in tables():
        kind: object = CONTRACT
        for name in table.path.split("."):
            kind = getattr(kind, "of", kind)
            kind = kind[name] if isinstance(kind, dict) else kind
        kind = getattr(kind, "of", kind)
        assert table.source, table.name
        assert isinstance(kind, Kind | dict), table.name
        known = kind.__contains__ if isinstance(kind, dict) else kind.read
        assert not [ours for ours in table.ours.values() if not known(ours)], table.name
