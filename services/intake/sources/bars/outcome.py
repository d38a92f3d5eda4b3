"""A receiving team's servicerequest-response: which referral it answers, and what outcome it is.

BaRS says it by statuses: of the team's own Encounter (the focus) and of the ServiceRequest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.problems import Fault, Refused
from services.intake.sources.bars import as_uuid, reply_to
from services.intake.sources.bars.bundle import code, codings, first, inner, message, objects, text, words
from services.intake.sources.bars.draft import Draft
from services.intake.sources.bars.meaning import RESPONSE, event
from services.intake.sources.bars.people import person_named
from services.intake.sources.told import Told

if TYPE_CHECKING:
    from uuid import UUID

    from services.intake.senders import Team
    from services.intake.sources.bars.bundle import Entry, Message

_ACCEPTED: Final = frozenset(("planned", "arrived", "triaged", "in-progress", "onleave"))
_REJECTED: Final = frozenset(("revoked", "entered-in-error"))
# BaRS rejections (rejected-reasons-bars, dos-rejected-reasons-bars) all say that this service does not take the person:
# MHSDS REFERRAL REJECTION REASON 02, another service is needed (K). The hub, which owns a returned referral, reviews it.
REJECTION: Final = "02"
ONWARD: Final = "hub-review"


def told(body: bytes, team: Team) -> Told:
    """What a team's message says; `Refused` where it is no response, or no outcome can be read from its statuses."""
    read = message(body)
    if event(read) != RESPONSE:
        detail = "a team sends servicerequest-response"
        raise Refused(400, "combination", detail, Fault("MessageHeader.eventCoding", "combination", detail))
    request = read.focus if read.focus.type == "ServiceRequest" else first_request(read)
    seen = _encounter(read)
    draft = Draft(warnings=list(read.warnings))
    place = seen.at("status") if seen else "Bundle.entry.resource.ofType(Encounter).status"
    draft.say("kind", _kind(request, seen, place), place)
    _why(draft, seen)
    _by(draft, read, seen, team)
    return Told(
        "bars",
        "answer",
        draft.written(),
        referral_id=_referral(request),
        trail=draft.trail,
        warnings=tuple(dict.fromkeys(draft.warnings)),
        reply_to=reply_to(read),
    )


def first_request(read: Message) -> Entry | None:
    """The ServiceRequest of a response, which its focus does not name."""
    return next(iter(read.of("ServiceRequest")), None)


def _encounter(read: Message) -> Entry | None:
    """The team's own Encounter: the focus, else the only one; which of several speaks of the team, nobody can tell."""
    if read.focus.type == "Encounter":
        return read.focus
    found = read.of("Encounter")
    return found[0] if len(found) == 1 else None


def _referral(request: Entry | None) -> UUID | None:
    """Our id of the referral: the ServiceRequest's id, as we minted it, or one of its identifiers."""
    if request is None:
        return None
    values = (text(one.get("value")) for one in objects(request.resource.get("identifier")))
    return next((found for value in (text(request.resource.get("id")), *values) if (found := as_uuid(value))), None)


def _kind(request: Entry | None, seen: Entry | None, place: str) -> str:
    asked = text(request.resource.get("status")) if request else ""
    status = text(seen.resource.get("status")) if seen else ""
    if asked in _REJECTED or status == "cancelled":
        return "returned"
    if status == "finished" or (asked == "completed" and not status):
        return "closed"
    if status in _ACCEPTED:
        return "accepted"
    expected = "the Encounter's status says what came of it: planned to in-progress (accepted), cancelled (returned), finished (closed)"
    raise Refused(422, "message-rule", expected, Fault(place, "message-rule", expected))


def _why(draft: Draft, seen: Entry | None) -> None:
    """The reason, as a code: of a return the one that BaRS rejections come to; of a closure the team's own."""
    concept: Any = first(seen.resource.get("reasonCode")) if seen else {}
    place = seen.at("reasonCode") if seen else "Bundle"
    if draft.values["kind"] == "returned":
        draft.say("reason", REJECTION, place)
        draft.say("onward", ONWARD, place)
        if not codings(concept):
            draft.warn(place, "unreadable")
    elif draft.values["kind"] == "closed":
        draft.say("reason", code(concept) or "not told", place)
    draft.tell("note", words(concept), place)


def _by(draft: Draft, read: Message, seen: Entry | None, team: Team) -> None:
    """Who answers for it: the Encounter's participant; else the system of the team."""
    acting = read.find(inner(first(seen.resource.get("participant")), "individual")) if seen else None
    name, role, registration = person_named(read, acting)
    header = read.header.at("source.name")
    by = {"name": name or team.name, "role": role or "receiving system", "registration": registration}
    for part, value in by.items():
        draft.say(f"by.{part}", value, acting.place if acting else header)
