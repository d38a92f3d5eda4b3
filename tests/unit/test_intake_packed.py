"""Whatever pieces a message comes in, its content is the same, or it is refused; never part of it for the whole."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.problems import Refused
from services.intake.sources.packed import Packed

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 10_000
CONTENT = st.binary(min_size=0, max_size=2000).filter(lambda content: not content.startswith(b"\x1f\x8b"))
CUTS = st.lists(st.integers(0, 2500), max_size=6)


def cut(content: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(places), len(content)]
    return [content[start:end] for start, end in pairwise(ends)]


def unpacked(pieces: Iterable[bytes], *, gzipped: bool, most: int = MOST) -> bytes:
    packed = Packed(most)
    for piece in pieces:
        packed.add(piece, gzipped=gzipped)
    return packed.content()


@given(CONTENT, CUTS)
def test_plain_pieces_are_put_together(content: bytes, places: list[int]):
    assert unpacked(cut(content, places), gzipped=False) == content


@given(CONTENT, CUTS, CUTS)
def test_compressed_as_a_whole_or_piece_by_piece_it_is_the_same(content: bytes, members: list[int], places: list[int]):
    stream = b"".join(map(gzip.compress, cut(content, members)))
    assert unpacked(cut(stream, places), gzipped=True) == content
    assert unpacked(cut(stream, places), gzipped=False) == content, "a file .gz"
    assert unpacked([gzip.compress(stream)], gzipped=True) == content, "a file .gz, compressed on its way"


@given(CONTENT, st.integers(1, 200))
def test_what_ends_before_its_end_is_never_taken_for_the_whole(content: bytes, missing: int):
    stream = gzip.compress(content)
    for gzipped in (True, False):
        with pytest.raises(Refused, match="unreadable"):
            unpacked([stream[: max(2, len(stream) - missing)]], gzipped=gzipped)


@given(CONTENT, CUTS, st.integers(0, 2000), st.binary(min_size=1, max_size=20))
def test_garbled_it_is_refused_or_whole(content: bytes, places: list[int], at: int, noise: bytes):
    stream = bytearray(gzip.compress(content))
    stream[at : at + len(noise)] = noise
    with suppress(Refused):
        assert len(unpacked(cut(bytes(stream), places), gzipped=True)) <= MOST


@pytest.mark.parametrize("gzipped", [True, False])
def test_no_more_members_are_unpacked_than_any_file_has(gzipped: bool):
    empty = gzip.compress(b"")
    assert unpacked([empty * 999 + gzip.compress(b"{}")], gzipped=gzipped, most=100_000) == b"{}"
    with pytest.raises(Refused, match="unreadable"):
        unpacked([empty * 1001], gzipped=gzipped, most=100_000)
    with pytest.raises(Refused, match="unreadable"):
        unpacked([gzip.compress(empty * 1001)], gzipped=True, most=100_000)


@pytest.mark.parametrize("gzipped", [True, False])
def test_a_bomb_is_never_unpacked(gzipped: bool):
    bomb = gzip.compress(b"0" * 50_000_000)
    with pytest.raises(Refused, match="too-large"):
        unpacked([bomb], gzipped=gzipped, most=100_000)


def test_no_more_is_unpacked_than_may_be():
    packed = Packed(100_000)
    with pytest.raises(Refused, match="too-large"):
        packed.add(gzip.compress(b"0" * 50_000_000), gzipped=True)
    assert len(packed.kept()) == 100_001


def test_too_many_bytes_are_refused_and_no_more_kept_than_may_be():
    packed = Packed(MOST)
    packed.add(b"x" * 6000, gzipped=False)
    with pytest.raises(Refused, match="too-large"):
        packed.add(b"x" * 6000, gzipped=False)
    assert len(packed.raw) == MOST + 1
    assert packed.kept() == b"x" * 6000


def test_of_what_cannot_be_unpacked_the_pieces_are_kept():
    packed = Packed(MOST)
    with pytest.raises(Refused, match="unreadable"):
        packed.add(b"\x1f\x8b no gzip", gzipped=True)
    assert packed.kept() == b"\x1f\x8b no gzip"


def test_the_zeros_that_pad_a_stream_are_nothing():
    assert unpacked([gzip.compress(b"{}") + bytes(300)], gzipped=True) == b"{}"


def test_padding_may_be_longer_than_a_piece():
    padded = gzip.compress(b"{") + bytes(200_000) + gzip.compress(b"}") + bytes(200_000)
    assert unpacked([padded], gzipped=True, most=500_000) == b"{}"
    assert unpacked([padded[:99], padded[99:]], gzipped=True, most=500_000) == b"{}"


def test_zlib_without_gzips_head_is_read_too():
    assert unpacked([zlib.compress(b"{}")], gzipped=True) == b"{}"
