"""Whom a resource is about: what is said of somebody else answers nothing of the patient, and its words are kept.

FHIR R4: an answer's subject may be anybody, a RelatedPerson too; an Observation's focus is whom it is about if not its
subject; a Reference may name somebody by identifier, or at another server.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.intake.sources.bars.bundle import HERE, inner, objects, text
from services.intake.sources.bars.prose import ELSEWHERE, said

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry, Message
    from services.intake.sources.bars.draft import Draft

_SUBJECTS: Final = ("subject", "patient", "for")  # the elements by which resources name whose record they belong to
_SEPARATORS: Final = re.compile(r"[\s-]")


class _Patient(NamedTuple):
    """Who the referral is about: their resource, their numbers with the systems of these, their given names, their reference."""

    entry: Entry | None
    numbers: frozenset[str]
    systems: frozenset[str]
    called: frozenset[str]
    reference: str

    @classmethod
    def of(cls, message: Message) -> _Patient:
        """Whom the ServiceRequest is about; what its subject says beside the reference counts too."""
        entry, asked = subject(message), message.focus.resource.get("subject")
        pairs = _numbers(entry.resource if entry else {}) | _numbers(asked)
        names = objects(entry.resource.get("name")) if entry else []
        called = _words([one.get("given") or one.get("text") for one in names])
        numbers, systems = frozenset(number for _, number in pairs), frozenset(system for system, _ in pairs)
        return cls(entry, numbers, systems, called, text(inner(asked, "reference")))

    def contradicts(self, named: frozenset[tuple[str, str]]) -> bool:
        """Whether they have another number of the same system, and not this one."""
        return any(system in self.systems and number not in self.numbers for system, number in named)

    def is_called(self, display: str) -> bool:
        """Whether mere words name them: by a given name, since a mother has her child's family name."""
        if not self.called or not display:
            return True
        return not self.called.isdisjoint(theirs := _words([display])) or "patient" in theirs

    def is_same(self, one: dict[str, Any]) -> bool:
        """Whether a Patient is this one: systems send one twice, with the same identifier."""
        if self.entry is None:
            return False
        return one is self.entry.resource or any(number in self.numbers for _, number in _numbers(one))


def subject(message: Message) -> Entry | None:
    """The Patient that the ServiceRequest is about; where its subject leads nowhere, the one that the message has."""
    found = message.find(message.focus.resource.get("subject"))
    patients = message.of("Patient")
    return found if found and found.type == "Patient" else patients[0] if len(patients) == 1 else None


def of_others(message: Message) -> frozenset[str]:
    """The places of what is said of somebody else than the patient (a mother's score in her child's referral)."""
    ours = _surely(message)
    doubted = [one for one in message.entries if one.type not in ELSEWHERE and _may_differ(one.resource, ours)]
    if not doubted:
        return frozenset()
    patient = _Patient.of(message)
    return frozenset(one.place for one in doubted if not _is_about(one, message, patient))


def _surely(message: Message) -> dict[str, Any] | None:
    """The request's own subject, if it means the patient in whatever resource it stands: `#id` means another thing in each."""
    asked = message.focus.resource.get("subject")
    if type(asked) is not dict or text(asked.get("reference")).startswith("#"):
        return None
    found = message.find(asked)
    if found and found.type == "Patient" and "identifier" not in asked:
        return asked
    return asked if _means(asked, message.focus, message, _Patient.of(message)) else None


def of_another(one: Entry, draft: Draft) -> None:
    """Keeps the words of what is said of somebody else, and tells the sender: it answers nothing of the patient."""
    about = [text(told.get("display")) for part in (*_SUBJECTS, "focus") for told in objects(one.resource.get(part))]
    who = f" ({', '.join(filter(None, about))})" if any(about) else ""
    name = next((name for name in one.resource if name.startswith("value")), "")
    rest = {part: item for part, item in one.resource.items() if part not in {*_SUBJECTS, "focus", name}}
    draft.keep(
        one.place,
        f"about somebody else than the patient{who}: {said(_asked(rest))} {said(one.resource.get(name))}".strip(),
    )
    draft.warn(one.place, "about-another")


def _may_differ(resource: dict[str, Any], ours: Any) -> bool:
    """Whether a resource names anybody as whom it is about otherwise than by this reference."""
    for part in _SUBJECTS:
        if part in resource and resource[part] != ours:
            return True
    return "focus" in resource


def _is_about(one: Entry, message: Message, patient: _Patient) -> bool:
    """Whether all by which a resource names whom it is about mean the patient."""
    resource = one.resource
    named = [resource[part] for part in _SUBJECTS if part in resource]
    if not all(_all_mean(told, one, message, patient) for told in named):
        return False
    return one.type != "Observation" or "focus" not in resource or not _has_other_focus(one, message, patient)


def _all_mean(told: Any, one: Entry, message: Message, patient: _Patient) -> bool:
    return all(_means(each, one, message, patient) for each in objects(told))


def _has_other_focus(one: Entry, message: Message, patient: _Patient) -> bool:
    """Whether its focus, whom an Observation is about if not its subject, is not surely the patient."""
    focus = objects(one.resource["focus"])
    return any(_found(each, one, message) is None or not _means(each, one, message, patient) for each in focus)


def _means(told: dict[str, Any], one: Entry, message: Message, patient: _Patient) -> bool:
    """Whether a reference means the patient: also one that names nobody, or is lost, which the sender is told of."""
    reference = text(told.get("reference"))
    named = _numbers(told)
    if (who := _found(told, one, message)) is not None:
        return text(who.get("resourceType")) == "Patient" and patient.is_same(who) and not patient.contradicts(named)
    if text(told.get("type")).rpartition("/")[2].casefold() not in {"", "patient"}:
        return False
    if named:
        return any(number in patient.numbers for _, number in named)
    if reference:
        is_lost = reference == patient.reference or bool(HERE.fullmatch(reference.casefold()))
        return is_lost or _plain(reference.rpartition("/")[2]) in patient.numbers  # at a server that knows NHS numbers
    return patient.is_called(text(told.get("display")))


def _found(told: dict[str, Any], one: Entry, message: Message) -> dict[str, Any] | None:
    """The resource that a reference leads to, in this one (`#id`) or in the message."""
    reference = text(told.get("reference"))
    if reference.startswith("#"):
        inside = objects(one.resource.get("contained"))
        return next((each for each in inside if text(each.get("id")) == reference[1:]), None)
    found = message.find(told)
    return found.resource if found else None


def _numbers(told: Any) -> frozenset[tuple[str, str]]:
    """System and value of each identifier of a Patient, or of a reference."""
    found = (
        (text(one.get("system")).casefold(), _plain(text(one.get("value"))))
        for one in objects(inner(told, "identifier"))
    )
    return frozenset(pair for pair in found if pair[1])


def _plain(number: str) -> str:
    return _SEPARATORS.sub("", number).casefold()


def _words(told: Any) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", said(told).casefold()))


def _asked(value: Any) -> Any:
    """Answers with their questions, of which some have their name alone (`linkId`), which is no text elsewhere."""
    if type(value) is list:
        return [_asked(item) for item in value]
    if type(value) is not dict:
        return value
    question = {"text": text(value.get("linkId"))} if "linkId" in value and "text" not in value else {}
    return question | {name: _asked(item) for name, item in value.items()}
