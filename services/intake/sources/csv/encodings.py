"""The encodings that a file may have. Without a word, UTF-8 and Windows-1252 are told apart row by row."""

from __future__ import annotations

from typing import Final

from services.intake.problems import Refused

ENCODINGS: Final = {"utf-8": ("utf-8",), "windows-1252": ("cp1252",), "utf-16": ()}


def wide(start: bytes) -> str:
    """Which UTF-16 a file is by its first two bytes: its mark, or the zero in a first letter that is ASCII."""
    if start in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    if start[:1] != b"\0" and start[1:] != b"\0":
        raise Refused(
            400, "unreadable", "this is no UTF-16: leave the encoding out, UTF-8 and Windows-1252 are told apart"
        )
    return "utf-16-be" if start[:1] == b"\0" else "utf-16-le"
