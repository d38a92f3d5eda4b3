"""Where a message of HL7 v2 begins: at a header, and not at a line of text that looks like the start of one."""

from __future__ import annotations

import pytest

from services.intake.problems import Refused
from services.intake.sources.hl7v2.message import alone, messages
from services.intake.sources.hl7v2.reader import told
from tests.mllp import a_message, a_source

LINES = (
    "MSH: wants to end her life, has stockpiled tablets.",
    "MSH/CMHT letter attached: overdose last week",
    "MSH - see below",
    "MSH...",
    "MSH",
    "MSH:-) :",
)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b"])
def test_a_line_of_a_text_that_begins_with_msh_is_part_of_that_text(line: str, end: str):
    body = a_message(f"OBX|2|FT|REASON^Reason^L||Low mood since May.{end}{line}{end}Please see.||||||F")
    assert messages(body) == [body]
    assert alone(body) == body
    assert f"\nLow mood since May.\n{line}\nPlease see." in told(body, a_source()).document["reason"]["text"]


def test_a_line_of_a_note_that_begins_with_msh_is_part_of_it():
    body = a_message("NTE|1||Low mood.\nMSH/CMHT letter attached: overdose last week")
    assert messages(body) == [body]
    assert "overdose last week" in told(body, a_source()).document["reason"]["text"]


@pytest.mark.parametrize("line", ["MSH||||", "MSH|a team|", "MSH|^^^^|EMIS|G85001"])
def test_what_may_be_a_second_message_and_cannot_be_told_apart_is_refused_whole(line: str):
    body = a_message(f"NTE|1||Low mood.\n{line}")
    assert messages(body) == [body]
    with pytest.raises(Refused) as refused:
        told(body, a_source())
    assert [(fault.path, fault.code) for fault in refused.value.faults] == [("MSH[2]", "unreadable")]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"FTS|1\r"])
def test_messages_of_a_batch_are_found_whatever_stands_between_them_and_whatever_their_separators(end: bytes):
    first, second = a_message(control="1"), a_message(control="2").replace(b"|", b"$").replace(b"^~\\&", b"^~")
    envelope = b"FHS|^~\\&|EMIS\rBHS|^~\\&|EMIS\r"
    assert messages(envelope + first + end + second + end) == [first + end, second + end]
    assert messages(b"\xef\xbb\xbf\r\n" + first + second) == [first, second]


@pytest.mark.parametrize("written", [b"Zoe", b"Zo\xeb", "Zo\xeb".encode()])
def test_a_message_in_the_charset_that_nobody_published_is_answered_and_read(written: bytes):
    said = told(a_message(charset="8859/12") + b"NTE|1||" + written, a_source())
    assert said.document["reason"]["text"].endswith(("Zoe", "Zo\xeb"))
    assert [(one.path, one.code) for one in said.warnings] == [("MSH-18", "charset")]


@pytest.mark.parametrize("authority", ["NHSTRUST", "NHS TRUST", "LEEDS NHS TRUST", "NHSFT"])
def test_a_number_of_a_trust_is_no_nhs_number_though_its_digits_fit(authority: str):
    said = told(a_message().replace(b"9990000018^^^NHS^NH", b"4010232137^^^" + authority.encode()), a_source())
    assert "nhs_number" not in said.document["person"]
    assert said.document["unmapped"]["PID-3"] == f"4010232137 {authority}"


@pytest.mark.parametrize(
    "authority", ["NHS", "nhs", "NHS Number", "NHSNBR", "NHS&2.16.840.1.113883.2.1.4.1&ISO", "NHS-England"]
)
def test_a_number_of_the_nhs_by_its_authority_alone_is_one(authority: str):
    said = told(a_message().replace(b"9990000018^^^NHS^NH", b"9990000018^^^" + authority.encode()), a_source())
    assert said.document["person"]["nhs_number"] == "9990000018"
