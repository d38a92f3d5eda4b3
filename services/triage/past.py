"""What was in force when, what was refused, and which set a rollback brings back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.errors import Usage

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence


class Event(NamedTuple):
    """A row of `triage.rule_history`. An activation was in force from `since` until `until`, if it `stood` at all."""

    id: int | None
    locality: str
    at: dt.datetime
    what: str
    version: str | None
    hash: str
    by: str
    reason: str | None
    instead_of: str | None
    since: dt.datetime | None
    until: dt.datetime | None
    stood: bool
    in_force: bool
    file: str | None
    findings: str | None


def in_force(history: Sequence[Event]) -> Event:
    """What is in force in the one locality of this history; `Usage` where nothing is."""
    for event in history:
        if event.in_force:
            return event
    raise Usage("no-rules", "no rule set is in force there: see `frontdoor rules history`")


def brought_back(history: Sequence[Event], to: str | None) -> Event:
    """The set that a rollback brings back: of the version named, else what stood before what is in force first did.

    So one rollback after another goes further back, and never to what an earlier one left. Only a set that was in force
    in this locality comes back: it passed the gate.
    """
    present = in_force(history)
    stood = sorted((event for event in history if event.stood), key=lambda event: event.id or 0)
    if to is None:
        first = next(number for number, event in enumerate(stood) if event.hash == present.hash)
        if not first:
            message = f"{present.version} was the first in force; what came after it: {_others(stood, present)} (--to)"
            raise Usage("nothing-before", message)
        return stood[first - 1]
    if to == present.version:
        raise Usage("in-force", f"{to} is in force")
    for event in stood:
        if event.version == to:
            return event
    was = _others(stood, present)
    raise Usage("unknown-version", f"{to} was never in force in {present.locality}; what was: {was}")


def _others(stood: Sequence[Event], present: Event) -> str:
    """The other versions that were in force."""
    return ", ".join(sorted({event.version or "" for event in stood} - {present.version})) or "nothing else"
