"""Approvals sign a rule file: each holds the digest of its text without the `approved` block.

So an edited file is no longer approved, while one approval after another leaves the earlier ones standing.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from services.triage.rules.fields import date, node_as_mapping, only_keys, optional_text_at, place_of, text_at
from services.triage.rules.findings import nearest

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from services.triage.rules.findings import Place
    from services.triage.rules.frame import Listing

DIGITS: Final = 32  # of 64: short enough to compare by eye, long enough that nobody can make two texts share them
APPROVE: Final = 'frontdoor rules approve FILE --role "{}" --name ...'
_KEYS: Final = ("role", "name", "date", "digest")
_LINE_END: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]|\\Z")  # as YAML ends lines
_PLAIN: Final = re.compile(r"[a-z]+( [a-z]+)*")
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved the rule set, in which role, when, and the digest of the text that they read."""

    role: str
    name: str
    date: dt.date
    digest: str = ""


class _Block(NamedTuple):
    """Where the `approved` block stands in a text: its whole lines, its list, each entry by its role."""

    lines: _Span
    listing: _Span
    entries: dict[str, _Span]
    flow: bool
    column: int


def digest_of(file: bytes) -> str:
    """What an approval of this rule file signs; of a file in which no `approved` block is found, all its bytes."""
    text = file.decode()
    block = _block(text)
    start, end = block.lines if block else (0, 0)
    return hashlib.sha256((text[:start] + text[end:]).encode()).hexdigest()[:DIGITS]


def sign(file: bytes, role: str, name: str, day: dt.date) -> bytes | None:
    """The file with this approval of it, in place of the role's older one; every other byte stays.

    None where there is no list `approved` at the margin to write it to.
    """
    text = file.decode()
    if (block := _block(text)) is None:
        return None
    said = role if _PLAIN.fullmatch(role) else json.dumps(role, ensure_ascii=False)
    entry = f'{{role: {said}, name: {json.dumps(name, ensure_ascii=False)}, date: {day}, digest: "{digest_of(file)}"}}'
    start, end, written = _place(text, block, role, entry)
    return (text[:start] + written + text[end:]).encode()


def read_approvals(listing: Listing, place: Place) -> Iterator[Approval]:
    """The approvals that are whole."""
    for number, node in enumerate(listing.items, 1):
        here = place.at(row=str(number), line=node.line)
        fields = node_as_mapping(node, here)
        if fields is None:
            continue
        role = text_at(fields, "role", here)
        here = here.at(row=role)
        only_keys(fields, _KEYS, here)
        name = text_at(fields, "name", here)
        day = date(text_at(fields, "date", here), place_of(fields, "date", here))
        if role and name and day:
            yield Approval(role, name, day, optional_text_at(fields, "digest", here))


def check_approvals(approved: Iterable[Approval], digest: str, roles: Iterable[str], place: Place) -> None:
    """Each approval is of this text and the only one of its role, and no required role is missing."""
    given: set[str] = set()
    for approval in approved:
        here = place.at(row=approval.role)
        if approval.role in given:
            here.at(column="role").fault("this role stands twice", "keep one of the two", "approval")
        given.add(approval.role)
        if approval.digest != digest:
            said = "approved another text" if approval.digest else "does not say which text was approved"
            cure = f"have them read and approve this one: {APPROVE.format(approval.role)}"
            here.at(column="digest").fault(said, cure, "approval")
    for role in roles:
        if role not in given:
            others = given.difference(roles)
            near = f"; among those given, {nearest(role, others)}" if others else ""
            cure = f"have one read and approve it: {APPROVE.format(role)}{near}"
            place.at(row=role, column="role").fault(f"no approval by a {role}", cure, "approval")


def _place(text: str, block: _Block, role: str, entry: str) -> tuple[int, int, str]:
    """Where an entry goes: the span that it replaces, and what is written there."""
    if role in block.entries:
        return *block.entries[role], entry
    if not block.entries:
        start, end = block.listing
        return len(text[:start].rstrip(" ")), end, f"\n  - {entry}"
    last = max(end for _, end in block.entries.values())
    if block.flow:
        return last, last, f", {entry}"
    line_end = _LINE_END.search(text, last)
    at, newline = (line_end.start(), line_end.group() or "\n") if line_end else (last, "\n")
    return at, at, f"{newline}{' ' * block.column}- {entry}"


def _block(text: str) -> _Block | None:
    """The block, found by what YAML reads and not by how lines look: no other text can pass for it."""
    try:
        events = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        top = next((event for event in events if isinstance(event, yaml.NodeEvent)), None)
        if not isinstance(top, yaml.MappingStartEvent) or top.flow_style:
            return None
        while not isinstance((key := _node(events))[0], yaml.MappingEndEvent):
            value = _node(events)
            if isinstance(key[0], yaml.ScalarEvent) and key[0].value == "approved":
                return _block_of(text, key[0], value)
    except (yaml.YAMLError, ValueError, OverflowError):  # the reading says what is wrong with it
        return None
    return None


def _block_of(text: str, key: Any, value: list[Any]) -> _Block | None:
    if not isinstance(value[0], yaml.SequenceStartEvent) or key.start_mark.column:
        return None
    listing: Any = value[0]
    if any(isinstance(event, yaml.ScalarEvent) and event.style in {"|", ">"} for event in value):
        return None  # it would end with the beginning of the next line
    events: Iterator[Any] = iter(value[1:-1])
    entries: dict[str, _Span] = {}
    while entry := _node(events):
        entries[_role(entry)] = (entry[0].start_mark.index, _end(text, entry))
    end = _end(text, value)
    line_end = _LINE_END.search(text, end)
    lines = (key.start_mark.index, line_end.end() if line_end else end)
    span = (listing.start_mark.index, end)
    return _Block(lines, span, entries, bool(listing.flow_style), listing.start_mark.column)


def _node(events: Iterator[Any]) -> list[Any]:
    """The events of the next node: one for a text, all of them for a list or mapping."""
    found: list[Any] = []
    depth = 0
    for event in events:
        found.append(event)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if not depth:
            break
    return found


def _end(text: str, node: list[Any]) -> int:
    """Where what is written of a node ends: at a text or a bracket (YAML sees a block's end at whatever comes next)."""
    return max(int(event.end_mark.index) for event in node if _is_written(text, event))


def _is_written(text: str, event: Any) -> bool:
    written = text[event.start_mark.index : event.end_mark.index]
    return isinstance(event, yaml.ScalarEvent) or (isinstance(event, yaml.CollectionEndEvent) and written in {"]", "}"})


def _role(entry: list[Any]) -> str:
    """The role in an entry of scalars; blank where it has none."""
    texts = [getattr(event, "value", "") for event in entry[1:-1]]
    fields = dict(zip(texts[::2], texts[1::2], strict=False))
    return " ".join(fields.get("role", "").split())
