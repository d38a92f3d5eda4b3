"""How a message would be read and answered, without a system: for those who connect one. Pure; nothing is looked up.

It does what `handlers.refer` does before it takes anything, by the same functions. What only the store knows (is it a repeat, is its
referral known) stands as if this were the first message of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from services.intake import person
from services.intake.alarm import Alarm
from services.intake.coding import code, locality_of
from services.intake.problems import Refused
from services.intake.reading import Reading, read
from services.intake.sources.forms import FORMS
from services.intake.taking import answer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.coding import Place
    from services.intake.reading import Notice
    from services.intake.senders import Source
    from services.intake.sources.forms import Moment, Reply
    from services.intake.sources.told import Told


class Value(NamedTuple):
    """One value: where it stood in the message, where it stands in the contract, and the value itself."""

    place: str
    path: str
    value: Any


class Preview(NamedTuple):
    """What would become of a message. `facts` is the coded referral that triage would be told, without what was not said."""

    does: str | None
    values: tuple[Value, ...]
    unmapped: tuple[Value, ...]
    warnings: tuple[Notice, ...]
    locality: str | None
    facts: dict[str, Any] | None
    reply: Reply
    refused: Refused | None = None


def preview(standard: str, content: bytes, source: Source, place: Place, *, phone_now: str, moment: Moment) -> Preview:
    """Reads a message in a standard, as this source would send it."""
    form = FORMS[standard]
    try:
        told = form.read(content, source)
    except Refused as refused:
        return Preview(None, (), (), (), None, None, form.refused(content, refused, source, moment), refused)
    reading = read(told.document, place.screen.silent)
    alarm = Alarm(reading, source.id, phone_now)
    try:
        if told.does == "refer":
            person.demand(reading)
    except Refused as refused:
        refused.members |= alarm.members
        reply = form.refused(content, told.located(refused), source, moment)
        return _seen(told, reading, None, None, reply)._replace(refused=refused)
    locality = locality_of(reading, place, source.locality)
    here = place.localities.get(locality) or place.localities[place.default]
    coded = code(reading, place, moment.now.astimezone(here.zone).date())
    facts = msgspec.to_builtins(coded) if told.does in {"refer", "amend"} else None
    warnings = [*told.warnings, *told.placed(reading.warnings)]
    answer = answer_of(moment.new_id, warnings, **alarm.members)
    return _seen(told, reading, locality, facts, form.taken(told, answer, False, moment))  # noqa: FBT003  (as in Form)


def _seen(told: Told, reading: Reading, locality: str | None, facts: dict[str, Any] | None, reply: Reply) -> Preview:
    values = tuple(Value(told.place(path), path, value) for path, value in _leaves(_said(reading.document)))
    unmapped = tuple(Value(name, "unmapped", text) for name, text in (reading.document.get("unmapped") or {}).items())
    warnings = (*told.warnings, *told.placed(reading.warnings))
    return Preview(told.does, values, unmapped, warnings, locality, facts, reply)


def _said(document: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in document.items() if name != "unmapped"}


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a document with its path."""
    if isinstance(node, dict):
        for name, item in node.items():
            yield from _leaves(item, f"{path}.{name}" if path else name)
    elif isinstance(node, list):
        for place, item in enumerate(node):
            if item is not None:
                yield from _leaves(item, f"{path}[{place}]")
    else:
        yield path, node
