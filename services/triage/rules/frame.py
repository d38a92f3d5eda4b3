"""The frame of a rule file: a strict subset of YAML, read as text alone.

Nothing is resolved: `no` is the word no, `2026.10` keeps its nought, a date is its letters. Anchors, aliases, tags,
directives, second documents and duplicate keys are refused: each would let a file say other than what it shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.reader import ReaderError

from services.triage.rules.findings import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.triage.rules.findings import Place

MOST_BYTES: Final = 1 << 20
DEEPEST: Final = 10
_UNSEEN: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, half characters
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; None where the file says null. `block` is a literal block (`|`), whose lines stand as written."""

    line: int
    text: str | None
    block: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and their values, in the file's order."""

    line: int
    entries: dict[str, Node] = field(default_factory=dict)


Node = Scalar | Listing | Mapping


class _TooDeepError(Exception):
    """The file nests further than any rule file does."""


def read_frame(data: bytes, place: Place) -> Mapping | None:
    """The file's outermost mapping, or None where there is none to go on with; faults go to `place`."""
    text = _decoded(data, place)
    if text is None:
        return None
    try:
        top = _document(yaml.parse(text, Loader=yaml.SafeLoader), place)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        place.at(line=line).fault(f"not readable as YAML: {error.problem}", "correct the line (or the one before it)")
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        place.at(line=line).fault("a character that cannot be seen", "type the line anew")
    except (ValueError, OverflowError):  # from numbers in escapes and directives
        place.fault("not readable as YAML: an escape that no character has", "type the text as it is meant")
    except _TooDeepError:
        place.fault(f"nested more than {DEEPEST} deep", "write it as the README beside the rules engine shows")
    else:
        if isinstance(top, Mapping):
            return top
        place.at(line=1).fault("no rule set in this file", "begin with `ruleset: <locality>`")
    return None


def _decoded(data: bytes, place: Place) -> str | None:
    if len(data) > MOST_BYTES:
        place.fault(f"larger than {MOST_BYTES} bytes", "split the locality or shorten the tables")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place.at(line=line).fault("not UTF-8", "save the file as UTF-8")
        return None
    if text.startswith("\ufeff"):
        place.at(line=1).fault("begins with a byte order mark", "save the file as UTF-8 without a byte order mark")
        return None
    for number, written in enumerate(text.split("\n"), 1):
        if "\t" in written:
            place.at(line=number).fault("a tab", "use spaces")
    return text.replace("\t", " ")  # refused by now; the rest of the file is still read


def _document(events: Iterator[Any], place: Place) -> Node | None:
    """The one document's node."""
    top: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            here = place.at(line=_line(event))
            if event.version or event.tags:
                here.fault("a YAML directive", "take the line out")
            if top is not None:
                here.fault("a second document in one file", "one file holds one rule set")
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event, events, place, DEEPEST)
            top = top or node
    return top


def _node(event: Any, events: Iterator[Any], place: Place, depth: int) -> Node:
    here = place.at(line=_line(event))
    if event.anchor is not None:
        here.fault("an anchor or alias", "write the value out where it is meant")
    if getattr(event, "tag", None) is not None:
        here.fault("a YAML tag", "take the word that begins with ! out")
    if not depth:
        raise _TooDeepError
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(Mapping(here.line), events, place, depth)
    if isinstance(event, yaml.SequenceStartEvent):
        listing = Listing(here.line)
        listing.items.extend(_node(item, events, place, depth - 1) for item in _until(yaml.SequenceEndEvent, events))
        return listing
    return _scalar(event, here)


def _mapping(mapping: Mapping, events: Iterator[Any], place: Place, depth: int) -> Mapping:
    for event in _until(yaml.MappingEndEvent, events):
        key = _node(event, events, place, depth - 1)
        value = _node(next(events), events, place, depth - 1)
        here = place.at(line=key.line)
        if not isinstance(key, Scalar) or key.text is None:
            here.fault("a key that is no word", "a key is one word or a few, then a colon")
        elif key.text in mapping.entries:
            here.fault(f"{shown(key.text)} stands twice", "keep one of the two")
        else:
            mapping.entries[key.text] = value
    return mapping


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _until(end: type, events: Iterator[Any]) -> Iterator[Any]:
    """The events up to the one that ends this collection."""
    while not isinstance(event := next(events), end):
        yield event


def _scalar(event: Any, place: Place) -> Scalar:
    text = getattr(event, "value", "")
    if _UNSEEN.search(text):
        place.fault("a character that cannot be seen", "type the text anew")
        text = "?"
    if not _style(event) and text in _NULLS:
        return Scalar(place.line, None)
    return Scalar(place.line, text, block=_style(event) == "|")


def _style(event: Any) -> str:
    """How a scalar is written: blank where it is plain."""
    return getattr(event, "style", None) or ""
