"""NHS Booking and Referral Standard (FHIR R4): from a message to what it tells. Pure.

Source: NHSDigital/NHSDigital-FHIR-BookingAndReferrals (guide, code systems, 34 example messages); what each place is
read as, and by which table: docs/connect/bars.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.intake.sources.bars.addresses import allowed
from services.intake.sources.bars.bundle import inner, message, objects, text
from services.intake.sources.bars.clinical import clinical
from services.intake.sources.bars.draft import Draft
from services.intake.sources.bars.meaning import check_receiver, does
from services.intake.sources.bars.people import patient, referrer
from services.intake.sources.bars.periods import end_what_is_over
from services.intake.sources.bars.prose import said
from services.intake.sources.told import Told

if TYPE_CHECKING:
    from services.intake.senders import Source
    from services.intake.sources.bars.bundle import Message

CANCELLED: Final = {"entered-in-error": "sent-in-error"}  # `revoked` says that it is taken back, and not why
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def told(body: bytes, source: Source) -> Told:
    """What a sender's message says; `Refused` where it cannot be read, or asks for what is not done here."""
    read = message(body)
    asked = does(read)
    check_receiver(read, source)
    end_what_is_over(read.entries, read.timestamp, text(read.focus.resource.get("authoredOn")))
    draft = Draft(warnings=list(read.warnings), amends=asked == "amend")
    if asked == "cancel":
        status = text(read.focus.resource.get("status"))
        draft.say("reason", CANCELLED.get(status, ""), read.focus.at("status"))
        for note in objects(read.focus.resource.get("note")):
            draft.tell("note", text(note.get("text")), read.focus.at("note"))
    else:
        patient(read, draft)
        referrer(read, draft)
        clinical(read, draft)
        _header(read, draft)
    listens = _listens(read, source, draft)
    places = {
        "message_id": "X-Request-Id",
        "person": "Bundle.entry.resource.ofType(Patient)",
        "reason": read.focus.at("reasonCode"),
    }
    return Told(
        "bars",
        asked,
        draft.written(),
        names=named(read),
        referral_id=None if asked == "refer" else as_uuid(text(read.focus.resource.get("id"))),
        trail=places | draft.trail,
        warnings=tuple(dict.fromkeys(draft.warnings)),
        attachments=tuple(draft.attachments),
        reply_to={**reply_to(read), **listens},
        person=_person(read) if asked == "cancel" else None,
        adds=frozenset(("attachments", *(draft.adds - draft.named))),
    )


def _header(read: Message, draft: Draft) -> None:
    """What people wrote into the header."""
    header = read.header
    told = said({part: header.resource[part] for part in ("text", "extension", "contained") if part in header.resource})
    draft.keep(header.place, "\n".join(filter(None, (told, text(inner(header.resource, "reason", "text"))))))


def _person(read: Message) -> dict[str, Any] | None:
    """Whom a cancellation says that it is about, if it does."""
    draft = Draft(warnings=[])
    patient(read, draft)
    return draft.written() or None


def named(read: Message) -> tuple[str, ...]:
    """What the sender calls the referral: the ServiceRequest's identifiers. Ids of a Bundle's own are used again and again."""
    found: dict[str, None] = {}
    for one in objects(read.focus.resource.get("identifier")):
        if value := text(one.get("value")):
            found[f"{text(one.get('system')).casefold()}|{value}"] = None
    return tuple(found)


def reply_to(read: Message) -> dict[str, str]:
    """What an answer quotes: the Bundle's id, the focus and its status."""
    bundle, focus = read.bundle_id, read.focus_url.removeprefix("urn:uuid:")
    found = {
        "bundle": bundle if _ID.fullmatch(bundle) else "",
        "focus": focus.lower() if _UUID.fullmatch(focus) else "",
        "status": text(read.focus.resource.get("status")) if read.focus.type == "ServiceRequest" else "",
    }
    return {name: value for name, value in found.items() if value}


def _listens(read: Message, source: Source, draft: Draft) -> dict[str, str]:
    """Where the sender listens, if its settings allow that address; it is told where they do not."""
    if source.bars is None or not source.bars.replies:
        return {}
    endpoint = text(inner(read.header.resource, "source", "endpoint"))
    if allowed(endpoint, source.bars.replies):
        return {"endpoint": endpoint}
    draft.warn(read.header.at("source.endpoint"), "reply-address")
    return {}


def as_uuid(value: str) -> UUID | None:
    """The UUID that a text is."""
    return UUID(value) if _UUID.fullmatch(value) else None
