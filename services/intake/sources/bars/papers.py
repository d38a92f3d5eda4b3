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

    from services.intake.sources.bars.bundle import Message
    from services.intake.sources.bars.draft import Draft

_TAKEN_BACK: Final = "entered-in-error"
_NO_PAPER: Final = frozenset(("origin", "dimensions", "sigFormat", "targetFormat"))
_NESTED: Final = frozenset((dict, list))


def papers(message: Message, draft: Draft) -> None:
    """Reads what any resource has attached: a DocumentReference, a Communication, an answer, a report, a picture; Binary."""
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
    """Each document with its place: letters first, then those in other resources, then those that stand alone."""
    referred = set()
    for one in message.of("DocumentReference"):
        draft.keep(one.at("description"), text(one.resource.get("description")) or words(one.resource.get("type")))
        for content in objects(one.resource.get("content")):
            draft.keep(one.at("content.attachment.title"), text(inner(content, "attachment", "title")))
    for one in sorted(message.entries if message.has_papers else (), key=lambda one: one.type != "DocumentReference"):
        for place, paper, stands in _within(one.resource, one.place) if one.type != "Binary" else ():
            inside = message.find({"reference": text(paper.get("url"))})
            referred.add(inside.place if inside else "")
            if stands:
                yield place, paper
            else:
                draft.warn(one.place, "attachment-taken-back")
    for one in message.of("Binary"):
        if one.place not in referred:
            yield one.at("data"), one.resource


def _within(value: Any, place: str, *, stands: bool = True) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each Attachment in a resource, and each Binary in it: its place, itself, and whether its author stands by it."""
    for item in objects(value):
        stood_by = stands and ("resourceType" not in item or _stands(item))
        if _is_paper(item, place):
            yield place, item, stood_by
        for name, inside in item.items():
            if type(inside) in _NESTED:
                yield from _within(inside, f"{place}.{name}", stands=stood_by)


def _is_paper(value: dict[str, Any], place: str) -> bool:
    """Whether an object of FHIR R4 holds a document, or says where one is; SampledData and Signature have `data` too."""
    told = {part for part in ("data", "url", "contentType") if isinstance(value.get(part), str)}
    named = place.endswith(("attachment", "Attachment"))
    return named or told >= {"url", "contentType"} or ("data" in told and _NO_PAPER.isdisjoint(value))


def _stands(resource: dict[str, Any]) -> bool:
    """Whether its author stands by a resource: a letter that was entered in error may be another person's."""
    return _TAKEN_BACK not in {text(resource.get(part)).casefold() for part in ("status", "docStatus")}


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
