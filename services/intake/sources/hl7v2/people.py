"""Who the referral is about, and who is with them: PID, PD1 and NK1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake.contract import values
from services.intake.person import valid
from services.intake.sources.hl7v2.segment import NULL, part
from services.intake.sources.hl7v2.texts import date_of
from services.intake.sources.maps import table
from services.intake.sources.told import one_number

if TYPE_CHECKING:
    from services.intake.sources.hl7v2.draft import Draft
    from services.intake.sources.hl7v2.segment import Segment

_NHS_TYPES: Final = frozenset(("NH", "NHS", "NNGBR", "NHSNMBR"))
_AUTHORITY: Final = re.compile(r"NHS[\W_]*(?:NUMBER|NUM|NO|NBR|NMBR|ID|ENGLAND|SPINE|PDS)?\W*", re.IGNORECASE)
_ABODELESS: Final = "ZZ993VZ"  # the postcode of no fixed abode [NHS Data Dictionary]
_HOMES: Final = frozenset(("", "H", "L", "P", "C", "TM"))  # table 0190: home, legal, permanent, current, temporary
_MOBILE: Final = frozenset(("CP", "MOBILE"))
_DIGITS: Final = re.compile(r"[+(]?\d[\d ()+-]{5,}")


def person(draft: Draft, pid: Segment) -> None:
    """PID: identity, address, equity."""
    _identifiers(draft, pid)
    _name(draft, pid)
    draft.put("person.born", date_of(pid.text(7)), pid.place(7))
    draft.put("person.gender", _by("hl7-sex", pid.text(8)), pid.place(8))
    ethnic = 22 if pid.text(22) else 10
    draft.put("person.ethnic_category", _by("ethnic-category", pid.text(ethnic)), pid.place(ethnic))
    for field in (8, ethnic):
        for parts in pid.repeats(field, whole=True):
            draft.leave_more(pid, field, parts, {pid.text(field)}.__contains__)
    _language(draft, pid)
    _address(draft, pid)
    for field in (13, 14):
        telecoms(draft, pid, field, {"phone": "contact.phone", "mobile": "contact.mobile", "email": "contact.email"})
    draft.put("person.nhs_number_status", pid.text(32), pid.place(32))
    pid.read.add(1)


def practice(draft: Draft, pd1: Segment) -> None:
    """PD1-3: the practice that the person is registered with."""
    for parts in pd1.repeats(3):
        code = next((code for code in (part(parts, 10), part(parts, 3)) if values.ods(code)), "")
        draft.put("referrer.practice", code, pd1.place(3))
        draft.leave(pd1.place(3), part(parts, 1) if code else " ".join(filter(None, parts)))


def carer(draft: Draft, nk1: Segment) -> None:
    """NK1: next of kin or carer."""
    relation = nk1.texts(3)
    numbers = [number for number, _ in _telecoms(nk1, 5)]
    phone = next(iter(numbers), "")
    carer = {"name": name_of(nk1.texts(2)), "relationship": part(relation, 2) or part(relation, 1), "phone": phone}
    if kept := {name: text for name, text in carer.items() if text and text != NULL}:
        draft.add("contact.carers", kept, nk1.place(2))
    for parts in nk1.repeats(3, whole=True):
        draft.leave_more(nk1, 3, parts, {*relation[:2]}.__contains__)
    draft.leave(nk1.place(5), "; ".join(numbers[1:]))
    draft.leave_words(nk1, 2, *nk1.texts(2)[:5])
    draft.leave_words(nk1, 5, *numbers)
    nk1.read.add(1)


def telecoms(draft: Draft, segment: Segment, field: int, paths: dict[str, str]) -> None:
    """The numbers and addresses of a field: the first of a kind to its path, the others are left."""
    numbers = _telecoms(segment, field)
    for number, kind in numbers:
        draft.put(paths[kind], number, segment.place(field))
    draft.leave_words(segment, field, *(number for number, _ in numbers))


def name_of(parts: list[str]) -> str:
    """A name (XPN, XCN without its id) in the order in which it is spoken."""
    family, given, middle, suffix, title = (part(parts, place) for place in range(1, 6))
    return " ".join(text for text in (title, given, middle, family, suffix) if text and text != NULL)


def _identifiers(draft: Draft, pid: Segment) -> None:
    """PID-3, also PID-2 and PID-4 of older versions: the NHS number, by its type, its authority or its check digit."""
    told = [(field, parts) for field in (3, 2, 4) for parts in pid.repeats(field)]
    ranked = ([one for one in told if says(one[1])] for says in (_typed, _of_the_nhs, _plainly, _null))
    chosen = next(filter(None, ranked), [])
    number = one_number(_number_of(parts) for _, parts in chosen)
    if chosen:
        draft.put("person.nhs_number", number, pid.place(chosen[0][0]))
    for field, parts in told:
        if (field, parts) not in chosen or _number_of(parts) not in number:
            draft.leave(pid.place(field), " ".join(filter(None, parts)))


def _typed(parts: list[str]) -> bool:
    kind = part(parts, 5).upper()
    national = (
        kind == "NI" and "NHS" in part(parts, 4).upper()
    )  # table 0203: the national identifier, of whom PID-3.4 says
    return (kind in _NHS_TYPES or national) and part(parts, 1) not in {"", NULL}


def _of_the_nhs(parts: list[str]) -> bool:
    """By the authority alone, where no type says that it is another number; a trust of the NHS (NHSTRUST) has its own."""
    return not part(parts, 5) and _AUTHORITY.fullmatch(part(parts, 4)) is not None


def _plainly(parts: list[str]) -> bool:
    number = _number_of(parts)
    return (
        not part(parts, 4) and not part(parts, 5) and re.fullmatch(r"[0-9]{10}", number) is not None and valid(number)
    )


def _null(parts: list[str]) -> bool:
    return part(parts, 1) == NULL


def _number_of(parts: list[str]) -> str:
    return re.sub(r"[\s-]", "", part(parts, 1))


def _name(draft: Draft, pid: Segment) -> None:
    """PID-5: the legal name, else the first without another use (table 0200: alias, maiden name); the others are left."""
    names = [one for one in pid.repeats(5) if any(one[:3])]  # a repetition may hold no more than its use
    place = pid.place(5)
    if names and names[0] == [NULL]:
        draft.put("person.name", NULL, place)
        return
    name = min(names, key=lambda one: {"L": 0, "D": 1, "": 1}.get(part(one, 7).upper(), 2), default=[])
    given = " ".join(text for text in (part(name, 2), part(name, 3)) if text and text != NULL)
    draft.put("person.name.family", part(name, 1), place)
    draft.put("person.name.given", given, place)
    draft.put("person.name.title", part(name, 5), place)
    draft.leave(place, "; ".join(filter(None, (name_of(one) for one in names if one is not name))))
    draft.leave_words(pid, 5, *name[:3], *name[4:5], *(text for one in names if one is not name for text in one[:5]))


def _language(draft: Draft, pid: Segment) -> None:
    code = pid.text(15)
    draft.put("person.language", code if values.language(code) else _by("hl7-language", code), pid.place(15))
    if words := part(pid.texts(15), 2):
        draft.leave(pid.place(15), words)
    for parts in pid.repeats(15, whole=True):
        draft.leave_more(pid, 15, parts, {code, words}.__contains__)


def _address(draft: Draft, pid: Segment) -> None:
    """PID-11: where the person lives; an address that is known to be wrong (table 0190: BA), and others, are left."""
    addresses = pid.repeats(11)
    place = pid.place(11)
    if addresses and addresses[0] == [NULL]:
        draft.put("person.address", NULL, place)
        draft.put("person.postcode", NULL, place)
        return
    current = [one for one in addresses if part(one, 7).upper() != "BA"]
    home = min(current, key=lambda one: part(one, 7).upper() not in _HOMES, default=[])
    lines = [part(home, line) for line in (1, 2, 3, 4)]
    draft.put("person.address", [line for line in lines if line and line != NULL], place)
    draft.put("person.postcode", part(home, 5), place)
    if part(home, 5).replace(" ", "").upper() == _ABODELESS:
        draft.put("person.no_fixed_abode", "yes", place)
    draft.leave(place, "; ".join(" ".join(filter(None, other)) for other in addresses if other is not home))
    draft.leave_words(pid, 11, *(text for one in addresses for text in one[:5]))


def _telecoms(segment: Segment, field: int) -> list[tuple[str, str]]:
    """Each number or address of an XTN field with its kind; systems write it into several of its components."""
    found = []
    for parts in segment.repeats(field):
        if parts == [NULL]:
            found.append((NULL, "phone"))
        elif email := next((text for text in parts if "@" in text), ""):
            found.append((email, "email"))
        elif number := _number(parts):
            digits = re.sub(r"\D", "", number)
            mobile = part(parts, 3).upper() in _MOBILE or digits.startswith(("07", "447"))
            found.append((number, "mobile" if mobile else "phone"))
    return found


def _number(parts: list[str]) -> str:
    split = " ".join(filter(None, (part(parts, 5), part(parts, 6), part(parts, 7))))
    told = (part(parts, 1), part(parts, 12), split, *parts[7:])
    return next((text for text in told if _DIGITS.match(text)), "")


def _by(name: str, code: str) -> str:
    return code if code in {"", NULL} else table(name).read(code)
