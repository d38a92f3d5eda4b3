"""Texts of HL7 v2 fields: escape sequences (2.7 of the standard), times (DTM), and the charsets of MSH-18."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from functools import cache
from typing import Final

# HL7 table 0211 by Python's names. ISO 8859-1 is read as its superset Windows-1252, which is what is sent under its name.
_CHARSETS: Final = {
    **dict.fromkeys(("", "ascii", "unicode utf-8", "unicode", "utf-8", "utf8", "us-ascii"), "utf-8"),
    **{f"8859/{part}": f"iso8859-{part}" for part in range(2, 16) if part != 12},  # a 12th was never published
    **dict.fromkeys(("8859/1", "iso-8859-1", "8859-1", "windows-1252", "cp1252", "ansi"), "windows-1252"),
}
_OFFSET: Final = r"([+-]\d{4})?"
_MOMENT: Final = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(?:\.\d+)?)?" + _OFFSET)
_LINES: Final = {".br": "\n", ".sp": "\n", ".ce": "\n", ".sk": " "}
_KEPT: Final = {0: "\ufffd", 0x0D: "\n"}  # PostgreSQL keeps no NUL in a text; the original bytes keep it
_HIGHLIGHTED: Final = {"H": "", "N": "", "P": ""}


def decoded(block: bytes, declared: str, known: str | None) -> tuple[str, bool]:
    """A block as text, and whether its bytes are in another charset than it says.

    `known` is what the sender really sends. Bytes that are not in the charset are read as Windows-1252, which is what
    systems here send when they do not say. In a charset of single bytes any bytes are text: where all of them are
    UTF-8 too, which no such text is by chance, they are that.
    """
    name = known or _CHARSETS.get(declared.strip().casefold())
    if known is None and name not in {None, "utf-8"} and not block.isascii():
        with suppress(UnicodeDecodeError):
            return block.decode("utf-8"), True
    try:
        return block.decode(name or "utf-8"), name is None
    except UnicodeDecodeError:
        return block.decode("windows-1252", "replace"), True


@cache
def _sequences(escape: str) -> re.Pattern[str]:
    inner = r"([FSTREPHN]|\.(?:br|sp|fi|nf|in|ti|sk|ce)[ +-]?\d*|X(?:[0-9A-Fa-f]{2})+)"
    return re.compile(re.escape(escape) + inner + re.escape(escape))


def unescaped(text: str, marks: str) -> str:
    """The text with its escape sequences read; what is no sequence stays as it stands.

    `marks` are the field, component, repetition, escape and subcomponent characters of the message.
    """
    if len(marks) < 4 or marks[3] not in text:
        return text
    letters = dict(zip("FSRET", (*marks, "&")[:5], strict=True)) | _HIGHLIGHTED

    def read(found: re.Match[str]) -> str:
        inside = found[1]
        if inside[0] == "X":
            return decoded(bytes.fromhex(inside[1:]), "", None)[0].translate(_KEPT)
        return letters[inside] if inside[0] != "." else _LINES.get(inside[:3], "")

    return _sequences(marks[3]).sub(read, text)


def date_of(text: str) -> str:
    """The ISO date of a DTM; what is none stays as it is, and reading warns of it."""
    found = _MOMENT.fullmatch(text)
    return f"{found[1]}-{found[2]}-{found[3]}" if found and found[3] else text


def moment_of(text: str, offset: str) -> str:
    """The ISO date and time of a DTM; `offset` (of MSH-7) counts where it has none of its own."""
    found = _MOMENT.fullmatch(text)
    if not found or not found[4]:
        return date_of(text)
    hours, minutes, seconds = (found[part] or "00" for part in (4, 5, 6))
    zone = found[7] or offset
    return f"{date_of(text[:8])}T{hours}:{minutes}:{seconds}{zone[:3]}{':' if zone else ''}{zone[3:]}"


def offset_of(text: str) -> str:
    """The offset of a DTM, if it has one."""
    found = _MOMENT.fullmatch(text)
    return (found[7] or "") if found else ""


def stamp(now: dt.datetime) -> str:
    """A DTM of now, to the second, in UTC."""
    return now.astimezone(dt.UTC).strftime("%Y%m%d%H%M%S+0000")
