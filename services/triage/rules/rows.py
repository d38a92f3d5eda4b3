"""Rows: what each line of the three kinds of rule table asks, and what follows when it matches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.triage.rules.cells import Allowed
    from shared.codes import Urgency

URGENCY: Final = "urgency"
SECTIONS: Final = "sections"
OVERLAYS: Final = "overlays"
URGENT_SECTIONS: Final = frozenset(("emergency", "crisis"))  # these routes go at once (clinical ground rule 3)
CURRENT_TEAM: Final = "current_team"  # as a destination: the one that the fact of this name gives

Outcome_co = TypeVar("Outcome_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a section's row sends; `beats` are later rows of the section that may match too, and lose.

    A `priority` counts among the urgencies where this row decides.
    """

    destination: str
    beats: tuple[str, ...] = ()
    priority: Urgency | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """What an overlay adds to a route: a destination (blank: none), a hold for a person at the front door."""

    add: str = ""
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Row(Generic[Outcome_co]):
    """One row: it matches where every input in `when` has a value allowed there (inputs left blank are not in it).

    `table` is the section's name; `urgency` or `overlays`, or one of several such as `urgency: worsening`. `note` is
    what people are told when the row matches.
    """

    id: str
    table: str
    when: Mapping[str, Allowed]
    outcome: Outcome_co
    note: str
    source: str
    hazards: tuple[str, ...]
    line: int

    def overlaps(self, other: Row[object]) -> bool:
        """Whether possible facts match both rows (exact for two: each cell bears on one input alone)."""
        for name, allowed in self.when.items():
            asked = other.when.get(name)
            if asked is not None and not allowed.meets(asked):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a rule set, in the file's order."""

    urgency: tuple[Row[Urgency], ...]
    routes: tuple[Row[Route], ...]
    overlays: tuple[Row[Extra], ...]

    def __iter__(self) -> Iterator[Row[object]]:
        yield from self.urgency
        yield from self.routes
        yield from self.overlays

    def sections(self) -> dict[str, list[Row[Route]]]:
        """The destination rows by section, in order."""
        sections: dict[str, list[Row[Route]]] = {}
        for row in self.routes:
            sections.setdefault(row.table, []).append(row)
        return sections
