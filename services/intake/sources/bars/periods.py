"""What was over before the message was written counts as old: where somebody lived, was reached, was called, was known by.

FHIR R4: an Address, a ContactPoint, a HumanName and an Identifier say until when they are in use by their `period`, whatever
their `use`; so do a RelatedPerson and a Patient's contact.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from services.intake.sources.bars.bundle import inner, objects, text

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry

_PEOPLE: Final = frozenset(("Patient", "RelatedPerson", "Practitioner"))
_IN_USE: Final = ("name", "address", "telecom", "identifier")
_DATE: Final = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def end_what_is_over(entries: list[Entry], *written: str) -> None:
    """Marks as old (`use`), or as active no more, what ended before the day of the first of these times that is one.

    The end of a period belongs to it (FHIR R4), for the whole day, month or year that it names. Without such a time nothing ends.
    """
    if (day := next(filter(None, map(_DAY.match, written)), None)) is None:
        return
    for one in entries:
        if one.type in _PEOPLE:
            _end(one.resource, day[0])


def _end(somebody: dict[str, Any], day: str) -> None:
    for part in _IN_USE:
        if part in somebody:
            for item in objects(somebody[part]):
                if "period" in item and _is_over(item, day):
                    item["use"] = "old"
    if "contact" in somebody:
        for contact in objects(somebody["contact"]):
            _end(contact, day)
    if "period" in somebody and _is_over(somebody, day):
        somebody["active"] = False


def _is_over(value: dict[str, Any], day: str) -> bool:
    end = _DATE.match(text(inner(value, "period", "end")))
    return end is not None and end[0] < day[: len(end[0])]
