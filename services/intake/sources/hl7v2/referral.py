"""The referral itself: RF1 and PRD (who asks whom, how urgently), DG1 and NTE (why)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake.contract import values
from services.intake.contract.code_lists import REASONS
from services.intake.sources.hl7v2.people import name_of, telecoms
from services.intake.sources.hl7v2.segment import NULL, part
from services.intake.sources.hl7v2.texts import moment_of
from services.intake.sources.maps import table

if TYPE_CHECKING:
    from services.intake.sources.hl7v2.draft import Draft
    from services.intake.sources.hl7v2.segment import Segment

_EMERGENCIES: Final = frozenset(("E", "EMERGENCY", "STAT"))  # RF1-5, HL7 table 0284; STAT stands there too
_CATEGORIES: Final = _EMERGENCIES | {"A", "I", "O"}  # ambulatory, inpatient, outpatient: not how urgent it is
_NO_REASON: Final = "HL70336"  # of its codes none says what is the matter with the person


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
