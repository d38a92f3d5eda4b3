"""Whatever arrives as HL7 v2 is read or refused with a place, and answered in the standard's own form without a value."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import hl7
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.contract.reading import DETAILS, read
from services.intake.contract.values import date, moment
from services.intake.problems import Refused
from services.intake.sources.hl7v2 import answers
from services.intake.sources.hl7v2.message import messages
from services.intake.sources.hl7v2.reader import told
from services.intake.sources.hl7v2.segment import NULL
from services.intake.sources.hl7v2.texts import date_of, moment_of, unescaped
from tests.garbling import demand_storable, garbled
from tests.mllp import PID, Answer, a_message, a_source
from tests.unit.test_hl7_samples import NOW

SAMPLES: Final = [
    message
    for file in sorted((Path(__file__).parents[1] / "samples" / "hl7v2").glob("*.hl7"))
    for message in messages(file.read_bytes())
]
SOURCE: Final = a_source(hl7={"facility": "G85001", "processing": ["P", "T", "D"]})
VARIANTS: Final = 4000


def answered(body: bytes) -> Answer:
    """The answer to any bytes, checked for what every answer has."""
    try:
        said = told(body, SOURCE)
        warnings = [*said.warnings, *said.placed(read(said.document).warnings)]
        assert {notice.code for notice in warnings} <= DETAILS.keys()
        kept = {"referral_id": "00000000-0000-4000-8000-000000000001", "warnings": [one.as_json() for one in warnings]}
        demand_storable(said.document)
        status, content = answers.taken(said.echo, orjson.dumps(kept), NOW)
    except Refused as refused:
        status, content = answers.refused(body, refused, SOURCE, NOW)
    answer = Answer.of(content)
    assert (answer.code, answer.segments[1][0]) == (status, "MSA")
    return answer


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_garbled_messages_are_read_or_refused_and_always_answered(seed: int):
    chance = random.Random(seed)
    for _ in range(VARIANTS // 4):
        answered(garbled(chance.choice(SAMPLES), chance))


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: b"MSH|^~\\&|" + tail))
def test_any_bytes_are_answered(body: bytes):
    answered(body)


@given(st.text(max_size=60))
def test_escapes_of_a_text_are_read_as_they_were_written(text: str):
    marks = "|^~\\&"
    letters = dict(zip(marks, "FSRET", strict=True))
    written = "".join(f"\\{letters[one]}\\" if one in letters else one for one in text)
    assert unescaped(written, marks) == text


@given(st.text(st.characters(exclude_characters="\\"), max_size=30))
def test_a_text_without_escapes_stands_as_it_is(text: str):
    assert unescaped(text, "|^~\\&") == text


@given(st.datetimes())
def test_a_time_is_read_to_its_second(at: object):
    written = at.strftime("%Y%m%d%H%M%S")  # type: ignore[attr-defined]  # hypothesis gives a datetime
    written = written.zfill(14)
    assert date(date_of(written)) is not None
    assert moment(moment_of(written, "+0100")) is not None or written.startswith("0001")


@given(st.text("0123456789+-.TZ ", max_size=20))
def test_a_time_that_is_none_is_never_read_as_another(text: str):
    read_date = date(date_of(text))
    assert read_date is None or read_date.strftime("%Y%m%d") in text.replace("-", "").zfill(8)


def test_a_null_in_a_field_with_parts_takes_all_of_it_away():
    null = PID.replace("1 High St^^London^^SW9 8AA", NULL)
    said = told(a_message(null, event="I13", without="PID OBX"), SOURCE)
    assert (said.document["person"]["address"], said.document["person"]["postcode"]) == (None, None)


def test_no_value_of_a_message_stands_in_its_answer():
    marked = PID.replace("Example", "Quillfeather").replace("Ada", "Zephyrine").replace("19840317", "1984Marlin")
    notes = "NTE|1||thunderclap over Brixton"
    for version in ("2.3", "2.5"):
        for without in ("PID", "PID OBX"):
            body = a_message(*([marked, notes] if without == "PID" else [notes]), without=without, version=version)
            shown = str(answered(body).segments)
            assert not [
                mark for mark in ("Quillfeather", "Zephyrine", "Marlin", "thunderclap", "High St") if mark in shown
            ]


@pytest.mark.parametrize(
    "control", ["{0F8FAD5B-D9CB-469F-A165-70867728950E}", "MSG 1#7=", "A\\T\\B", "A^1", "[7]!", "x" * 199]
)
def test_msa_2_is_msh_10_as_it_was_sent(control: str):
    for body in (a_message(control=control), a_message(control=control, without="PID OBX")):
        assert answered(body).field("MSA", 2) == control


def test_msa_2_has_no_control_characters_and_no_more_than_199_others():
    assert answered(a_message(control="M\t1\x1b\x7f")).field("MSA", 2) == "M1"
    assert answered(a_message(control="x" * 500)).field("MSA", 2) == "x" * 199


@pytest.mark.parametrize("field", ["application", "facility", "name"])
def test_what_is_no_id_is_not_given_back(field: str):
    odd = a_message(**{field: "Mrs Quillfeather, 3 High St"})
    assert "Quillfeather" not in str(answered(odd).segments)


@pytest.mark.parametrize("answer", ["rri", "ack", "commit"])
@pytest.mark.parametrize(("wrong", "not_now"), [("AE", "AR"), ("AR", "AR"), ("AR", "AE")])
def test_a_sender_is_answered_by_the_codes_that_were_agreed(answer: str, wrong: str, not_now: str):
    source = a_source(hl7={"facility": "G85001", "answer": answer, "wrong": wrong, "not_now": not_now})
    enhanced = {"AA": "CA", "AE": "CE", "AR": "CR"} if answer == "commit" else {}
    for refused, code in ((Refused(422, "incomplete", ""), wrong), (Refused(503, "busy", ""), not_now)):
        status, content = answers.refused(a_message(), refused, source, NOW)
        assert (status, Answer.of(content).code) == (enhanced.get(code, code),) * 2
    kept = b'{"referral_id":"00000000-0000-4000-8000-000000000001","warnings":[]}'
    said = Answer.of(answers.taken(told(a_message(), source).echo, kept, NOW)[1])
    assert said.code == enhanced.get("AA", "AA")
    assert said.field("MSH", 9).startswith("RRI" if answer == "rri" else "ACK")


@pytest.mark.parametrize(
    "broken", [b"MSH|^~\n\\&|EMIS|G85001|", b"MSH|^\n~\\&|EMIS|", b"MSH|\n^~\\&|EMIS|", b"MSH|^~\\&"]
)
def test_separators_that_a_line_end_breaks_are_answered_by_where_they_stand(broken: bytes):
    with pytest.raises(Refused) as refused:
        told(broken + b"\rPID|1", SOURCE)
    assert [(fault.path, fault.code) for fault in refused.value.faults] == [("MSH-2", "unreadable")]
    assert answered(broken).code == "AE"


@pytest.mark.parametrize("names", ["^", "^~", "^~\\", "^~\\&"])
def test_an_answer_has_the_senders_field_separator_however_few_others_it_tells(names: str):
    whole = a_message(without="OBX PID").replace(b"|", b"$").replace(b"^~\\&", names.encode())
    for body in (whole, b"MSH$" + names.encode()):
        assert answers.refused(body, Refused(400, "unreadable", ""), SOURCE, NOW)[1].startswith(b"MSH$^~\\&$")


def test_what_stops_the_library_is_answered_all_the_same(monkeypatch: pytest.MonkeyPatch):
    def fails(_: str) -> None:
        raise AssertionError

    monkeypatch.setattr(hl7, "parse", fails)
    status, content = answers.refused(a_message(), Refused(500, "failed", "not taken"), SOURCE, NOW)
    assert (status, Answer.of(content).code) == ("AR", "AR")


def test_a_cancellation_says_who_it_is_about_where_it_says_so():
    said = told(a_message(event="I14", without="OBX"), SOURCE)
    assert said.document.keys() == {"message_id"}
    assert said.person is not None
    assert said.person.keys() == {"person"}
    assert (said.person["person"]["nhs_number"], said.person["person"]["born"]) == ("9990000018", "1984-03-17")
    assert told(a_message(event="I14", without="OBX PID"), SOURCE).person is None
    assert told(a_message(), SOURCE).person is None


def test_a_cancellation_whose_reason_says_more_than_its_code_keeps_all_of_it():
    rf1 = "RF1||||||||||sent-in-error^Sent in error^L^^now wants to die"
    said = told(a_message(rf1, event="I14", without="RF1"), SOURCE)
    assert (said.document["reason"], said.document["note"]) == ("sent-in-error", "now wants to die")


def test_a_document_in_a_hundred_thousand_lines_is_read_and_one_of_a_million_is_refused():
    letter = b"JVBERi0xLjcg" + b"QUJD" * 1_600_000
    lines = b"\r\n".join(letter[start : start + 64] for start in range(0, len(letter), 64))
    said = told(a_message() + b"OBX|2|ED|L^Letter^L||^application^pdf^Base64^" + lines, SOURCE)
    assert [len(one.content) for one in said.attachments] == [len(letter) * 3 // 4]
    with pytest.raises(Refused) as refused:
        told(a_message() + b"a\r" * 1_000_001, SOURCE)
    assert "more lines" in refused.value.detail


def test_a_segment_without_fields_adds_nothing_to_the_header_nor_a_batchs_end_to_a_text():
    body = a_message("NTE|1||Low.\rBTS\rFTS").replace(b"\rRF1|", b"\rEVN\rRF1|")
    assert told(body, SOURCE).document["reason"]["text"].endswith("Low.")


def test_a_sender_that_takes_any_err_for_a_failure_is_sent_no_warnings():
    body = a_message(PID.replace("19840317", "19840231"), without="PID", version="2.5")
    quiet = a_source(hl7={"facility": "G85001", "warnings": False})
    kept = orjson.dumps(
        {
            "referral_id": "00000000-0000-4000-8000-000000000001",
            "warnings": [{"path": "PID-7", "code": "unreadable", "detail": "cannot be read"}],
        }
    )
    for source, errors in ((SOURCE, 1), (quiet, 0)):
        assert len(Answer.of(answers.taken(told(body, source).echo, kept, NOW)[1]).every("ERR")) == errors
