"""Takes typed values out of the frame. A fault is noted where the value stands; what is returned then is blank."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

from services.triage.rules.findings import nearest, shown
from services.triage.rules.frame import Listing, Mapping, Scalar

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.triage.rules.findings import Place
    from services.triage.rules.frame import Node

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_AS_SHOWN: Final = "write it as the README beside the rules engine shows"
_KINDS: Final = {Scalar: "a text", Listing: "a list", Mapping: "a block of keys"}


def only_keys(mapping: Mapping, allowed: Collection[str], place: Place) -> None:
    """Notes each key that is not among `allowed`."""
    for key, node in mapping.entries.items():
        if key not in allowed:
            place.at(column=key, line=node.line).fault(f"no such key: {shown(key)}", nearest(key, allowed))


def place_of(mapping: Mapping, key: str, place: Place) -> Place:
    """Where a key of a mapping stands."""
    node = mapping.entries.get(key)
    return place.at(column=key, line=node.line if node else mapping.line)


def mapping_at(mapping: Mapping, key: str, place: Place) -> Mapping | None:
    """The mapping under a key that must be there, or None after a fault."""
    node = _required(mapping, key, place)
    return node_as_mapping(node, place.at(column=key)) if node else None


def listing_at(mapping: Mapping, key: str, place: Place) -> Listing:
    """The list under a key that must be there."""
    node = _required(mapping, key, place)
    if node is None or isinstance(node, Listing):
        return node or Listing(mapping.line)
    _wrong_kind(node, Listing, place.at(column=key))
    return Listing(node.line)


def text_at(mapping: Mapping, key: str, place: Place) -> str:
    """The text under a key that must be there."""
    node = _required(mapping, key, place)
    return node_as_text(node, place.at(column=key)) if node else ""


def optional_text_at(mapping: Mapping, key: str, place: Place) -> str:
    """The text under a key that may be missing or null: blank then."""
    node = mapping.entries.get(key)
    if node is None or (isinstance(node, Scalar) and node.text is None):
        return ""
    return node_as_text(node, place.at(column=key))


def table_at(mapping: Mapping, key: str, place: Place) -> Scalar | None:
    """The table under a key that must be there: a literal block, whose lines stand as written."""
    node = _required(mapping, key, place)
    if isinstance(node, Scalar) and node.block:
        return node
    if node is not None:
        place.at(column=key, line=node.line).fault("not a table as lines of text", f"write `{key}: |`, then the lines")
    return None


def node_as_mapping(node: Node, place: Place) -> Mapping | None:
    """The node, which must be a mapping and hold something; None after a fault."""
    if not isinstance(node, Mapping):
        _wrong_kind(node, Mapping, place)
    elif not node.entries:
        place.at(line=node.line).fault("a block without keys", _AS_SHOWN)
    else:
        return node
    return None


def node_as_text(node: Node, place: Place) -> str:
    """The node's text, spaces at its ends and doubled ones taken out; it must say something."""
    if not isinstance(node, Scalar):
        _wrong_kind(node, Scalar, place)
        return ""
    text = " ".join((node.text or "").split())
    if not text:
        place.at(line=node.line).fault("blank", "fill it in")
    return text


def texts(listing: Listing, place: Place) -> list[str]:
    """The texts of a list, each of which may stand once."""
    found: dict[str, None] = {}
    for node in listing.items:
        text = node_as_text(node, place)
        if text in found:
            place.at(line=node.line).fault(f"{shown(text)} stands twice", "keep one of the two")
        elif text:
            found[text] = None
    return list(found)


def moment(text: str, place: Place) -> dt.datetime | None:
    """A time with its offset from UTC, as UTC; a blank was noted already."""
    if not text:
        return None
    cure = "write it as 2026-11-01T00:00:00Z"
    if not _MOMENT.fullmatch(text):
        place.fault(f"{shown(text)} is no time with its offset from UTC", cure)
        return None
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        place.fault(f"{shown(text)} is on no calendar", cure)
        return None


def date(text: str, place: Place) -> dt.date | None:
    """A date; a blank was noted already."""
    if not text:
        return None
    cure = "write it as 2026-11-01"
    if not _DATE.fullmatch(text):
        place.fault(f"{shown(text)} is no date", cure)
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        place.fault(f"{shown(text)} is on no calendar", cure)
        return None


def _required(mapping: Mapping, key: str, place: Place) -> Node | None:
    node = mapping.entries.get(key)
    if node is None:
        place.at(column=key, line=mapping.line).fault(f"{key!r} is missing", f"add `{key}:`")
    return node


def _wrong_kind(node: Node, wanted: type, place: Place) -> None:
    message = f"{_KINDS[type(node)]} where {_KINDS[wanted]} belongs"
    place.at(line=node.line).fault(message, _AS_SHOWN)
