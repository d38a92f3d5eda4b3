"""How one value of the contract is read: a word, a code, a number, a date; None for what cannot be read.

Readers are tolerant of how something is written (case, blanks, a number as text) and never guess at what it means.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

from services.intake.contract import code_lists as lists
from shared.codes import UNMAPPED, Urgency

Read = Callable[[Any], Any]


class Kind(NamedTuple):
    """A kind of value: its name, its reader, its JSON schema, and what stands where a value cannot be read.

    `screened` says that its texts go to the screen though more is read of them than that they are prose.
    """

    name: str
    read: Read
    schema: Mapping[str, Any]
    otherwise: str | None = None
    prose: bool = False
    unread: str = "unreadable"  # the code of the warning
    screened: bool = False


def plain(value: Any) -> str | None:
    """A scalar as text without blanks at its ends; None for a list, an object or a truth value."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


# A whole number as programs write one that keep every number with a fraction; 15 digits are kept exactly by all of them.
# `1,000` is none: it may be a thousand.
_WHOLE: Final = re.compile(r"(\d{1,15})(?:\.0*|,0{1,2})?")


def written(value: Any) -> str:
    """A scalar as text, a whole number without a fraction of nothing (`1.0`, `1,0`); nothing for any other value.

    For codes and numbers alone: what is a text may well end in `.0`.
    """
    text = plain(value) or ""
    text = text if text.isascii() else unicodedata.normalize("NFKC", text).strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


_YES_NO: Final = {**dict.fromkeys(("yes", "y", "true", "1"), "yes"), **dict.fromkeys(("no", "n", "false", "0"), "no")}
_URGENCY: Final = {
    **{code.value: code.value for code in Urgency},
    **{code.words: code.value for code in Urgency},
    f"0{Urgency.EMERGENCY.value}": Urgency.EMERGENCY.value,  # no list of MHSDS; a needless call, if it is another's
}


def yes_no(value: Any) -> str | None:
    """`yes` or `no`, also from a JSON truth value, y/n and 1/0."""
    return _YES_NO.get(str(value).casefold() if isinstance(value, bool) else written(value).casefold())


def urgency(value: Any) -> str | None:
    """The MHSDS response priority: 1, 4, 2 or 3, also from its name (`very urgent`).

    `01` is 1; any other code with a zero in front may be of another list, and what may lower is not guessed.
    """
    return _URGENCY.get(re.sub(r"[\s_-]+", " ", written(value)).casefold())


_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d(?::?\d\d){0,2}(?:[.,]\d+)? ?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


def date(value: Any) -> dt.date | None:
    """An ISO 8601 date, or the date of an ISO 8601 time; nothing of what says more than that (`1984-03-17 or 18`)."""
    try:
        return dt.date.fromisoformat(value[:10]) if isinstance(value, str) and _DATE.fullmatch(value) else None
    except ValueError:
        return None


def moment(value: Any) -> dt.datetime | None:
    """An ISO 8601 time in UTC; without an offset it is taken as UTC, a bare date as its first moment."""
    try:
        read = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
        return read and (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def texts(value: Any) -> str | None:
    """A text, or several (an address's lines, a name's parts) as one."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    read = [plain(part) for part in parts]
    return None if None in read else ", ".join(part for part in read if part)


def dependants(value: Any) -> str | None:
    """Whether there are dependants: naming any says yes; their names and ages stay unread, and are screened."""
    return "no" if plain(value) == "none" else yes_no(value) or "yes"


def language(value: Any) -> str | None:
    """The primary language of a BCP 47 tag."""
    primary = (plain(value) or "").casefold().replace("_", "-").split("-")[0]
    return primary if primary in lists.LANGUAGES else None


def ods(value: Any) -> str | None:
    """An ODS code: three letters and digits, or four to eight of which one at least is a digit."""
    code = (plain(value) or "").upper()
    return code if re.fullmatch(r"[A-Z0-9]{3}|(?=.*\d)[A-Z0-9]{4,8}", code) else None


def role(value: Any) -> str | None:
    """A job title of up to 60 letters; longer numbers than a grade's have no place in one."""
    title = plain(value) or ""
    return title if re.fullmatch(r"[^\W\d_](?:[^\W\d_]|\d{1,2}(?!\d)|[ ,/&'().-]){0,59}", title) else None


def snomed(value: Any) -> str | None:
    """A SNOMED CT concept id: 6 to 18 digits, of which those before the last say that it is a concept (00 or 10)."""
    code = written(value)
    return code if re.fullmatch(r"\d{3,15}[01]0\d", code) else None


def adjustment(value: Any) -> str | None:
    """A reasonable adjustment: one of BaRS's own codes, however it is cased, or a SNOMED CT concept."""
    code = (plain(value) or "").casefold()
    return code if code in lists.ADJUSTMENTS else snomed(value)


def clinical_code(value: Any) -> str | None:
    """A SNOMED CT concept id or an ICD-10 code."""
    code = (plain(value) or "").upper()
    return snomed(code) or (code if re.fullmatch(r"[A-TV-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,2})?", code) else None)


_SYSTEMS: Final = {
    **dict.fromkeys(("snomed ct", "snomed", "sct", "http://snomed.info/sct"), "snomed-ct"),
    **dict.fromkeys(("icd-10", "icd10", "http://hl7.org/fhir/sid/icd-10"), "icd-10"),
}


def code_system(value: Any) -> str | None:
    """The name of a clinical code system, also from its URI."""
    return _SYSTEMS.get((plain(value) or "").casefold().replace("-ct", " ct"))


def local_or_code(local: Collection[str]) -> Read:
    """Reads one of the local words, or a code in the MHSDS shape (two digits, or two letters and two digits)."""

    def read(value: Any) -> str | None:
        text = written(value)
        word = text.casefold().replace(" ", "-")
        return word if word in local else text.upper() if re.fullmatch(r"(?i)(?:[A-Z]{2})?\d\d|ZZ", text) else None

    return read


def coded(codes: Mapping[str, str], name: str) -> Kind:
    """A code out of a closed list; 4 is read as 04 where the list has that alone."""

    def read(value: Any) -> str | None:
        code = written(value).upper()
        return code if code in codes else code.zfill(2) if code.isdigit() and code.zfill(2) in codes else None

    schema = {"type": "string", "enum": sorted(codes), "description": f"{name}: {meanings(codes)}"}
    return Kind(name, read, schema, UNMAPPED)


def meanings(codes: Mapping[str, str]) -> str:
    """What each code means, for people."""
    return "; ".join(f"{code} = {words}" for code, words in codes.items())


def words(*allowed: str, prose: bool = False) -> Kind:
    """One of a few words, however it is spaced, hyphened or cased."""
    known = {re.sub(r"[\s_-]+", " ", word): word for word in allowed}

    def read(value: Any) -> str | None:
        return known.get(re.sub(r"[\s_-]+", " ", value).strip().casefold()) if isinstance(value, str) else None

    return Kind("one of a list", read, {"type": "string", "enum": list(allowed)}, UNMAPPED, prose)


def number(least: int, most: int) -> Kind:
    """A whole number in a range, also as text."""

    def read(value: Any) -> int | None:
        digits = written(value)
        whole = int(digits) if re.fullmatch(r"\d{1,15}", digits) else None
        return whole if whole is not None and least <= whole <= most else None

    return Kind("whole number", read, {"type": "integer", "minimum": least, "maximum": most})


def CODE(read: Read, note: str) -> Kind:  # noqa: N802  (stands among the constants in the contract)
    """A code that is known by its shape."""
    return Kind("code", read, {"type": "string", "description": note} if note else {"type": "string"}, UNMAPPED)


TEXT: Final = Kind("text", plain, {"type": "string"})
TEXTS: Final = Kind("text", texts, {"type": ["string", "array", "object"]})
PROSE: Final = Kind("free text", texts, {"type": "string"}, prose=True)
YES_NO: Final = Kind("yes or no", yes_no, {"enum": ["yes", "no", "not recorded"]})
DATE: Final = Kind("date", date, {"type": "string", "format": "date"}, unread="not-a-date")
URGENCY: Final = Kind(
    "response priority",
    urgency,
    {
        "enum": [code.value for code in Urgency],
        "description": "MHSDS CLINICAL RESPONSE PRIORITY TYPE, most urgent first: "
        f"{meanings({code.value: code.words for code in Urgency})}. A code and never a number to sort by: 4 is more "
        "urgent than 2",
    },
)
MOMENT: Final = Kind("date and time", moment, {"type": "string", "format": "date-time"}, unread="not-a-date")
