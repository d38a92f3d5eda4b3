"""What was told in pieces, put together once all of it is there: items of a score, and texts that no field takes. Pure."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from services.intake.sources.told import counted_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.intake.contract.values import Read

MOST_ANSWERS: Final = 20  # of one question that are put into one text; every further one is left as a text of its own
_MOST_COMPARED: Final = 20  # texts of one place: of more than that only the same one is not said again
_WHOLE: Final = 7  # items of the shorter of the scales (GAD-7; PHQ-9 has 9): so many in one segment are all of them


def in_places(runs: list[list[str | None]], read: Read) -> list[str | None] | None:
    """The items of a score, each in its place, out of those of each segment; None where there is none.

    A segment has all of them, some, or one. Of a scale that was sent twice the higher answer to each item counts.
    """
    told = [_without_end(run) for run in runs]
    if any(len(run) > 1 for run in told):
        told = [run for run in told if any(run)]
    if len(told) > 1 and all(len(run) >= _WHOLE for run in told):
        return [_higher([item for item in items if item], read) for items in zip_longest(*told)]
    items = [item for run in told for item in run]
    return items if any(items) else None


def uncertain(runs: list[list[str | None]]) -> bool:
    """Whether nobody can tell which item a segment of them was: each of them has one alone."""
    return all(len(run) <= 1 for run in runs)


def joined(texts: Iterable[str]) -> str:
    """Differing texts of one place as one; what stands in those before it is not said again."""
    kept = list(texts)
    if len(kept) > _MOST_COMPARED:
        return "; ".join(kept)
    known = ""
    for text in kept:
        known = known if text in known else text if known in text else f"{known}; {text}"
    return known


def _higher(items: list[str], read: Read) -> str | None:
    known = list(dict.fromkeys(items))
    if not known:
        return None
    return counted_of("", known, read) or "; ".join(known)


def _without_end(run: list[str | None]) -> list[str | None]:
    """A run without the blanks at its end: separators that are sent for items that there are not."""
    end = max((nth for nth, item in enumerate(run, 1) if item), default=1)
    return run[:end]
