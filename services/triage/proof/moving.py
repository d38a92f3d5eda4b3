"""Moves and changed declarations in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.triage.proof.definitions import DECLARED
from services.triage.proof.difference import DESTINATION, HELD, URGENCY
from services.triage.proof.wording import destination_in_words, priority_in_words
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.triage.proof.definitions import Redefined
    from services.triage.proof.difference import Difference, Move
    from services.triage.rules import Proposal


def changes_in_words(move: Move, difference: Difference) -> Iterator[str]:
    """What is otherwise, from what to what."""
    old, new = difference.before, difference.after
    for what, before, after in move.changes:
        if what == DESTINATION:
            yield f"from {destination_in_words(old, before)} to {destination_in_words(new, after)}"
        elif what == URGENCY:
            was, now = Urgency(before), Urgency(after)
            verb = "falls" if now.severity > was.severity else "rises"
            yield f"urgency {verb} from {priority_in_words(was)} to {priority_in_words(now)}"
        elif what == HELD:
            yield "no longer held for a person" if before else "held for a person"
        elif before:
            yield f"no longer added: {destination_in_words(old, before)}"
        else:
            yield f"added: {destination_in_words(new, after)}"


def rows_in_words(got: Proposal) -> str:
    """The rows that decided."""
    raised = f", urgency by {', '.join(got.urgency_rows)}" if got.urgency_rows else ""
    added = f", added or held by {', '.join(got.overlay_rows)}" if got.overlay_rows else ""
    return f"row {got.row} ({got.section}){raised}{added}"


def redefined_in_words(one: Redefined) -> str:
    """What two files declare otherwise; for values that are not compared, that they are not."""
    if one.kind == "promise":
        return f"promise {'taken out' if one.before else 'added'}: {one.before or one.after} [{one.name}]"
    if one.kind == "input":
        return f"input {one.name}: {_input_in_words(one)}"
    if one.kind in {"row", "version"}:
        return f"{one.kind} {one.name}: {one.part} was {one.before or 'blank'!r}, is {one.after or 'blank'!r}"
    if not one.part:
        return f"destination {one.name} {'taken out' if one.before else 'added'}: {one.before or one.after}"
    return f"destination {one.name}: {one.part} was {one.before}, is {one.after}"


def _input_in_words(one: Redefined) -> str:
    if DECLARED in {one.before, one.after}:
        return f"only the {'old' if one.before else 'new'} file declares it: all its values were compared"
    only = {"old": one.before, "new": one.after}
    said = (f"only the {file} file declares {values}" for file, values in only.items() if values)
    return f"{', '.join(said)}: referrals with these values were not compared"
