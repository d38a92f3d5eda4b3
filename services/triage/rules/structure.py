"""Checks of the rule set as a whole: that it always ends at a person, and that no overlap is decided unsaid."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from services.triage.rules.findings import nearest, shown
from services.triage.rules.rows import CURRENT_TEAM, NO_TEAM
from shared.codes import NOT_RECORDED, CareSetting, Gate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.triage.rules.destinations import Destination
    from services.triage.rules.findings import Place
    from services.triage.rules.row_tables import Vocabulary
    from services.triage.rules.rows import Route, Row


def check_last_row(routes: Sequence[Row[Route]], destinations: Mapping[str, Destination], place: Place) -> None:
    """The last row is for what no other takes (that it takes all of it is proved): a person at the front door sees it."""
    cure = "end the last section with a row that asks nothing and sends to the hub"
    if not routes:
        place.fault("no row that catches what no other does", cure)
        return
    last = routes[-1]
    here = place.at(table=last.table, row=last.id, line=last.line)
    hub = destinations.get(last.outcome.destination)
    if hub and (hub.care_setting, hub.gate) != (CareSetting.FRONT_DOOR, Gate.BEFORE):
        here.at(column="destination").fault("what nothing fits must go to a person at the front door", cure)


def check_current_team(words: Vocabulary, place: Place) -> None:
    """The fact `current_team` may be any secondary-care destination, or none; each must be declared."""
    domain = words.inputs.get(CURRENT_TEAM)
    if domain is None:
        return
    secondary = {name for name, team in words.destinations.items() if team.care_setting is CareSetting.SECONDARY_CARE}
    for name in sorted((secondary | {NO_TEAM}) - domain.words):
        place.fault(f"{name} is missing", f"add {name}: past decisions may name it")
    for name in sorted(domain.words.difference(words.named, (NO_TEAM, NOT_RECORDED))):
        place.fault(f"{shown(name)} is no destination", nearest(name, words.named))


def check_overlaps(sections: Mapping[str, list[Row[Route]]], place: Place) -> None:
    """Rows of one section that may match together and come to another end say so in `beats`, and none says so idly."""
    for name, rows in sections.items():
        here = place.at(table=name, column="beats")
        for above, below in combinations(rows, 2):
            _check_pair(above, below, here)
        if not any(finding.table == name and finding.code == "parse" for finding in place.findings):
            _check_beats(rows, here)


def _check_pair(above: Row[Route], below: Row[Route], place: Place) -> None:
    won, lost = above.outcome, below.outcome
    declared, differ = below.id in won.beats, (won.destination, won.priority) != (lost.destination, lost.priority)
    if not declared and not differ:
        return
    overlap = above.overlaps(below)
    if overlap == declared:
        return
    here = place.at(row=above.id, line=above.line)
    if declared:
        here.fault(f"{above.id} and {below.id} cannot match together", f"take {below.id} out of this cell", "overlap")
    else:
        message = f"{above.id} and {below.id} can match together and differ in destination or priority"
        here.fault(message, f"add {below.id} to this cell, or narrow one of the two rows", "overlap")


def _check_beats(rows: list[Row[Route]], place: Place) -> None:
    """`beats` names later rows of the same section alone: the first match decides."""
    for number, row in enumerate(rows):
        later = [other.id for other in rows[number + 1 :]]
        for name in row.outcome.beats:
            if name not in later:
                here = place.at(row=row.id, line=row.line)
                here.fault(f"{name} is no later row of this section", nearest(name, later), "overlap")
