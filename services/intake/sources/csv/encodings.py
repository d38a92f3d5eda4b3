"""The encodings that a file may have. Without a word, UTF-8 and Windows-1252 are told apart row by row."""

from __future__ import annotations

from typing import Final

from services.intake.problems import Refused

ENCODINGS: Final = {"utf-8": ("utf-8",), "windows-1252": ("cp1252",), "utf-16": ()}
# How files begin that are sent in place of CSV: zip (APPNOTE 4.3.7), Compound File Binary ([MS-CFB] 2.2), gzip (RFC 1952), PDF.
_OTHERS: Final = {
    b"PK\x03\x04": "a workbook (.xlsx, .ods) or a zip",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a workbook (.xls)",
    b"\x1f\x8b": "a compressed file (.gz)",
    b"%PDF-": "a PDF",
}


def demand_text(start: bytes) -> None:
    """Refuses what is no text at all by its name, from its first eight bytes: people send a workbook for a file of rows."""
    for sign, name in _OTHERS.items():
        if start.startswith(sign):
            raise Refused(
                400, "unreadable", f"this is {name}, no file of rows: save the sheet as CSV (UTF-8) and send that"
            )


def wide(start: bytes) -> str:
    """Which UTF-16 a file is by its first two bytes: its mark, or the zero in a first letter that is ASCII."""
    if start in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    if start[:1] != b"\0" and start[1:] != b"\0":
        raise Refused(
            400, "unreadable", "this is no UTF-16: leave the encoding out, UTF-8 and Windows-1252 are told apart"
        )
    return "utf-16-be" if start[:1] == b"\0" else "utf-16-le"
