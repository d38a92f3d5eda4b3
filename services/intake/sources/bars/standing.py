"""Whom a resource is about, and whether its author still stands by it: else its words alone are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake.sources.bars.bundle import objects, text
from services.intake.sources.bars.prose import said

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry, Message
    from services.intake.sources.bars.draft import Draft

TAKEN_BACK: Final = frozenset(("entered-in-error", "cancelled"))
# Statuses (FHIR R4) by which a plan, a medicine or a procedure is none: without them its words say that it is one.
_NOT: Final = TAKEN_BACK | {
    *(
        "stopped",
        "not-taken",
        "not-done",
        "revoked",
        "rejected",
        "declined",
        "refused",
        "on-hold",
        "abandoned",
        "aborted",
    ),
    *("suspended", "inactive", "noshow", "failed"),
}


def subject(message: Message) -> Entry | None:
    """The Patient that the ServiceRequest is about; where its subject leads nowhere, the one that the message has."""
    found = message.find(message.focus.resource.get("subject"))
    patients = message.of("Patient")
    return found if found and found.type == "Patient" else patients[0] if len(patients) == 1 else None


def of_others(message: Message) -> frozenset[str]:
    """The places of what is said of somebody else than the patient (a mother's score in her child's referral)."""
    patient = subject(message)
    if patient is None or len(message.of("Patient")) == 1:
        return frozenset()
    found = (
        (one.place, message.find(one.resource.get("subject", one.resource.get("patient")))) for one in message.entries
    )
    return frozenset(place for place, who in found if who and who.type == "Patient" and _is_another(patient, who))


def of_another(one: Entry, draft: Draft) -> None:
    """Keeps the words of what is said of somebody else: it answers nothing of the patient."""
    value = next((item for name, item in one.resource.items() if name.startswith("value")), None)
    told = said({name: item for name, item in one.resource.items() if name not in {"subject", "patient"}})
    draft.keep(one.place, f"about somebody else than the patient: {told} {text(value)}".strip())


def as_it_stands(one: Entry, told: str) -> str:
    """Its words, with its status before them where that takes them back."""
    status = text(one.resource.get("status"))
    return f"({status}) {told}" if told and status.casefold() in _NOT else told


def _is_another(one: Entry, other: Entry) -> bool:
    """Whether two Patients are two people: systems send one twice, with the same identifier."""
    ours, theirs = (
        {text(told.get("value")) for told in objects(who.resource.get("identifier"))} for who in (one, other)
    )
    return one.place != other.place and ours.isdisjoint(theirs - {""})
