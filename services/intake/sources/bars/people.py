"""Who: the patient and those beside them, who refers and from where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from services.intake.sources.bars.bundle import code, first, inner, objects, text, words
from services.intake.sources.bars.contacts import contact_of, in_use, name_of, reached
from services.intake.sources.bars.meaning import ods_code
from services.intake.sources.bars.prose import said
from services.intake.sources.bars.whose import subject
from services.intake.sources.told import one_number

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry, Message
    from services.intake.sources.bars.draft import Draft

_NHS_NUMBER: Final = ("/nhs-number", "urn:oid:2.16.840.1.113883.2.1.4.1")  # ends of systems; the OID is its older name
_VERIFICATION: Final = "NHSNumberVerificationStatus"
_CALLED: Final = frozenset(("official", "usual", ""))
_LIVES: Final = frozenset(("home", "temp", ""))
_EXTENSIONS: Final = ("EthnicCategory", "InterpreterRequired")  # ends of the URLs of those that are read
_PATIENT: Final = frozenset(
    ("resourceType", "name", "gender", "address", "telecom", "contact", "communication", "generalPractitioner")
) | {"deceasedBoolean", "extension"}


def patient(message: Message, draft: Draft) -> None:
    """Who the referral is about; what their Patient says beside is kept as text."""
    if (one := subject(message)) is None:
        return
    _identity(one, draft)
    _where(one, draft)
    for telecom in objects(one.resource.get("telecom")):
        reached(telecom, draft, one.at("telecom"))
    for contact in objects(one.resource.get("contact")):
        contact_of(contact, draft, one.at("contact"))
    _languages(one, draft)
    draft.coded(
        "person.ethnic_category", "ethnic-category", extended(one.resource, "EthnicCategory"), one.at("extension")
    )
    practice = message.find(first(one.resource.get("generalPractitioner")))
    if practice:
        draft.say("referrer.practice", _organisation(message, practice), one.at("generalPractitioner"))
    if (died := text(one.resource.get("deceasedDateTime"))) or one.resource.get("deceasedBoolean") is True:
        draft.keep(one.at("deceased"), f"recorded as deceased {died}".strip())
    _beside(one, draft)


def _beside(one: Entry, draft: Draft) -> None:
    """Narrative and extensions, also those of a telephone number or an address (`do not ring`)."""
    draft.keep(one.place, said(one.resource, _PATIENT))
    for extension in objects(one.resource.get("extension")):
        if not text(extension.get("url")).endswith(_EXTENSIONS):
            draft.keep(one.at("extension"), said({"extension": extension}))
    for part in ("telecom", "address", "name"):
        for item in objects(one.resource.get(part)):
            if "extension" in item:
                draft.keep(one.at(part), said(item["extension"]))


def _identity(one: Entry, draft: Draft) -> None:
    numbers = []
    for identifier in objects(one.resource.get("identifier")):
        system, value = text(identifier.get("system")), text(identifier.get("value"))
        if not system.casefold().rstrip("/").endswith(_NHS_NUMBER):
            draft.keep(one.at("identifier"), f"{system} {value}".strip() if value else "")
        elif text(identifier.get("use")) == "old":
            draft.keep(one.at("identifier"), f"an NHS number no longer in use: {value}")
        else:
            numbers.append(value)
            status = extended(identifier, _VERIFICATION)
            draft.coded("person.nhs_number_status", "bars-nhs-number-status", status, one.at("identifier.extension"))
    number = one_number(numbers)
    draft.say("person.nhs_number", number, one.at("identifier"))
    if len(numbers) > 1:
        others = (told for told in numbers if re.sub(r"[\s-]", "", told) not in number)
        draft.keep(one.at("identifier"), "\n".join(others))
    _named(one, draft)
    draft.say("person.born", text(one.resource.get("birthDate")), one.at("birthDate"))
    draft.mapped("person.gender", "bars-gender", text(one.resource.get("gender")), one.at("gender"))


def _named(one: Entry, draft: Draft) -> None:
    names = objects(one.resource.get("name"))
    chosen = _used(in_use(names) or names, _CALLED)
    draft.say("person.name", name_of(chosen), one.at("name"))
    for name in names:
        if name is not chosen:
            draft.keep(one.at("name"), said(name))


def _used(told: list[dict[str, Any]], uses: frozenset[str]) -> dict[str, Any]:
    """The first with one of these uses, else the first."""
    for one in told:
        if text(one.get("use")) in uses:
            return one
    return first(told)


def _where(one: Entry, draft: Draft) -> None:
    """Where the person lives; where they lived before, and what else is told, is kept as text."""
    told = objects(one.resource.get("address"))
    home = _used(in_use(told), _LIVES)
    lines = home["line"] if type(home.get("line")) is list else []
    parts = list(filter(None, map(text, (*lines, home.get("city"), home.get("district")))))
    draft.say("person.address", parts or text(home.get("text")), one.at("address"))
    draft.say("person.postcode", text(home.get("postalCode")), one.at("address.postalCode"))
    for other in told:
        if other is not home:
            draft.keep(one.at("address"), " ".join((text(other.get("use")), said(other))).strip())


def _languages(one: Entry, draft: Draft) -> None:
    spoken = sorted(objects(one.resource.get("communication")), key=lambda one: one.get("preferred") is not True)
    for spoke in spoken:
        language = code(spoke.get("language"))
        draft.say("person.language", language, one.at("communication.language"))
        needed = extended(spoke, "InterpreterRequired", "valueBoolean")
        if isinstance(needed, bool):
            draft.say("needs.interpreter", "yes" if needed else "no", one.at("communication.extension"))
            draft.say("needs.interpreter_language", language if needed else "", one.at("communication.language"))
    needed = extended(one.resource, "InterpreterRequired", "valueBoolean")
    if isinstance(needed, bool):
        draft.say("needs.interpreter", "yes" if needed else "no", one.at("extension"))


def extended(resource: dict[str, Any], name: str, value: str = "valueCodeableConcept") -> Any:
    """The value of the extension whose URL ends so, inside another one too; None without it."""
    for extension in objects(resource.get("extension")):
        if text(extension.get("url")).endswith(name) and value in extension:
            return extension[value]
        if "extension" in extension and (found := extended(extension, name, value)) is not None:
            return found
    return None


def referrer(message: Message, draft: Draft) -> None:
    """The ServiceRequest's requester, with role and organisation; else the organisation that sends the message."""
    asks = message.find(message.focus.resource.get("requester"))
    if asks and asks.type == "PractitionerRole":
        _role(message, asks, draft)
    elif asks and asks.type == "Practitioner":
        _practitioner(asks, draft)
        for role in message.of("PractitionerRole"):
            if message.find(role.resource.get("practitioner")) == asks:
                _role(message, role, draft)
    elif asks and asks.type == "Organization":
        draft.say("referrer.organisation", ods_code(asks.resource), asks.at("identifier"))
    else:
        requester = message.focus.resource.get("requester")
        draft.say("referrer.name", text(inner(requester, "display")), message.focus.at("requester.display"))
    sender = message.find(message.header.resource.get("sender"))
    if sender:
        draft.say("referrer.organisation", _organisation(message, sender), sender.at("identifier"))


def _role(message: Message, role: Entry, draft: Draft) -> None:
    if (person := message.find(role.resource.get("practitioner"))) is not None:
        _practitioner(person, draft)
    if (works := message.find(role.resource.get("organization"))) is not None:
        draft.say("referrer.organisation", _organisation(message, works), works.at("identifier"))
    draft.say("referrer.role", words(first(role.resource.get("code"))), role.at("code"))


def _practitioner(person: Entry, draft: Draft) -> None:
    names = person.resource.get("name")
    draft.say("referrer.name", " ".join(name_of(first(in_use(names) or names)).values()), person.at("name"))
    for telecom in in_use(person.resource.get("telecom")):
        path = {"phone": "referrer.bypass_phone", "email": "referrer.email"}.get(text(telecom.get("system")))
        if path:
            draft.say(path, text(telecom.get("value")), person.at("telecom"))


def _organisation(message: Message, entry: Entry) -> str:
    """The ODS code of an Organization, or of the one that a role works for."""
    works = message.find(entry.resource.get("organization")) if entry.type == "PractitionerRole" else entry
    return ods_code(works.resource) if works and works.type == "Organization" else ""


def person_named(message: Message, entry: Entry | None) -> tuple[str, str, str]:
    """Name, role and professional registration of a Practitioner or PractitionerRole; blanks for what is not said."""
    role = entry if entry and entry.type == "PractitionerRole" else None
    person = message.find(role.resource.get("practitioner")) if role else entry
    if person is None or person.type != "Practitioner":
        return "", words(first(role.resource.get("code"))) if role else "", ""
    roles = [one for one in message.of("PractitionerRole") if message.find(one.resource.get("practitioner")) == person]
    title = next((words(first(one.resource.get("code"))) for one in ([role] if role else roles)), "")
    name = " ".join(name_of(first(person.resource.get("name"))).values())
    return name, title, _registration(person)


def _registration(person: Entry) -> str:
    """The GMC, NMC, HCPC, GPhC or Social Work England number, by the system of its identifier."""
    for one in objects(person.resource.get("identifier")):
        system = text(one.get("system")).casefold()
        if any(body in system for body in ("gmc", "nmc", "hcpc", "gphc", "socialworkengland", "social-work-england")):
            return text(one.get("value"))
    return ""
