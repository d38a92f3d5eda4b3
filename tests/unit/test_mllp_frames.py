"""MLLP's blocks are found in a stream however it is cut up, and whatever stands between them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.transports.mllp.frames import Frames, framed

if TYPE_CHECKING:
    from collections.abc import Iterable

text = st.binary(max_size=40).map(lambda data: b"MSH|" + data.replace(b"\x0b", b" ").replace(b"\x1c", b" "))
garbage = st.binary(max_size=9).map(lambda data: data.replace(b"\x0b", b"?"))


def found(parts: Iterable[bytes]) -> tuple[list[bytes], Frames]:
    frames, blocks = Frames(), []
    for part in parts:
        frames.feed(part)
        while (block := frames.next()) is not None:
            blocks.append(block)
    return blocks, frames


@given(st.lists(st.tuples(garbage, text), max_size=4), st.lists(st.integers(0, 200), max_size=6))
def test_the_same_blocks_are_found_however_the_stream_is_cut(sent: list[tuple[bytes, bytes]], cuts: list[int]):
    stream = b"".join(between + framed(block) for between, block in sent)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    parts = [stream[start:end] for start, end in pairwise(places)]
    blocks, frames = found(parts)
    assert blocks == [block for _, block in sent]
    assert found(stream[place : place + 1] for place in range(len(stream)))[0] == blocks
    assert not frames.open


def test_what_stands_between_blocks_is_counted_and_line_ends_are_not():
    _, frames = found([b"GET / HTTP/1.1\r\n", framed(b"MSH|1"), b"\r\n", framed(b"MSH|2"), b"x"])
    assert frames.skipped == len("GET / HTTP/1.1") + 1


def test_a_message_that_was_cut_and_begins_anew_is_read_from_its_new_beginning():
    for begins in (b"MSH|^~\\&|", b"FHS|^~\\&|", b"BHS|^~\\&#|", b"MSH$^$"):
        assert found([b"\x0bMSH|^~\\&|cut", framed(begins + b"whole")])[0] == [begins + b"whole"]


@pytest.mark.parametrize(
    "line", [b"MSH: wants to end her life", b"MSH/CMHT letter", b"FHS - see below", b"MSH...", b"MSH"]
)
def test_a_line_that_begins_as_a_header_does_and_is_none_cuts_no_message(line: bytes):
    block = b"MSH|^~\\&|a\rNTE|1||one\x0b" + line
    assert found([framed(block)])[0] == [block]


def test_words_line_break_inside_a_text_begins_no_message():
    assert found([framed(b"MSH|a\rNTE|1||one\x0btwo")])[0] == [b"MSH|a\rNTE|1||one\x0btwo"]


@pytest.mark.parametrize("end", [b"\x1c", b"\x1c\r", b"\x1c\n", b"\x1c\r\n"])
def test_a_block_that_ends_without_its_carriage_return_is_a_block(end: bytes):
    blocks, frames = found([b"\x0bMSH|1" + end + b"\x0bMSH|2" + end])
    last = frames.next(last=True)
    assert [*blocks, *([last] if last else [])] == [b"MSH|1", b"MSH|2"]


def test_the_end_mark_inside_a_text_ends_no_block_however_the_stream_is_cut():
    text = b"MSH|a\rNTE|1||Low.\x1cwants to die tonight\rNTE|2||one\x1c\x1c"
    whole = framed(text)
    assert found([whole])[0] == [text]
    assert found(whole[place : place + 1] for place in range(len(whole)))[0] == [text]
    assert found([whole[: whole.index(b"\x1c") + 1]])[0] == []
