"""A FHIR R4 message as JSON: read strictly, looked at leniently. Plain look-ups of what is needed; no model of FHIR.

Strict is what could mean two things or cost too much: a key given twice, depth, a wrong Bundle, no header, no focus.
"""

from __future__ import annotations

import re
from itertools import chain, count
from typing import Any, Final

import orjson
from msgspec import Struct

from services.intake.contract.reading import Notice
from services.intake.problems import Fault, Refused
from services.intake.sources import json

MOST_VALUES: Final = 200_000  # in one body, by its commas and brackets: refused before they are made into objects
DEEPEST: Final = 254  # what orjson writes out, and half of Python's frames to read; FHIR itself sets no limit
_URN: Final = "urn:uuid:"
_REFERENCE: Final = b'"reference":"'
_PAPERS: Final = (b'"data":"', b'ttachment":', b'"contentType":')  # without any of these no resource has a document
_NUMBERS: Final = frozenset((int, float))
HERE: Final = re.compile(r"urn:uuid:.+|[0-9a-f]{8}-[0-9a-f-]{27}")  # a reference that only this Bundle can resolve
_SAYS: Final = frozenset((dict, str))


class Entry(Struct, frozen=True, gc=False):
    """One resource, with its place (FHIRPath)."""

    place: str
    type: str
    resource: dict[str, Any]

    def at(self, path: str) -> str:
        """The place of one of its elements."""
        return f"{self.place}.{path}"


class Message(Struct, frozen=True):
    """A message: its Bundle's id and time, its header, what it is about, and every resource by what refers to it.

    `by_url` has them by their fullUrls as written; `known` in small letters without `urn:uuid:`, and by their ids if need be.
    """

    bundle_id: str
    timestamp: str
    header: Entry
    focus: Entry
    focus_url: str
    entries: list[Entry]
    by_type: dict[str, list[Entry]]
    by_url: dict[str, Entry]
    known: dict[str, Entry]
    has_papers: bool
    warnings: tuple[Notice, ...]

    def find(self, reference: Any) -> Entry | None:
        """The resource that a Reference means; published examples leave `urn:uuid:` out, or have blanks."""
        if type(reference) is not dict:
            return None
        told = text(reference.get("reference"))
        return self.by_url.get(told) or _found(self.known, told)

    def of(self, kind: str) -> list[Entry]:
        """The resources of a type, in their order."""
        return self.by_type.get(kind, [])


def message(body: bytes) -> Message:
    """The message in `body`; `Refused` where it is none."""
    document, written = parse(body)
    if text(document.get("resourceType")) != "Bundle":
        raise _broken("Bundle.resourceType", "a Bundle is expected")
    if text(document.get("type")) != "message":
        raise _broken("Bundle.type", "a Bundle of type `message` is expected")
    by_type: dict[str, list[Entry]] = {}
    by_url: dict[str, Entry] = {}
    known: dict[str, Entry] = {}
    entries = _entries(document, by_type, by_url, known)
    if not entries or entries[0].type != "MessageHeader" or entries[0].place != "Bundle.entry[0].resource":
        raise _broken("Bundle.entry[0].resource", "the MessageHeader comes first")
    elsewhere = [one for one in _references(written).difference(by_url) if _key(one.strip()) not in known]
    if elsewhere or "Binary" in by_type:
        _know_ids(entries, known)
    header = entries[0]
    focus_url = text(inner(first(header.resource.get("focus")), "reference"))
    if (focus := _found(known, focus_url)) is None:
        raise _broken(header.at("focus[0].reference"), "nothing in the Bundle has the id that the focus names")
    lost: tuple[Notice, ...] = ()
    if any(_is_lost(known, one) for one in elsewhere):
        lost = tuple(Notice(entry.place, "reference") for entry in entries if _loses(entry, known))
    papers = max(map(written.rfind, _PAPERS)) >= 0  # from the end: CPython looks twice as quickly that way
    own_id, timestamp = text(document.get("id")), text(document.get("timestamp"))
    return Message(own_id, timestamp, header, focus, focus_url, entries, by_type, by_url, known, papers, lost)


def parse(body: bytes) -> tuple[dict[str, Any], bytes]:
    """The object in `body`, and how it is written out again. The quick parse counts where it can be shown to be strict.

    What was read, written out, is the text itself, or has as many commas only if no name was given twice: a member that is
    lost takes its comma with it (what an escape could hide is not read so). It is written out only if it is not too deep. All else is
    left to the parse that says what is wrong.
    """
    if len(body) > MOST_VALUES and body.count(b",") + body.count(b"{") + body.count(b"[") > MOST_VALUES:
        raise Refused(413, "too-large", f"the body may hold {MOST_VALUES} values")
    try:
        document = orjson.loads(body)
        written = orjson.dumps(document)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _slow(body)
    is_whole = body == written or body.count(b",") == written.count(b",")
    is_strict = is_whole and (b"\\" not in body or b"\\u" not in body)
    return (document, written) if is_strict and type(document) is dict else _slow(body)


def _slow(body: bytes) -> tuple[dict[str, Any], bytes]:
    document = json.parse(body, DEEPEST)
    return document, orjson.dumps(document)


def _place(number: int) -> str:
    return f"Bundle.entry[{number}].resource"


_PLACES: Final = tuple(map(_place, range(256)))  # nearly all that messages have: made once


def _entries(
    document: dict[str, Any], by_type: dict[str, list[Entry]], by_url: dict[str, Entry], known: dict[str, Entry]
) -> list[Entry]:
    found = []
    listed = document.get("entry")
    places = chain(_PLACES, map(_place, count(len(_PLACES))))
    for place, one in zip(places, listed if type(listed) is list else (), strict=False):
        try:
            resource = one["resource"]
            kind, url = resource["resourceType"].strip(), one["fullUrl"].strip()
        except (TypeError, KeyError, AttributeError):  # no objects, or no texts
            if type(resource := inner(one, "resource")) is not dict:
                continue
            kind, url = text(resource.get("resourceType")), text(one.get("fullUrl"))
        entry = Entry(place, kind, resource)
        if key := url.casefold().removeprefix(_URN):
            if key in known:
                raise _broken(place.replace("resource", "fullUrl"), "two entries have this fullUrl: which is meant?")
            known[key] = by_url[url] = entry
        by_type.setdefault(kind, []).append(entry)
        found.append(entry)
    return found


def _know_ids(entries: list[Entry], known: dict[str, Entry]) -> None:
    """Resources by their ids too, for the references that no fullUrl resolves."""
    for entry in entries:
        if own := text(entry.resource.get("id")).casefold():
            known.setdefault(own, entry)
            known.setdefault(f"{entry.type.casefold()}/{own}", entry)


def _key(url: str) -> str:
    return url.casefold().removeprefix(_URN)


def _found(known: dict[str, Entry], reference: str) -> Entry | None:
    if found := known.get(key := _key(reference)):
        return found
    key = key.partition("/_history/")[0]
    return known.get(key) or (known.get(key.rpartition("/")[2]) if "/" in key else None)


def _is_lost(known: dict[str, Entry], reference: str) -> bool:
    reference = reference.strip()
    return _found(known, reference) is None and bool(HERE.fullmatch(reference.casefold()))


def _references(written: bytes) -> set[str]:
    after = {rest.partition(b'"')[0] for rest in written.rsplit(_REFERENCE)[1:]}
    return set(map(bytes.decode, after))


def _loses(entry: Entry, known: dict[str, Entry]) -> bool:
    return any(_is_lost(known, one) for one in _references(orjson.dumps(entry.resource)))


def _broken(place: str, detail: str) -> Refused:
    return Refused(422, "message-rule", detail, Fault(place, "message-rule", detail))


def text(value: Any) -> str:
    """A text or a number without blanks at its ends; nothing for anything else."""
    if type(value) is str:
        return value.strip()
    return str(value) if type(value) in _NUMBERS else ""


def inner(value: Any, *names: str) -> Any:
    """What stands at a path of members; None where nothing does."""
    for name in names:
        if type(value) is not dict:
            return None
        value = value.get(name)
    return value


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; an object that came alone counts as a list of one, and a mere text as an object that says it."""
    if value is None:
        return []
    if type(value) is not list:
        return [value] if type(value) is dict else [{"text": value}] if type(value) is str else []
    for item in value:
        if type(item) is not dict:
            return [each if type(each) is dict else {"text": each} for each in value if type(each) in _SAYS]
    return value


def first(value: Any) -> dict[str, Any]:
    """The first object of a list, or an empty one."""
    return found[0] if (found := objects(value)) else {}


def codings(concept: Any) -> list[tuple[str, str, str]]:
    """System, code and display of each coding of a CodeableConcept."""
    found = []
    for one in objects(concept.get("coding")) if type(concept) is dict else ():
        found.append((text(one.get("system")), text(one.get("code")), text(one.get("display"))))  # noqa: PERF401  (mostly one)
    return found


def _display(coding: dict[str, Any]) -> str:
    """What a coding displays."""
    return text(coding.get("display"))


def code(concept: Any) -> str:
    """The first code of a CodeableConcept."""
    for one in objects(concept.get("coding") if type(concept) is dict else None):
        if found := text(one.get("code")):
            return found
    return ""


def words(concept: Any) -> str:
    """A CodeableConcept in words: its text, else what its codings display."""
    if type(concept) is not dict:
        return text(concept) if type(concept) is str else ""
    return text(concept.get("text")) or ", ".join(filter(None, map(_display, objects(concept.get("coding")))))
