"""Whether a resource's author still stands by it: else its words alone are kept, and say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.sources.bars.bundle import codings, text

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry

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
    *("suspended", "inactive", "noshow", "failed", "draft", "intended"),
}
_YES: Final = (True, "true")
TURNS: Final = ("provision", "modifierExtension")  # parts that may turn what they hold round by themselves
_UNASKED: Final = _NOT | {"proposal", "option"}  # intents of a request that nobody has made yet
_NO_MORE: Final = TAKEN_BACK | {"refuted", "inactive", "resolved", "remission"}  # of an allergy: it is over, or none


def as_it_stands(one: Entry, told: str) -> str:
    """Its words, with its status before them where that takes them back."""
    resource = one.resource
    found = [word for part in ("status", "intent") if (word := text(resource.get(part))).casefold() in _UNASKED]
    for part in ("clinicalStatus", "verificationStatus"):
        if part in resource:
            found += [word for _, word, _ in codings(resource[part]) if word.casefold() in _NO_MORE]
    return f"({', '.join(dict.fromkeys(found))}) {told}" if told and found else told


def turned_round(value: dict[str, Any], name: str) -> str:
    """What makes of an object's words the contrary of what they say alone; nothing for most.

    FHIR R4's modifier elements that hold no words: doNotPerform anywhere, a status inside a resource (`name`; a resource's own
    is told by `as_it_stands`), what a provision of a consent permits or denies, extensions that modify what they stand in.
    """
    if "doNotPerform" in value and value["doNotPerform"] in _YES:
        return "NOT to be done:"
    if "status" in value and name and (status := text(value["status"])).casefold() in _NOT:
        return f"({status})"
    if name == "provision":
        return {"deny": "denied:", "permit": "permitted:"}.get(text(value.get("type")), "")
    return "changed in its meaning by:" if name == "modifierExtension" else ""
