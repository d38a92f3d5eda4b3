"""The frame of a rule file: a strict subset of YAML, read as text alone.

Nothing is resolved: `no` is the word no, `2026.10` keeps its nought, a date is its letters. Anchors, aliases, tags,
merges, directives, second documents, duplicate keys and what cannot be seen are refused: each would let a file say
other than what it shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from services.triage.rules.findings import shown
from services.triage.rules.letters import unseen, unseen_fault, without_unseen
from services.triage.rules.standing import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.triage.rules.findings import Place

MOST_BYTES: Final = 1 << 20
MOST_LINES: Final = 20_000
MOST_PARTS: Final = 20_000  # keys, values, lists, blocks
DEEPEST: Final = 10
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
# Without libyaml the slower parser reads. The two differ in which odd signs may stand unquoted inside braces, never in
# what a file that both can read says.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SHAPE: Final = "write it as the README beside the rules engine shows"
_AMISS: Final = """\
check this line and the one before it: brackets and quotes are closed, the lines of a table are set in alike, \
and a text with `: ` or ` #` in it, or that begins with a sign, stands in quotes"""


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


class _BeyondError(Exception):
    """The file is more than any rule file: where, and what of it."""


def read_frame(data: bytes, place: Place) -> Mapping | None:
    """The file's outermost mapping, or None where there is none to go on with; faults go to `place`."""
    lines = _lines(data, place)
    if lines is None:
        return None
    try:
        top = _document(_bounded(yaml.parse("\n".join(lines.texts), Loader=_LOADER)), lines)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two from numbers in escapes
        mark: Any = getattr(error, "problem_mark", None)
        here = lines.at(mark.line + 1, mark.column) if mark else place
        if not place.findings:  # else what was found before is the likely cause
            here.fault(f"not readable as YAML: {getattr(error, 'problem', 'an escape that no character has')}", _AMISS)
    except _BeyondError as error:
        event, message = error.args
        _place(event, lines).fault(message, _SHAPE)
    else:
        if isinstance(top, Mapping):
            return top
        place.at(line=1).fault("no rule set in this file", "begin with `ruleset: <locality>`")
    return None


def _lines(data: bytes, place: Place) -> Lines | None:
    """The lines as they seem; what cannot be seen is noted and taken out, so that the rest is still read."""
    if len(data) > MOST_BYTES or data.count(b"\n") > MOST_LINES:
        message = f"larger than {MOST_BYTES} bytes or {MOST_LINES} lines"
        place.fault(message, "split the locality or shorten the tables")
        return None
    written = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    lines = Lines(tuple(map(without_unseen, written)), place)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        here = lines.at(data.count(b"\n", 0, error.start) + 1, error.start - start)
        here.fault("not UTF-8", "save the file as UTF-8")
        return None
    for number, line in enumerate(written, 1):
        if (at := unseen(line)) is not None:
            lines.at(number, at).fault(*unseen_fault(line[at]))
        if line.startswith("%"):
            place.at(line=number).fault("a YAML directive", "take the line out")
    return lines


def _bounded(events: Iterator[Any]) -> Iterator[Any]:
    for number, event in enumerate(events):
        if number > MOST_PARTS:
            raise _BeyondError(event, f"more than {MOST_PARTS} keys and values")
        yield event


def _document(events: Iterator[Any], lines: Lines) -> Node | None:
    """The one document's node."""
    top: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent) and top is not None:
            here = lines.file.at(line=_line(event))
            here.fault("a second document in one file", "one file holds one rule set")
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event, events, lines, DEEPEST)
            top = top or node
    return top


def _node(event: Any, events: Iterator[Any], lines: Lines, depth: int) -> Node:
    if event.anchor is not None:
        _place(event, lines).fault("an anchor or alias", "write the value out where it is meant")
    if getattr(event, "tag", None) is not None:
        _place(event, lines).fault("a YAML tag", "take the word that begins with ! out")
    if not depth:
        raise _BeyondError(event, f"nested more than {DEEPEST} deep")
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(Mapping(_line(event)), events, lines, depth)
    if isinstance(event, yaml.SequenceStartEvent):
        listing = Listing(_line(event))
        listing.items.extend(_node(item, events, lines, depth - 1) for item in _until(yaml.SequenceEndEvent, events))
        return listing
    return _scalar(event, lines)


def _mapping(mapping: Mapping, events: Iterator[Any], lines: Lines, depth: int) -> Mapping:
    for event in _until(yaml.MappingEndEvent, events):
        key = _node(event, events, lines, depth - 1)
        value = _node(next(events), events, lines, depth - 1)
        text = key.text if isinstance(key, Scalar) else None
        if text is None:
            _place(event, lines).fault("a key that is no word", "a key is one word or a few, then a colon")
        elif text == "<<":
            _place(event, lines).fault("a merge of other keys", "write the keys out where they are meant")
        elif text in mapping.entries:
            _place(event, lines, text).fault(f"{shown(text)} stands twice", "keep one of the two")
        else:
            mapping.entries[text] = value
    return mapping


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _place(event: Any, lines: Lines, column: str = "") -> Place:
    return lines.at(_line(event), event.start_mark.column).at(column=column)


def _until(end: type, events: Iterator[Any]) -> Iterator[Any]:
    """The events up to the one that ends this collection."""
    while not isinstance(event := next(events), end):
        yield event


def _scalar(event: Any, lines: Lines) -> Scalar:
    """A text; `style` is how it is written, blank where it is plain, `|` for a literal block."""
    line, text, style = _line(event), getattr(event, "value", ""), getattr(event, "style", None)
    if unseen(text.replace("\n", " ")) is not None:
        _place(event, lines).fault("an escape for a character that cannot be seen", "type the text as it is meant")
        text = "?"
    if style and style in "'\"" and event.end_mark.line > event.start_mark.line:
        _place(event, lines).fault("a quote that does not close on its line", "close it, or write the text under `>-`")
    if not style and text in _NULLS:
        return Scalar(line, None)
    return Scalar(line, text, block=style == "|")
