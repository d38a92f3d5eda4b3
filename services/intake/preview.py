"""How a message would be read and answered, without a system: for those who connect one. Pure; nothing is looked up.

It does what `handlers.refer` does before it takes anything, by the same functions. What only the store knows (is it a repeat, is its
referral known) stands as if this were the first message of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid5

import msgspec
import orjson

from services.intake import person
from services.intake.coding import code, locality_of
from services.intake.contract.reading import Reading, read
from services.intake.problems import Refused
from services.intake.rows import Report
from services.intake.safety.alarm import Alarm
from services.intake.sources import csv
from services.intake.sources.forms import FORMS, Reply
from services.intake.taking.desk import answer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.coding import Place
    from services.intake.contract.reading import Notice
    from services.intake.senders import Source
    from services.intake.sources.forms import Form, Moment
    from services.intake.sources.told import Told


class Value(NamedTuple):
    """One value: where it stood in the message, where it stands in the contract, and the value itself."""

    place: str
    path: str
    value: Any


class Preview(NamedTuple):
    """What would become of a message. `facts` is the coded referral that triage would be told, without what was not said.

    A row of a file has no `reply` of its own: the file has one.
    """

    does: str | None
    values: tuple[Value, ...] = ()
    unmapped: tuple[Value, ...] = ()
    warnings: tuple[Notice, ...] = ()
    locality: str | None = None
    facts: dict[str, Any] | None = None
    reply: Reply | None = None
    refused: Refused | None = None


class Where(NamedTuple):
    """Where a message would come to: from whom, to what installation, which says what in an emergency."""

    source: Source
    place: Place
    phone_now: str


def preview(standard: str, content: bytes, where: Where, moment: Moment, *, by_mesh: bool = False) -> Preview:
    """Reads a message in a standard, as this source would send it."""
    form = FORMS[standard]
    try:
        told = form.read(content, where.source)
    except Refused as refused:
        if by_mesh or standard == "bars":  # whose transports say it of what nobody could read
            refused.members["phone_now"] = where.phone_now
        return Preview(None, refused=refused, reply=_no(form, content, refused, where, moment))
    seen, answer = _read(told, where, moment)
    if seen.refused:
        return seen._replace(reply=_no(form, content, seen.refused, where, moment))
    return seen._replace(reply=form.taken(told, answer, False, moment))  # noqa: FBT003  (as in Form)


def preview_rows(content: bytes, most: int, where: Where, moment: Moment) -> tuple[list[Preview], Reply]:
    """Reads a file of at most so many rows, each by itself, and answers it as `POST /referrals/csv` does."""
    try:
        head, rows = csv.rows_of(content, None, None, most)
    except Refused as refused:
        return [Preview(None, refused=refused)], _no(FORMS["csv"], content, refused, where, moment)
    report, found = Report([column.number for column in head.unknown]), []
    month_first = csv.month_first(head, rows)
    for row in rows:
        told, faults = csv.row_told(head, row, month_first=month_first)
        mine = moment._replace(new_id=uuid5(moment.new_id, str(row.line)))
        seen, answer = _read(told, where, mine, csv.refusal(faults) if faults else None)
        if seen.refused:
            report.refuse(row, seen.refused)
        else:
            report.take(row, answer, repeat=False)
        found.append(seen)
    return found, Reply(str(report.status), orjson.dumps(report.as_json()))


def _no(form: Form, content: bytes, refused: Refused, where: Where, moment: Moment) -> Reply:
    refused.detail = refused.told
    return form.refused(content, refused, where.source, moment)


def _read(told: Told, where: Where, moment: Moment, refused: Refused | None = None) -> tuple[Preview, bytes]:
    """A message as it was read, with its answer; refused for what its reader found, or without a person and a reason."""
    place, source = where.place, where.source
    reading = read(told.document, place.screen.silent)
    alarm = Alarm(reading, source.id, where.phone_now)
    try:
        if refused:
            raise refused
        if told.does == "refer":
            person.demand(reading)
    except Refused as found:
        found.members |= alarm.members if alarm.members["emergency"] else {}
        return _seen(told, reading)._replace(refused=told.located(found)), b""
    locality = locality_of(reading, place, source.locality)
    here = place.localities.get(locality) or place.localities[place.default]
    coded = code(reading, place, moment.now.astimezone(here.zone).date(), placed=source.locality is not None)
    facts = msgspec.to_builtins(coded) if told.does in {"refer", "amend"} else None
    warnings = [*told.warnings, *told.placed(reading.warnings)]
    seen = _seen(told, reading)._replace(locality=locality, facts=facts)
    return seen, answer_of(moment.new_id, warnings, **alarm.members)


def _seen(told: Told, reading: Reading) -> Preview:
    values = tuple(Value(told.place(path), path, value) for path, value in _leaves(_said(reading.document)))
    unmapped = tuple(Value(name, "unmapped", text) for name, text in (reading.document.get("unmapped") or {}).items())
    return Preview(told.does, values, unmapped, (*told.warnings, *told.placed(reading.warnings)))


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
