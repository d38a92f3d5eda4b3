"""The words of a document of text: what the screen and the hub read, whatever the sender's system wrote around them."""

from __future__ import annotations

import pytest

from services.intake.safety.readable import shown, words_of

RTF = rb"{\rtf1\ansi{\fonttbl{\f0 Times New Roman;}}{\*\generator EMIS;}\f0 She {\b can\'92t} go on.\par Wants to\line die \u8211? now{\pict\pngblip %s}}"


@pytest.mark.parametrize(
    ("content", "media", "words"),
    [
        (b"wants to die", "text/plain; charset=utf-8", "wants to die"),
        ("can’t go on".encode("windows-1252"), "text/plain", "can’t go on"),
        ("can’t go on".encode("utf-16"), "TEXT/PLAIN", "can’t go on"),
        (b"a < b, suicidal > c", "text/plain", "a < b, suicidal > c"),
        (b"<html><style>p {color: red}</style><p>over<b>dose</b></p><p>A&amp;E</p>", "text/html", "overdose A&E"),
        (b'<?xml version="1.0"?><text>knife</text><!-- no -->', "application/xml", "knife"),
        (RTF % (b"89504e47" * 200), "application/rtf", "She can’t go on.\nWants to\ndie – now"),
        (b"<img src='data:%s'/>knife" % (b"QUJD" * 2000), "text/html", "knife"),
        (b"%PDF-1.4 suicidal", "application/pdf", ""),
    ],
)
def test_the_words_of_a_document_are_what_a_person_reads_in_it(content: bytes, media: str, words: str):
    assert words_of(content, media) == words


def test_no_bytes_make_words_that_cannot_be_kept():
    told = words_of(rb"{\rtf1 a\u55357?b\u0?c\'00d}", "text/rtf") + words_of(b"a\0b", "text/plain")
    assert told.encode() and "\0" not in told


def test_tags_inside_a_word_do_not_part_it_and_those_between_words_do():
    assert shown("<p>sui<i>cidal</i></p><p>knife</p>").split() == ["suicidal", "knife"]
