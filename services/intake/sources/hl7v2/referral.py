"""The referral itself: RF1 and PRD (who asks whom, how urgently), DG1, OBX and NTE (why)."""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial
from typing import TYPE_CHECKING, Final

from services.intake.contract import values
from services.intake.contract.code_lists import REASONS
from services.intake.contract.reading import MOST_WARNINGS
from services.intake.safety.readable import words_of
from services.intake.sources.hl7v2.observations import in_scale, is_answer, mistyped, path_of, read_as, reassures
from services.intake.sources.hl7v2.people import name_of, telecoms
from services.intake.sources.hl7v2.segment import NULL, part
from services.intake.sources.hl7v2.texts import date_of, moment_of
from services.intake.sources.maps import table
from services.intake.sources.paths import KINDS, NO_SUCH, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.contract.values import Kind
    from services.intake.sources.hl7v2.draft import Draft
    from services.intake.sources.hl7v2.segment import Segment

_MEDIA: Final = {
    "PDF": "application/pdf",
    "RTF": "application/rtf",
    **dict.fromkeys(("JPEG", "JPG"), "image/jpeg"),
    "PNG": "image/png",
    **dict.fromkeys(("TIFF", "TIF"), "image/tiff"),
    **dict.fromkeys(("PLAIN", "TEXT"), "text/plain"),
    "DOCX": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_PROSE: Final = frozenset(("FT", "TX", ""))  # an observation without a type is read as what people wrote
_EMERGENCIES: Final = frozenset(("E", "EMERGENCY", "STAT"))  # RF1-5, HL7 table 0284; STAT stands there too
_CATEGORIES: Final = _EMERGENCIES | {"A", "I", "O"}  # ambulatory, inpatient, outpatient: not how urgent it is
_NO_REASON: Final = "HL70336"  # of its codes none says what is the matter with the person
# OBX-11, HL7 table 0085: deleted, posted as wrong (of another person), cannot be obtained; and what is no result (yet): order
# detail alone, not asked, pending.
_WITHDRAWN: Final = frozenset("DWX")
_UNANSWERED: Final = frozenset("ONI")


def referral(draft: Draft, rf1: Segment, offset: str) -> None:
    """RF1: how urgent, since when, and the reason as a code."""
    _urgency(draft, rf1)
    draft.put("referred_at", moment_of(rf1.text(7), offset), rf1.place(7))
    for parts in rf1.repeats(10, whole=True):
        _reason(draft, parts, rf1)
    rf1.read |= {1, 2, 6, 11}


def provider(draft: Draft, prd: Segment) -> None:
    """PRD: RP refers, PP is the practice; whoever else is named is left to read."""
    roles = {part(parts, 1).upper() for parts in prd.repeats(1)}
    if "PP" in roles:
        draft.put("referrer.practice", _organisation(prd), prd.place(7))
    if "RP" in roles:
        draft.put("referrer.name", name_of(prd.texts(2)), prd.place(2))
        draft.leave_words(prd, 2, *prd.texts(2)[:5])
        draft.put("referrer.organisation", _organisation(prd), prd.place(7))
        phone = "referrer.bypass_phone"
        telecoms(draft, prd, 5, {"phone": phone, "mobile": phone, "email": "referrer.email"})
    else:
        prd.read -= {2, 5}
    draft.leave(prd.place(1), prd.prose(1) if not roles & {"RP", "RT"} else "")
    prd.read -= {4, 7}


def diagnosis(draft: Draft, dg1: Segment) -> None:
    """DG1-3: a coded problem, or an MHSDS reason; its words stay beside it."""
    for parts in dg1.repeats(3, whole=True):
        _problem(draft, parts, dg1, 3)
    dg1.read.add(1)


def observation(draft: Draft, obx: Segment, own: Mapping[str, str]) -> None:
    """OBX: a document, an answer to a question of ours, or text."""
    kind = obx.text(2).upper()
    path = "" if kind == "ED" else path_of([obx.text(3), obx.text(3, 4)], own)
    if obx.text(11).upper() in _WITHDRAWN:
        if is_answer(path) and (path.endswith("_items") or not KINDS[path][1]):
            draft.withdraw(path, obx.place(5))
        obx.read -= {3, 11}
        return
    if kind == "ED":
        _document(draft, obx)
    elif path:
        _answer(draft, path, obx)
    else:
        _told_otherwise(draft, obx, as_reason=kind in _PROSE)
    for parts in obx.repeats(3, whole=True):
        draft.leave_more(obx, 3, parts, {*parts[:2], *parts[3:4]}.__contains__)
    obx.read |= {1, 2, 3, 4, 5, 11, 14}


def _told_otherwise(draft: Draft, obx: Segment, *, as_reason: bool) -> None:
    """What answers no question of ours. A code that was meant to name one is told to the sender."""
    text = _labelled(draft, obx)
    if as_reason:
        draft.say("reason.text", text, obx.place(5))
    else:
        draft.leave(draft.asked_at, text)
    if path := mistyped([obx.text(3), obx.text(3, 4)], [obx.text(3, 3), obx.text(3, 6)]):
        draft.warn(obx.place(3), NO_SUCH, nearest(path) if len(draft.notices) < MOST_WARNINGS else "")


def note(draft: Draft, nte: Segment) -> None:
    """NTE-3: what people wrote, wherever it stands."""
    draft.say("reason.text", nte.prose(3), nte.place(3))
    nte.read |= {1, 2}


def _urgency(draft: Draft, rf1: Segment) -> None:
    """RF1-2, and an emergency category in RF1-5: the most urgent of all that they say, as codes or in words, counts."""
    priorities, categories = rf1.repeats(2, whole=True), rf1.repeats(5, whole=True)
    known = table("hl7-priority").ours
    codes = [text for parts in priorities for text in parts if text.casefold() in known]
    said = codes or [text for parts in priorities[:1] for text in parts if text][:1]
    if any(text.upper() in _EMERGENCIES for parts in categories for text in parts):
        draft.answer("referrer.urgency", known["e"], rf1.place(5), values.urgency)
    elif said:
        asked = [NULL if code == NULL else table("hl7-priority").read(code) for code in said]
        draft.answer("referrer.urgency", min(asked, key=_most_urgent), rf1.place(2), values.urgency)
    for parts in priorities:
        draft.leave_more(rf1, 2, parts, said.__contains__)
    for parts in categories:
        draft.leave_more(rf1, 5, parts, lambda text: text.upper() in _CATEGORIES)


def _most_urgent(priority: str) -> int:
    return "1423".find(priority)


def _reason(draft: Draft, parts: list[str], rf1: Segment) -> None:
    place = rf1.place(10)
    code, words, system = _coded(parts)
    if system.upper() == _NO_REASON:
        draft.leave(place, words or code)
        draft.leave_more(rf1, 10, parts, {code, words}.__contains__)
    elif system or (not words and code in REASONS):
        _problem(draft, parts, rf1, 10)
    else:
        draft.say("reason.text", words or code, place)
        draft.leave_more(rf1, 10, parts, {words or code}.__contains__)


def _problem(draft: Draft, parts: list[str], segment: Segment, field: int) -> None:
    place = segment.place(field)
    code, words, system = _coded(parts)
    if "MHSDS" in system.upper() or (not system and field == 10):
        _mhsds(draft, code, place)
    elif code and code != NULL:
        told = {"system": table("hl7-coding-system").read(system)} if system else {}
        draft.add("presentation.problems", {**told, "code": code}, place)
    draft.leave(place, words)
    draft.leave_more(segment, field, parts, {code, words}.__contains__)


def _coded(parts: list[str]) -> tuple[str, str, str]:
    """Code, words and system of a CWE; those of its alternate where it has no other."""
    code, words, system = (part(parts if any(parts[:3]) else parts[3:], place) for place in (1, 2, 3))
    return code, words, system


def _mhsds(draft: Draft, code: str, place: str) -> None:
    if "reason.code" in draft.trail:
        draft.add("reason.others", code, place)
    else:
        draft.put("reason.code", code, place)


def _organisation(prd: Segment) -> str:
    """The ODS code among a provider's ids (PRD-7), its place (PRD-4) or its organisation (PRD-10, from version 2.6 on)."""
    told = [part(parts, 1) for parts in prd.repeats(7)] + prd.texts(4) + prd.texts(10)
    prd.read -= {10}
    return next((code.upper() for code in told if values.ods(code) and not re.match(r"[GCN]\d{7}$", code)), "")


def _answer(draft: Draft, path: str, obx: Segment) -> None:
    kind, several = KINDS[path]
    place = obx.place(5)
    if kind.prose:
        draft.say(path, obx.prose(5), place)
        return
    status = obx.text(11).upper()
    found = []
    for parts in obx.repeats(5, whole=True, blank=True):
        value = NULL if parts == [NULL] else read_as(path, parts)
        meant = kind.read(value)
        draft.leave_more(obx, 5, parts, partial(_same, path, value, meant, kind))
        if status in _UNANSWERED and is_answer(path):
            value = "" if meant is None or reassures(path, meant) else f"{value} ({status})"
        found.append(date_of(value) if kind is values.DATE else value)
    if path.endswith("_items"):
        draft.items(path, [value if value != NULL else None for value in found or [""]], place)
    for value in found if not path.endswith("_items") else ():
        if several:
            draft.add(path, value, place)
        else:
            draft.answer(path, value, place, kind.read)
    draft.dated(path, date_of(obx.text(14)[:8]), place)


def _same(path: str, value: str, meant: object, kind: Kind, text: str) -> bool:
    """Whether a part of a value says no more than what was read of it."""
    return text in value if meant is None else bool(kind.read(in_scale(path, text)) == meant)


def _labelled(draft: Draft, obx: Segment) -> str:
    """What was observed, and its value with its unit. Systems send a long text line by line: the next has no label again."""
    told = next(iter(obx.repeats(3, whole=True)), [])
    value, label = obx.prose(5), part(told, 2) or part(told, 1)
    text = " ".join(filter(None, (value, obx.text(6))))
    goes_on = draft.asks(obx.prose(3), obx.place(5)) if text else True
    return NULL if value == NULL else f"{label}: {text}" if label and value and not goes_on else text


def _document(draft: Draft, obx: Segment) -> None:
    """OBX-5 of type ED (source, type, subtype, encoding, data): kept as a document, and read where it is text."""
    place = obx.place(5)
    draft.leave(obx.place(3), part(next(iter(obx.repeats(3, whole=True)), []), 2))
    for parts in obx.repeats(5):
        media = _MEDIA.get(part(parts, 3).upper(), f"{part(parts, 2)}/{part(parts, 3)}".casefold())
        content = _content(part(parts, 4), part(parts, 5))
        if content is None:
            draft.warn(place, "attachment-differs")
            continue
        draft.attach(content, media, place)
        draft.leave(place, words_of(content, media))


def _content(encoding: str, data: str) -> bytes | None:
    """A document's bytes (HL7 table 0299: A is none, Hex, Base64), or nothing where they cannot be read."""
    if encoding.upper() == "A":
        return data.encode()
    try:
        written = re.sub(r"\s", "", data)
        return bytes.fromhex(written) if encoding.upper() == "HEX" else base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return None
