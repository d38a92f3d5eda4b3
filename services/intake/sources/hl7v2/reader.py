"""HL7 v2 REF: I12 refers, I13 changes, I14 cancels. From bytes to what they tell; only what is used is demanded."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from services.intake.contract import values
from services.intake.contract.code_lists import CANCELLATION_REASONS
from services.intake.contract.reading import Notice, read
from services.intake.person import missing
from services.intake.problems import Fault, Refused
from services.intake.sources.hl7v2 import observed, people, referral
from services.intake.sources.hl7v2.draft import SYSTEMS, Draft
from services.intake.sources.hl7v2.message import Header, Message, id_shaped, parse
from services.intake.sources.hl7v2.observations import OURS
from services.intake.sources.hl7v2.profile import Hl7, takes
from services.intake.sources.hl7v2.segment import Segment, part
from services.intake.sources.told import Told, listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.intake.senders import Source
    from services.intake.sources.told import Does

_DOES: Final[dict[str, Does]] = {"I12": "refer", "I13": "amend", "I14": "cancel"}
_VERSION: Final = re.compile(r"2\.[3-8](\.\d)?|")
_NOT_CONTENT: Final = frozenset(("EVN", "MSA", "SFT", "UAC", "DSC"))


class Echo(NamedTuple):
    """What the answer gives back of the message: its header, ids of the referral and the person, and what was agreed."""

    header: Header
    profile: Hl7 | None
    referral: tuple[str, ...]
    person: tuple[str, ...]


def told(body: bytes, source: Source) -> Told:
    """What a message says. `Refused` where it is none that is taken here."""
    message = parse(body, source.hl7.charset if source.hl7 else None)
    does = _does(message.header, source)
    if extra := message.of("PID")[1:]:
        raise _refused(extra[0].place(3), "unreadable", "the message is about two persons (PID): send one each")
    said = _cancelled(message) if does == "cancel" else _referred(message, does, source.hl7)
    notices = [Notice("MSH-18", "charset")] if message.misdeclared else []
    return said._replace(
        document=_identified(message.header) | said.document,
        names=_names(message),
        referral_id=_our_id(message),
        warnings=(*notices, *said.warnings),
        echo=_echo(message, source.hl7),
    )


def _does(header: Header, source: Source) -> Does:
    """What is asked. A live source's training messages are not taken, nor a synthetic one's of production."""
    if header.type != "REF":
        raise _refused("MSH-9", "unsupported", "of message types REF is taken here")
    if header.event not in _DOES:
        raise _refused("MSH-9", "unsupported", "of REF the events I12, I13 and I14 are taken here")
    if not _VERSION.fullmatch(header.version):
        raise _refused("MSH-12", "unsupported", "versions 2.3 to 2.8 are taken here")
    taken = takes(source.hl7, synthetic=source.synthetic)
    if header.processing and header.processing not in taken:
        detail = f"of this sender the processing id {' or '.join(sorted(taken))} is taken: nothing was kept"
        raise _refused("MSH-11", "unsupported", detail)
    return _DOES[header.event]


def _referred(message: Message, does: Does, profile: Hl7 | None) -> Told:
    draft = Draft(changes=does == "amend")
    readers: dict[str, Callable[[Draft, Segment], None]] = {
        "PID": people.person,
        "PD1": people.practice,
        "NK1": people.carer,
        "RF1": partial(referral.referral, offset=message.header.offset),
        "PRD": referral.provider,
        "DG1": referral.diagnosis,
        "OBX": partial(observed.observation, own=profile.observations if profile else {}),
        "NTE": referral.note,
    }
    for segment in message.segments:
        if segment.name not in _NOT_CONTENT:
            if reader := readers.get(segment.name):
                reader(draft, segment)
            draft.leave_rest(segment)
    draft.settle()
    return _finished(draft, message.header, does)


def _finished(draft: Draft, header: Header, does: Does) -> Told:
    adds = {"attachments"}
    if draft.attachments:
        draft.document["attachments"] = listed(draft.attachments)
    if does == "refer":
        if draft.attachments and "reason" in {fault.path for fault in missing(read(draft.document))}:
            draft.put("reason.text", "The reason is in the attached document.", "OBX-5")
            adds.add("reason.text")  # ours: the referral may be known already, and have a reason of its sender's
        if values.ods(header.facility):
            draft.document.setdefault("referrer", {}).setdefault("organisation", header.facility)
            draft.trail.setdefault("referrer.organisation", "MSH-4")
    nowhere = {"person": "PID-3", "reason": "RF1-10", "message_id": "MSH-10"}
    return Told(
        *("hl7v2", does, draft.document),
        trail=nowhere | draft.trail,
        warnings=tuple(draft.notices),
        attachments=tuple(draft.attachments),
        adds=frozenset(adds),
    )


def _cancelled(message: Message) -> Told:
    """I14: why, as a code of ours in RF1-10; whatever else people wrote is the note."""
    rf1 = message.first("RF1")
    told = [
        text
        for parts in (rf1.repeats(10, whole=True) if rf1 else ())
        for place, text in enumerate(parts)
        if text and place not in SYSTEMS
    ]
    reasons = [text for text in told if text.casefold().replace(" ", "-") in CANCELLATION_REASONS]
    reason, others = next(iter(reasons), ""), [text for text in told if text not in reasons]
    notes = [segment.prose(3) for segment in message.of("NTE")]
    document = {"reason": reason, "note": "\n\n".join(filter(None, [*others, *notes]))}
    kept = {name: text for name, text in document.items() if text}
    trail = {"reason": "RF1-10", "note": "NTE-3", "message_id": "MSH-10"}
    return Told("hl7v2", "cancel", kept, trail=trail, person=_person(message))


def _person(message: Message) -> dict[str, Any] | None:
    """Who a cancellation says that it is about."""
    pid = message.first("PID")
    if pid is None:
        return None
    draft = Draft(changes=False)
    people.person(draft, pid)
    return {group: draft.document[group] for group in ("person", "contact") if group in draft.document} or None


def _identified(header: Header) -> dict[str, str]:
    """MSH-10 is unique for the application and facility that sent it, and for no more."""
    sender = (header.application, header.facility, header.control_id)
    return {"message_id": "|".join(sender)} if header.control_id else {}


def _names(message: Message) -> tuple[str, ...]:
    """What the sender calls the referral: RF1-6 and RF1-11, unique for its application and facility."""
    header = message.header
    found = []
    for field, ids in _referral_ids(message):
        number, space = part(ids, 1), part(ids, 2) or part(ids, 3)
        if number.strip('"') and space.upper() != OURS:
            found.append("|".join((header.application, header.facility, str(field), space, number)))
    return tuple(found)


def _our_id(message: Message) -> UUID | None:
    """Our own id of the referral, where the sender quotes it."""
    for _, ids in _referral_ids(message):
        if part(ids, 2).upper() == OURS:
            try:
                return UUID(part(ids, 1))
            except ValueError:
                raise _refused(
                    "RF1-11", "unreadable", f"what is told in the namespace {OURS} is no id of ours"
                ) from None
    return None


def _referral_ids(message: Message) -> list[tuple[int, list[str]]]:
    rf1 = message.first("RF1")
    return [(field, ids) for field in (6, 11) if rf1 and (ids := rf1.texts(field))]


def _echo(message: Message, profile: Hl7 | None) -> Echo:
    rf1, pid = message.first("RF1"), message.first("PID")
    return Echo(
        message.header,
        profile,
        tuple(map(id_shaped, rf1.texts(6))) if rf1 else (),
        tuple(map(id_shaped, _identifier(pid))) if pid else (),
    )


def _identifier(pid: Segment) -> list[str]:
    return next((ids for field in (3, 2, 4) if (ids := pid.texts(field))), [])


def _refused(place: str, code: str, detail: str) -> Refused:
    return Refused(400, code, detail, Fault(place, code, detail))
