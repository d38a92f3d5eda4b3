"""Reads the three kinds of rule table into rows. A row with a fault is noted and left out."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from services.triage.rules import frame, tables
from services.triage.rules.cells import Allowed, CellError, read_cell
from services.triage.rules.fields import listing_at, mapping_at, node_as_mapping, only_keys, table_at, text_at
from services.triage.rules.findings import nearest, shown
from services.triage.rules.letters import plain
from services.triage.rules.rows import (
    CURRENT_TEAM,
    OVERLAYS,
    SECTIONS,
    URGENCY,
    URGENT_SECTIONS,
    Extra,
    Route,
    Row,
    Rows,
)
from services.triage.rules.structure import check_last_row
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from services.triage.rules.destinations import Destination
    from services.triage.rules.findings import Place
    from services.triage.rules.tables import Line

_ID: Final = re.compile(r"[A-Z][A-Za-z0-9]*([.-][A-Za-z0-9]+)*")
_LONGEST_ID: Final = 20
MOST_ROWS: Final = 1000  # of every table together; each is compared with each other of its section
_SEPARATOR: Final = re.compile(r"[ ,;]+")

Outcome = TypeVar("Outcome")
When = dict[str, Allowed]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What rows may speak of.

    `asked` and `named` are the inputs and destinations that the file declares, with or without fault: a fault in a
    declaration is noted once, there. `ids` are the row ids used so far, each of which stands once in the whole file.
    """

    inputs: Mapping[str, Allowed]
    destinations: Mapping[str, Destination]
    hazards: tuple[str, ...]
    asked: Collection[str]
    named: Collection[str]
    ids: set[str] = field(default_factory=set)


class Table(NamedTuple):
    """The lines of one table as they stand in the file (None after a fault), and where."""

    place: Place
    block: frame.Scalar | None


class Tables(NamedTuple):
    """The rule tables of a file, by kind."""

    urgency: list[Table]
    sections: list[Table]
    overlays: list[Table]


def read_tables(top: frame.Mapping, place: Place) -> Tables:
    """Where the rule tables stand, each under a name of its own."""
    taken = {URGENCY, SECTIONS, OVERLAYS}
    urgency, overlays = (_tables(top, kind, taken, place.at(table=kind)) for kind in (URGENCY, OVERLAYS))
    sections = _named(listing_at(top, SECTIONS, place), taken, place.at(table=SECTIONS))
    return Tables(urgency, sections, overlays)


def read_rows(found: Tables, words: Vocabulary, place: Place) -> Rows:
    """The rows of every table; `place` is that of the list of sections."""
    urgency, sections, overlays = found
    return Rows(
        tuple(row for table in urgency for row in _rows(table, tables.URGENCY, _priority, words)),
        tuple(_routes(sections, words, place)),
        tuple(row for table in overlays for row in _rows(table, tables.OVERLAYS, _extra, words)),
    )


def _tables(top: frame.Mapping, kind: str, taken: set[str], place: Place) -> list[Table]:
    """The tables of one kind: one without a name, or a list, each by its kind and name: `urgency: worsening`."""
    node = top.entries.get(kind)
    if not isinstance(node, frame.Listing):
        mapping = mapping_at(top, kind, place)
        if mapping is None:
            return []
        only_keys(mapping, ("table",), place)
        return [Table(place, table_at(mapping, "table", place))]
    if not node.items:
        place.at(line=node.line).fault("a list without tables", "add one: `- name: ...` and `table: |`")
    return _named(node, taken, place, f"{kind}: ")


def _named(listing: frame.Listing, taken: set[str], place: Place, prefix: str = "") -> list[Table]:
    """The tables of a list, each of which has a name of its own."""
    found = []
    for node in listing.items:
        here = place.at(line=node.line)
        mapping = node_as_mapping(node, here)
        if mapping is None:
            continue
        only_keys(mapping, ("name", "table"), here)
        name = prefix + text_at(mapping, "name", here)
        if name in taken:
            here.at(column="name").fault(f"{shown(name)} is the name of another table", "name each table once")
        elif near := _nearly_urgent(name):
            here.at(column="name").fault(f"{shown(name)} is not {near!r}, whose routes go at once", f"write {near}")
        taken.add(name)
        found.append(Table(here.at(table=name), table_at(mapping, "table", here)))
    return found


def _nearly_urgent(name: str) -> str:
    """The urgent section that a name was likely meant to be: misspelt, its routes would be held."""
    if name in URGENT_SECTIONS:
        return ""
    return next(iter(difflib.get_close_matches(plain(name).lower(), URGENT_SECTIONS, n=1, cutoff=0.8)), "")


def _routes(sections: list[Table], words: Vocabulary, place: Place) -> list[Row[Route]]:
    routes: list[Row[Route]] = []
    sound = not place.findings
    for section in sections:
        before = len(place.findings)
        routes += _rows(section, tables.SECTION, _route, words)
        sound = section.block is not None and len(place.findings) == before
        if sound and not any(route.table == section.place.table for route in routes[-1:]):
            section.place.fault("a section without rows", "add its rows, or take the section out")
            sound = False
    if sound:
        check_last_row(routes, words.destinations, place)
    return routes


def _rows(
    table: Table,
    columns: tables.Columns,
    outcome: Callable[[Line, When, Vocabulary], Outcome | None],
    words: Vocabulary,
) -> Iterator[Row[Outcome]]:
    """The rows of one table, what follows from each being read by `outcome`."""
    place = table.place
    lines = tables.read_table(table.block, columns, words.asked, place)
    if len(words.ids) + len(lines) > MOST_ROWS:
        place.fault(f"more than {MOST_ROWS} rows in the whole file", "split the locality or shorten the tables")
        return
    for line in lines:
        before = len(place.findings)
        _check_id(line, words.ids)
        when, hazards = _when(line, words.inputs), _hazards(line, words.hazards)
        follows = outcome(line, when, words)
        if follows is not None and len(place.findings) == before:
            note = line.text("safety net") or line.text("note")
            yield Row(line.text("row"), place.table, when, follows, note, line.text("source"), hazards, line.place.line)


def _check_id(line: Line, ids: set[str]) -> None:
    name = line.text("row")
    if name in ids:
        line.at("row").fault(f"row {name} stands twice in this file", "give each row an id of its own: U03.1, U03.2")
    elif name and not (_ID.fullmatch(name) and len(name) <= _LONGEST_ID):
        line.at("row").fault(f"{shown(name)} is no row id", "write it as U03 or U03.1")
    ids.add(name)


def _when(line: Line, inputs: Mapping[str, Allowed]) -> When:
    """What the row asks; a cell that cannot be read is noted."""
    when = {}
    for name, cell in line.cells.items():
        if cell and name in inputs:
            try:
                when[name] = read_cell(cell, inputs[name])
            except CellError as error:
                line.at(name).fault(str(error), error.cure)
    return when


def _hazards(line: Line, known: tuple[str, ...]) -> tuple[str, ...]:
    hazards = names(line.text("hazard"))
    for hazard in hazards:
        if known and hazard not in known:
            line.at("hazard").fault(f"hazard {shown(hazard)} is not among `hazards`", nearest(hazard, known))
    return hazards


def names(cell: str) -> tuple[str, ...]:
    """The ids in a cell that may name several, with commas or spaces between."""
    return tuple(filter(None, _SEPARATOR.split(cell)))


def _priority(line: Line, _when: When, _words: Vocabulary) -> Urgency | None:
    code = line.text("priority")
    if code in set(Urgency):
        return Urgency(code)
    if code:
        line.at("priority").fault(f"{shown(code)} is no MHSDS priority code", f"use one of: {', '.join(Urgency)}")
    return None


def _route(line: Line, when: When, words: Vocabulary) -> Route | None:
    destination = line.text("destination")
    if destination:
        _check_destination(destination, when, words, line.at("destination"))
    return Route(destination, names(line.text("beats")), _priority(line, when, words))


def _extra(line: Line, when: When, words: Vocabulary) -> Extra | None:
    add, hold = line.text("add"), line.text("hold")
    if add:
        _check_destination(add, when, words, line.at("add"))
    if hold not in {"", "yes"}:
        line.at("hold").fault(f"hold: {shown(hold)}", "write yes, or leave the cell blank")
    if not (add or hold or line.text("note")):
        line.place.fault("an overlay that does nothing", "fill in add, hold or note")
    return Extra(add, hold=hold == "yes")


def _check_destination(name: str, when: When, words: Vocabulary, place: Place) -> None:
    """A destination of the file, or the current team where the row asks for one that is."""
    if name != CURRENT_TEAM:
        if name not in words.named:
            place.fault(f"no such destination: {shown(name)}", nearest(name, (*words.named, CURRENT_TEAM)))
        return
    if CURRENT_TEAM in words.asked and CURRENT_TEAM not in words.inputs:
        return  # what is wrong with its declaration was noted there
    teams = when.get(CURRENT_TEAM, words.inputs.get(CURRENT_TEAM, Allowed(frozenset(("none",)))))
    if nowhere := sorted(set(map(str, teams)).difference(words.named)):
        cure = f"fill in the row's column {CURRENT_TEAM}: not none"
        place.fault(f"the row also matches where {CURRENT_TEAM} is {', '.join(nowhere)}: no destination", cure)
