"""What `make fuzz` once found stays read for ever."""

from __future__ import annotations

import importlib

import pytest

from tests.fuzz.__main__ import SAMPLES, standards

ODD = (b"", b"\x00", b"\xff\xfe", b"{}", b"a,b\n1,2\n", "é|ñ\r".encode("cp1252"))


@pytest.mark.parametrize("standard", standards())
def test_a_target_takes_any_bytes_and_what_was_found(standard: str):
    one = importlib.import_module(f"tests.fuzz.{standard}").one
    found = [file.read_bytes() for file in sorted((SAMPLES / standard / "found").glob("*"))]
    for data in (*ODD, *found):
        one(data)
