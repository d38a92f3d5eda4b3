"""What a person could lose where a referral moves: marked, and shown before all other moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.triage.proof.difference import HELD, URGENCY
from services.triage.rules import URGENT_SECTIONS
from shared.codes import CareSetting, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.triage.proof.difference import Difference, Move

NOT_AS_CLOSE = (CareSetting.PRIMARY_CARE, CareSetting.PEER_SUPPORT)


def losses(move: Move, difference: Difference) -> tuple[str, ...]:
    """In words what is lost; blank where nothing is. A route that goes at once (emergency, crisis) loses no care."""
    return (*_urgency(move), *(_care(move, difference) if move.after.section not in URGENT_SECTIONS else ()))


def worst_first(moves: Iterable[Move], difference: Difference) -> list[tuple[Move, tuple[str, ...]]]:
    """The moves with what is lost by each: falling urgency first, then any loss, then the most numerous."""
    marked = [(move, losses(move, difference)) for move in moves]
    return sorted(marked, key=lambda one: (not any(_urgency(one[0])), not one[1], -(one[0].number or 0)))


def _urgency(move: Move) -> Iterator[str]:
    for change in move.changes:
        if change.what == URGENCY and Urgency(change.after).severity > Urgency(change.before).severity:
            yield "urgency falls"


def _care(move: Move, difference: Difference) -> Iterator[str]:
    if any(change.what == HELD and change.before for change in move.changes):
        yield "no longer held for a person"
    was = difference.before.destinations[move.before.destination].care_setting
    now = difference.after.destinations[move.after.destination].care_setting
    if was is CareSetting.SECONDARY_CARE and now is not was:
        yield "leaves secondary care"
    if was is CareSetting.FRONT_DOOR and now in NOT_AS_CLOSE:
        yield "leaves the front door"
