"""How somebody is called and reached: the patient, and those who stand beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.sources.bars.bundle import code, first, objects, text, words
from services.intake.sources.bars.prose import said

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry
    from services.intake.sources.bars.draft import Draft

_SELF: Final = frozenset(("ONESELF", "SELF"))
_CONTACT: Final = frozenset(("name", "relationship", "telecom"))
_RUNG: Final = frozenset(("phone", "sms", ""))
_ACTIVE: Final = frozenset(("active",))


def name_of(name: dict[str, Any]) -> dict[str, str]:
    """A HumanName in the contract's parts; its text where it has no family name."""
    given, family = _joined(name.get("given")), text(name.get("family"))
    if not family:
        full = text(name.get("text")) or given
        return {"full": full} if full else {}
    found = {"title": _joined(name.get("prefix")), "given": given, "family": family}
    return {part: value for part, value in found.items() if value}


def _joined(value: Any) -> str:
    return " ".join(map(text, value)) if type(value) is list else text(value)


def in_use(told: Any) -> list[dict[str, Any]]:
    """Names, addresses and telephone numbers that are not old."""
    return list(filter(_is_in_use, objects(told)))


def _is_in_use(one: dict[str, Any]) -> bool:
    return text(one.get("use")) != "old"


def reached(telecom: dict[str, Any], draft: Draft, place: str) -> None:
    """A telephone number or an address of the patient's."""
    system, value, use = text(telecom.get("system")), text(telecom.get("value")), text(telecom.get("use"))
    if use == "old":
        draft.keep(place, _no_longer(value))
        return
    if system == "email":
        draft.say("contact.email", value, place)
    elif system in _RUNG:
        draft.say("contact.mobile" if use == "mobile" or system == "sms" else "contact.phone", value, place)
    else:
        draft.keep(place, f"{system} {value}".strip())


def contact_of(contact: dict[str, Any], draft: Draft, place: str) -> None:
    """Somebody to contact; published examples list the patient there too, with neither a name nor a relationship.

    Whoever is some relation of the patient's is never rung up for the patient, also without a name.
    """
    if contact.get("active") is False:
        draft.keep(place, f"no longer a contact: {said(contact, _ACTIVE)}")
        return
    told = objects(contact.get("relationship"))
    relationship = words(told[0]) or code(told[0]) if told else ""
    codes = map(str.upper, (relationship, *map(code, told)))
    if not _SELF.isdisjoint(codes) or not (contact.get("name") or relationship):
        for telecom in objects(contact.get("telecom")):
            reached(telecom, draft, f"{place}.telecom")
    else:
        _carer(contact, relationship, draft, place)
    draft.keep(place, said(contact, _CONTACT))


def _carer(contact: dict[str, Any], relationship: str, draft: Draft, place: str) -> None:
    """A carer, with the first of their telephone numbers that is told and in use."""
    phone = ""
    for one in objects(contact.get("telecom")):
        value = text(one.get("value"))
        if text(one.get("use")) == "old":
            draft.keep(f"{place}.telecom", _no_longer(value))
        elif not phone and text(one.get("system")) in _RUNG:
            phone = value
        elif value != phone:
            draft.keep(f"{place}.telecom", value)
    name = contact.get("name")
    name = " ".join(name_of(name).values()) if isinstance(name, dict) else ""
    found = {"name": name, "relationship": relationship, "phone": phone}
    draft.add("contact.carers", {part: value for part, value in found.items() if value}, place)


def _no_longer(value: str) -> str:
    return f"no longer in use: {value}" if value else ""


def related(one: Entry, draft: Draft) -> None:
    """A RelatedPerson, as a contact of the patient's."""
    names = one.resource.get("name")
    name = first(in_use(names) or names)
    contact_of({**one.resource, "name": name}, draft, one.place)
