"""Documents that came with a message: those inside it become attachments, those elsewhere are noted and never fetched."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from services.intake.safety.readable import words_of
from services.intake.sources.bars.bundle import inner, objects, text, words
from services.intake.sources.told import MOST_ATTACHMENTS, attached, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.sources.bars.bundle import Entry, Message
    from services.intake.sources.bars.draft import Draft

_TAKEN_BACK: Final = "entered-in-error"


def papers(message: Message, draft: Draft) -> None:
    """Reads DocumentReference, Binary and what a Communication or QuestionnaireResponse has attached."""
    elsewhere: list[dict[str, Any]] = []
    for number, (place, paper) in enumerate(_papers(message, draft)):
        url, media = text(paper.get("url")), text(paper.get("contentType"))
        inside = message.find({"reference": url}) if url and "data" not in paper else None
        data = inner(inside.resource, "data") if inside else paper.get("data")
        if number >= MOST_ATTACHMENTS:
            draft.warn(place, "too-many")
        elif isinstance(data, str):
            _inline(data, media or text(inner(inside.resource if inside else None, "contentType")), place, draft)
        elif url:
            elsewhere.append({"id": url[:2000], "type": media})
            draft.warn(place, "attachment-elsewhere")
    if draft.attachments or elsewhere:
        draft.values["attachments"] = [*listed(draft.attachments), *elsewhere]


def _papers(message: Message, draft: Draft) -> Iterator[tuple[str, dict[str, Any]]]:
    referred = set()
    for one in message.of("DocumentReference"):
        draft.keep(one.at("description"), text(one.resource.get("description")) or words(one.resource.get("type")))
        for content in objects(one.resource.get("content")):
            paper = content.get("attachment")
            if isinstance(paper, dict):
                draft.keep(one.at("content.attachment.title"), text(paper.get("title")))
                inside = message.find({"reference": text(paper.get("url"))})
                referred.add(inside.place if inside else "")
                if _stands(one, draft):
                    yield one.at("content.attachment"), paper
    for one in message.of("Communication"):
        for payload in objects(one.resource.get("payload")):
            if isinstance(paper := payload.get("contentAttachment"), dict) and _stands(one, draft):
                yield one.at("payload.contentAttachment"), paper
    for one in message.of("Binary"):
        if one.place not in referred:
            yield one.at("data"), one.resource


def _stands(one: Entry, draft: Draft) -> bool:
    """Whether its author stands by a document: one that was entered in error may be another person's."""
    told = {text(one.resource.get(part)).casefold() for part in ("status", "docStatus")}
    if _TAKEN_BACK in told:
        draft.warn(one.place, "attachment-taken-back")
    return _TAKEN_BACK not in told


def _inline(data: str, media: str, place: str, draft: Draft) -> None:
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        draft.warn(place, "unreadable")
        return
    draft.keep(place, words_of(content, media))
    found, warnings = attached(content, media, place)
    draft.warnings.extend(warnings)
    if found:
        draft.attachments.append(found)
