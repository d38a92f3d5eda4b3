"""When the receiving side must have acted, on the locality's calendar.

Response times by MHSDS priority: 1 at once, 4 within 4 hours, 2 within 24 hours, 3 by the destination's own standard
(else 4 weeks). The first three run round the clock; a routine due time falls back to the last opening before it, so
that nobody is due on a day when nobody is there.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from shared.codes import Urgency

if TYPE_CHECKING:
    from shared.localities import Locality

ROUND_THE_CLOCK: Final = {
    Urgency.EMERGENCY: dt.timedelta(0),
    Urgency.VERY_URGENT: dt.timedelta(hours=4),
    Urgency.URGENT: dt.timedelta(hours=24),
}
ROUTINE: Final = dt.timedelta(weeks=4)
HUB_LOOKS_WITHIN_WORKING_DAYS: Final = 1
_FURTHEST: Final = 60  # days looked through for an opening: longer closures than that are a mistake in the calendar


def due_at(start: dt.datetime, urgency: Urgency, within: dt.timedelta | None, locality: Locality) -> dt.datetime:
    """When a team must have acted on what started at `start` (UTC in, UTC out)."""
    if urgency in ROUND_THE_CLOCK:
        return start + ROUND_THE_CLOCK[urgency]
    return _last_opening_before(start + (within or ROUTINE), start, locality)


def hub_due_at(start: dt.datetime, urgency: Urgency, locality: Locality) -> dt.datetime:
    """When a person at the hub must have looked: within one working day, sooner by urgency."""
    if urgency in ROUND_THE_CLOCK:
        return start + ROUND_THE_CLOCK[urgency]
    day, left = start.astimezone(locality.zone).date(), HUB_LOOKS_WITHIN_WORKING_DAYS
    for _ in range(_FURTHEST):
        day += dt.timedelta(days=1)
        if opening := locality.opening(day):
            left -= 1
            if not left:
                return opening[1]
    return start + dt.timedelta(days=1)


def _last_opening_before(due: dt.datetime, start: dt.datetime, locality: Locality) -> dt.datetime:
    day = due.astimezone(locality.zone).date()
    for back in range(_FURTHEST):
        opening = locality.opening(day - dt.timedelta(days=back))
        if opening and opening[0] <= due:
            return max(start, min(due, opening[1]))
    return due
