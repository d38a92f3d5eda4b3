"""OBX: documents, answers to questions of ours, and what people wrote."""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial
from typing import TYPE_CHECKING, Final

from services.intake.contract import values
from services.intake.contract.reading import MOST_WARNINGS
from services.intake.safety.readable import words_of
from services.intake.sources.answered import in_scale, is_answer, reassures
from services.intake.sources.hl7v2.observations import mistyped, path_of, read_as
from services.intake.sources.hl7v2.segment import NULL, part
from services.intake.sources.hl7v2.texts import date_of
from services.intake.sources.paths import KINDS, NO_SUCH, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.contract.values import Kind
    from services.intake.sources.hl7v2.draft import Draft
    from services.intake.sources.hl7v2.segment import Segment

_MEDIA: Final = {
    "PDF": "application/pdf",
    "RTF": "application/rtf",
    **dict.fromkeys(("JPEG", "JPG"), "image/jpeg"),
    "PNG": "image/png",
    **dict.fromkeys(("TIFF", "TIF"), "image/tiff"),
    **dict.fromkeys(("PLAIN", "TEXT"), "text/plain"),
    "DOCX": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_PROSE: Final = frozenset(("FT", "TX", ""))  # an observation without a type is read as what people wrote
# OBX-11, HL7 table 0085: deleted, posted as wrong (of another person), cannot be obtained; and what is no result (yet): order
# detail alone, not asked, pending.
_WITHDRAWN: Final = frozenset("DWX")
_UNANSWERED: Final = frozenset("ONI")


def observation(draft: Draft, obx: Segment, own: Mapping[str, str]) -> None:
    """OBX: a document, an answer to a question of ours, or text."""
    kind = obx.text(2).upper()
    path = "" if kind == "ED" else path_of([obx.text(3), obx.text(3, 4)], own)
    if obx.text(11).upper() in _WITHDRAWN:
        _withdrawn(draft, obx, kind, path)
        return
    if kind == "ED":
        _document(draft, obx)
    elif path:
        _answer(draft, path, obx)
    else:
        _told_otherwise(draft, obx, as_reason=kind in _PROSE)
    for parts in obx.repeats(3, whole=True):
        draft.leave_more(obx, 3, parts, {*parts[:2], *parts[3:4]}.__contains__)
    obx.read |= {1, 2, 3, 4, 5, 11, 14}


def _withdrawn(draft: Draft, obx: Segment, kind: str, path: str) -> None:
    """What was told before and is not so: an answer is no longer recorded; the words of it are left to read."""
    if is_answer(path) and (path.endswith("_items") or not KINDS[path][1]):
        draft.withdraw(path, obx.place(5))
    obx.read -= {3, 11}
    if kind == "ED":
        draft.warn(obx.place(5), "attachment-taken-back")
        obx.read.add(5)


def _told_otherwise(draft: Draft, obx: Segment, *, as_reason: bool) -> None:
    """What answers no question of ours. A code that was meant to name one is told to the sender."""
    text = _labelled(draft, obx)
    if as_reason:
        draft.say("reason.text", text, obx.place(5))
    else:
        draft.leave(draft.asked_at, text)
    if path := mistyped([obx.text(3), obx.text(3, 4)], [obx.text(3, 3), obx.text(3, 6)]):
        draft.warn(obx.place(3), NO_SUCH, nearest(path) if len(draft.notices) < MOST_WARNINGS else "")


def _answer(draft: Draft, path: str, obx: Segment) -> None:
    kind, several = KINDS[path]
    place = obx.place(5)
    if kind.prose:
        draft.say(path, obx.prose(5), place)
        return
    status = obx.text(11).upper()
    found = []
    for parts in obx.repeats(5, whole=True, blank=True):
        value = NULL if parts == [NULL] else read_as(path, parts)
        meant = kind.read(value)
        draft.leave_more(obx, 5, parts, partial(_same, path, value, meant, kind))
        if status in _UNANSWERED and is_answer(path):
            value = "" if meant is None or reassures(path, meant) else f"{value} ({status})"
        found.append(date_of(value) if kind is values.DATE else value)
    if path.endswith("_items"):
        draft.items(path, [value if value != NULL else None for value in found or [""]], place)
    for value in found if not path.endswith("_items") else ():
        if several:
            draft.add(path, value, place)
        else:
            draft.answer(path, value, place, kind.read)
    draft.dated(path, date_of(obx.text(14)[:8]), place)


def _same(path: str, value: str, meant: object, kind: Kind, text: str) -> bool:
    """Whether a part of a value says no more than what was read of it."""
    return text in value if meant is None else bool(kind.read(in_scale(path, text)) == meant)


def _labelled(draft: Draft, obx: Segment) -> str:
    """What was observed, and its value with its unit. Systems send a long text line by line: the next has no label again."""
    told = next(iter(obx.repeats(3, whole=True)), [])
    value, label = obx.prose(5), part(told, 2) or part(told, 1)
    text = " ".join(filter(None, (value, obx.text(6))))
    goes_on = draft.asks(obx.prose(3), obx.place(5)) if text else True
    return NULL if value == NULL else f"{label}: {text}" if label and value and not goes_on else text


def _document(draft: Draft, obx: Segment) -> None:
    """OBX-5 of type ED (source, type, subtype, encoding, data): kept as a document, and read where it is text."""
    place = obx.place(5)
    draft.leave(obx.place(3), part(next(iter(obx.repeats(3, whole=True)), []), 2))
    for parts in obx.repeats(5):
        media = _MEDIA.get(part(parts, 3).upper(), f"{part(parts, 2)}/{part(parts, 3)}".casefold())
        content = _content(part(parts, 4), part(parts, 5))
        if content is None:
            draft.warn(place, "attachment-differs")
            continue
        draft.attach(content, media, place)
        draft.leave(place, words_of(content, media))


def _content(encoding: str, data: str) -> bytes | None:
    """A document's bytes (HL7 table 0299: A is none, Hex, Base64), or nothing where they cannot be read."""
    if encoding.upper() == "A":
        return data.encode()
    try:
        written = re.sub(r"\s", "", data)
        return bytes.fromhex(written) if encoding.upper() == "HEX" else base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return None
