"""All that a sender wrote, in its order: what no field takes is kept as text, whatever element of FHIR it stands in.

What is no text is left out by its name (codes that are displayed, addresses, ids, dates), so that nothing is by oversight.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from services.intake.safety.readable import shown
from services.intake.sources.bars.bundle import objects, text
from services.intake.sources.bars.standing import TURNS, turned_round

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from services.intake.sources.bars.bundle import Entry
    from services.intake.sources.bars.draft import Draft

# Who and where, not what: read by reference (`people`), or of no use to those who help.
ELSEWHERE: Final = frozenset(
    ("MessageHeader", "Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService")
) | {"EpisodeOfCare", "Endpoint", "Device"}
_ABOUT: Final = frozenset(("meta", "identifier", "subject", "patient", "data", "profile", "clinicalStatus"))
_NO_TEXT: Final = frozenset(
    ("resourceType", "id", "system", "version", "code", "url", "uri", "reference", "type", "use", "status", "intent")
) | {
    "language",
    "linkId",
    "contentType",
    "hash",
    "unit",
    "priority",
    "questionnaire",
    "valueBase64Binary",
    "doNotPerform",
}
_IN_ORDER: Final = ("start", "end", "comparator", "value", "unit")  # of a Period, of a Quantity
_MEASURES: Final = frozenset((*_IN_ORDER, "system", "code"))
_CODING: Final = frozenset(("system", "version", "code", "display"))
_TEXTS: Final = frozenset((str,))
_UNSAID: Final = frozenset(("size", "userSelected", "sequence", "doNotPerform"))  # numbers and truth values of no use
_TYPED: Final = re.compile(r"(?:Boolean|Integer|Decimal|PositiveInt|UnsignedInt)$")
_ADDRESSES: Final = ("Uri", "Url", "Canonical", "Oid", "Uuid", "Id")
_DATES: Final = re.compile(r"(?i).*(?:date|time|instant|authoredOn|period)|start|end|issued|sent|received")
TEXT: Final = frozenset(("text",))
_MOST_NAMES: Final = 1024


class _Names(dict[str, bool]):
    """Whether the text of an element is text to a reader, by its name; the first names that were met are remembered."""

    def __missing__(self, name: str) -> bool:
        address = name.startswith("value") and name.endswith(_ADDRESSES)
        is_text = not (address or name in _NO_TEXT or name in _ABOUT or _DATES.fullmatch(name))
        if len(self) < _MOST_NAMES:
            self[name] = is_text
        return is_text


_IS_TEXT: Final = _Names()


def keep_rest(one: Entry, draft: Draft, read: Collection[str]) -> None:
    """Keeps what a resource says besides the elements that were read."""
    draft.keep(one.place, said(one.resource, read))


def notes(one: Entry, draft: Draft, path: str) -> None:
    """Tells a field of the contract a resource's notes; what they say besides their text is kept."""
    if "note" in one.resource:
        place = one.at("note")
        for note in objects(one.resource["note"]):
            draft.tell(path, text(note.get("text")), place)
            draft.keep(place, said(note, TEXT))


def said(value: Any, read: Collection[str] = ()) -> str:
    """All that a value says to a reader, in its order, besides those of its parts that were read."""
    found: list[str] = []
    if (kind := type(value)) is dict:
        if ("start" in value or "unit" in value) and _MEASURES.issuperset(value):
            return _measured(value)
        _gather(value, "", found, read)
    elif kind is list:
        _gather_each(value, "", found)
    else:
        return text(value) if kind is not bool else "yes" if value else "no"
    return "\n".join(filter(None, dict.fromkeys(found))) if found else ""


def _gather(value: dict[str, Any], name: str, found: list[str], read: Collection[str] = ()) -> None:
    """What an object says; what turns its statement round stands before its words, which say the contrary alone.

    A code that stands without words, and an amount with its unit, say something themselves.
    """
    before = len(found)
    skipped = _short(value, name, found, read) if name == "coding" or "unit" in value else read
    for part, item in value.items():
        kind = type(item)
        if kind is str:
            if _IS_TEXT[part] and part not in skipped:
                found.append(shown(item).strip() if part == "div" else item.strip())
        elif kind is dict or kind is list:
            if part not in _ABOUT and part not in skipped:
                _gather_each(item if kind is list else (item,), part, found)
        elif item is not None and part not in _UNSAID and part not in skipped:
            found.append(_counted(part, item, value))
    if ("doNotPerform" in value or (name and ("status" in value or name in TURNS))) and (
        turned := turned_round(value, name)
    ):
        told = "; ".join(filter(None, dict.fromkeys(found[before:])))
        found[before:] = [f"{turned} {told}"] if told else []


def _short(value: dict[str, Any], name: str, found: list[str], read: Collection[str]) -> Collection[str]:
    """Says a code without words, or an amount with its unit; the parts that are then said."""
    if name == "coding" and not text(value.get("display")):
        found.append(text(value.get("code")))
    if "unit" in value and _MEASURES.issuperset(value):
        found.append(_measured(value))
        return {*read, *_MEASURES}
    return read


def _gather_each(values: Iterable[Any], name: str, found: list[str]) -> None:
    """What stands in a list has the list's name. A resource that says who or where, and a reference alone, say nothing."""
    for item in values:
        if type(item) is dict:
            if "resourceType" in item and text(item["resourceType"]) in ELSEWHERE:
                continue
            if name == "coding" and _CODING.issuperset(item) and _TEXTS.issuperset(map(type, item.values())):
                found.append(text(item.get("display")) or text(item.get("code")))
            elif len(item) > 1 or type(item.get("reference")) is not str:
                _gather(item, name, found)
        elif type(item) is list:
            _gather_each(item, name, found)
        else:
            _gather({name: item}, "", found)


def _counted(name: str, item: float, beside: dict[str, Any]) -> str:
    """A truth value or a number with its name, without the type in it; a value's name is the address of its extension."""
    told = said(item)
    name = _TYPED.sub("", name)
    if name == "value":
        name = text(beside.get("url")).rpartition("/")[2]
    return "" if (name, told) == ("active", "yes") else f"{name}: {told}" if name else told


def _measured(value: dict[str, Any]) -> str:
    """A period or an amount in words."""
    return " ".join(filter(None, [text(value[part]) for part in _IN_ORDER if part in value]))
