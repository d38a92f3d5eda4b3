"""All that a sender wrote, in its order: what no field takes is kept as text, whatever element of FHIR it stands in.

What is no text is left out by its name (codes that are displayed, addresses, ids, dates), so that nothing is by oversight.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from services.intake.readable import shown
from services.intake.sources.bars.bundle import text

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry
    from services.intake.sources.bars.draft import Draft

# Who and where, not what: read by reference (`people`), or of no use to those who help.
ELSEWHERE: Final = frozenset(
    ("MessageHeader", "Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService")
) | {"EpisodeOfCare", "Endpoint", "Device"}
_ABOUT: Final = frozenset(("meta", "identifier", "subject", "patient", "data", "profile", "clinicalStatus"))
_NO_TEXT: Final = frozenset(
    ("resourceType", "id", "system", "version", "code", "url", "uri", "reference", "type", "use", "status", "intent")
) | {"language", "linkId", "contentType", "hash", "unit", "priority", "questionnaire", "valueBase64Binary"}
_MEASURES: Final = frozenset(
    ("start", "end", "value", "unit", "system", "code", "comparator")
)  # of a Period, a Quantity
_ADDRESSES: Final = ("Uri", "Url", "Canonical", "Oid", "Uuid", "Id")
_DATES: Final = re.compile(r"(?i).*(?:date|time|instant|authoredOn|period)|start|end|issued|sent|received")


def keep_rest(one: Entry, draft: Draft, *read: str) -> None:
    """Keeps what a resource says besides the elements that were read."""
    draft.keep(one.place, said({name: item for name, item in one.resource.items() if name not in read}))


def said(value: Any) -> str:
    """All that a value says to a reader, in its order."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, dict | list):
        return text(value)
    if isinstance(value, dict) and ("start" in value or "unit" in value) and _MEASURES.issuperset(value):
        return " ".join(text(value.get(part)) for part in ("start", "end", "value", "unit") if text(value.get(part)))
    found: list[str] = []
    _gather(value, "", found)
    return "\n".join(filter(None, dict.fromkeys(found)))


def _gather(value: Any, name: str, found: list[str]) -> None:
    if type(value) is str:
        if not _is_no_text(name):
            found.append(shown(value).strip() if name == "div" else value.strip())
    elif name in _ABOUT:
        return
    elif type(value) is list:
        for item in value:
            _gather(item, name, found)
    elif type(value) is dict and text(value.get("resourceType")) not in ELSEWHERE:
        _gather_parts(value, name, found)


def _gather_parts(value: dict[str, Any], name: str, found: list[str]) -> None:
    """What the parts say; a code that stands without words, and an amount with its unit, say something themselves."""
    if name == "coding" and not text(value.get("display")):
        found.append(text(value.get("code")))
    if "unit" in value and _MEASURES.issuperset(value):
        found.append(said(value))
    for part, item in value.items():
        _gather(item, part, found)


@lru_cache(1024)
def _is_no_text(name: str) -> bool:
    address = name.startswith("value") and name.endswith(_ADDRESSES)
    return address or name in _ABOUT or name in _NO_TEXT or bool(_DATES.fullmatch(name))
