"""Places and times as people are told them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.lagging.looks import Place


def named(place: Place) -> str:
    """`referrals.received/3`."""
    return f"{place[0]}/{place[1]}"


def span(seconds: float) -> str:
    """A time in words, to the unit that matters: `0.4 s`, `12 s`, `3 min`, `2 h 5 min`, `4 days`."""
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(hours / 24)} days"
