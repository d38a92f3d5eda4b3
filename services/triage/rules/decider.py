"""Decides: from the rows that match, one destination, one urgency and what is added."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from services.triage.rules.inputs import REFERRER_URGENCY
from services.triage.rules.masks import Masks, masks_of
from services.triage.rules.rows import CURRENT_TEAM, Extra, Route, Row, Rows
from shared.codes import Urgency, most_urgent
from shared.errors import Bug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from services.triage.rules.cells import Allowed, Value

URGENT_SECTIONS: Final = frozenset(("emergency", "crisis"))  # these routes go at once (clinical ground rule 3)
MOST_KNOWN: Final = 10_000  # groups of rows remembered for each of the three kinds of table

Outcome = TypeVar("Outcome")
Sum = TypeVar("Sum")


class Proposal(NamedTuple):
    """What the rules make of one referral's facts.

    `row` of `section` decided the destination; `beaten` are the other destination rows that matched, in order.
    `urgency` is the most urgent of the referrer's, that of `urgency_rows` and, where it has one, that of `row`.
    `urgency_rows` and `overlay_rows` are all that matched; `also` are the destinations that overlays add. `hold` is
    never set for an emergency or crisis route. `notes` are the texts of all these rows but the beaten, for people.
    """

    urgency: Urgency
    urgency_rows: tuple[str, ...]
    destination: str
    section: str
    row: str
    beaten: tuple[str, ...]
    overlay_rows: tuple[str, ...]
    also: tuple[str, ...]
    hold: bool
    notes: tuple[str, ...]


class _Raised(NamedTuple):
    """What the matching urgency rows come to, by the referrer's own urgency: the floor."""

    urgency: dict[Value | None, Urgency]
    rows: tuple[str, ...]
    notes: tuple[str, ...]


class _Decided(NamedTuple):
    """The first matching destination row, and the others that matched."""

    row: Row[Route]
    beaten: tuple[str, ...]


class _Added(NamedTuple):
    """What the matching overlays add."""

    rows: tuple[str, ...]
    destinations: tuple[str, ...]
    hold: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table(Generic[Outcome, Sum]):
    """Rows whose bits stand together from bit `first` on, and what those that match come to.

    `known` remembers that: referrals match few different groups of rows.
    """

    rows: tuple[Row[Outcome], ...]
    first: int
    sum: Callable[[list[Row[Outcome]]], Sum]
    known: dict[int, Sum] = field(default_factory=dict)

    def of(self, bits: int) -> Sum:
        """What the rows come to whose bits are set."""
        own = bits >> self.first & (1 << len(self.rows)) - 1
        known = self.known.get(own)
        return self._learn(own) if known is None else known

    def _learn(self, own: int) -> Sum:
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        result = self.known[own] = self.sum([self.rows[bit] for bit in _set_bits(own)])
        return result


@dataclass(frozen=True, slots=True)
class Decider:
    """The rows made ready to run."""

    masks: Masks
    urgency: _Table[Urgency, _Raised]
    routes: _Table[Route, _Decided]
    overlays: _Table[Extra, _Added]

    def propose(self, facts: Mapping[str, Value]) -> Proposal:
        """What the rows make of the facts; raises `Bug` where they are not as declared."""
        return self.of(self.masks.matching(facts), facts)

    def takes(self, facts: Mapping[str, Value]) -> bool:
        """Whether some destination row matches the facts."""
        return self.masks.matching(facts) >> self.routes.first & (1 << len(self.routes.rows)) - 1 != 0

    def of(self, bits: int, facts: Mapping[str, Value]) -> Proposal:
        """What comes of the facts where these rows match, by their bits; one destination row is among them."""
        floors, raising, urgent_notes = self.urgency.of(bits)
        row, beaten = self.routes.of(bits)
        overlays, added, hold, added_notes = self.overlays.of(bits)
        destination = _resolved(row.outcome.destination, facts)
        urgency = floors.get(facts.get(REFERRER_URGENCY)) or floors[None]
        return Proposal(
            most_urgent(urgency, row.outcome.priority) if row.outcome.priority else urgency,
            raising,
            destination,
            row.table,
            row.id,
            beaten,
            overlays,
            _resolved_others(added, destination, facts) if added else (),
            hold and row.table not in URGENT_SECTIONS,
            _unique((row.note, *urgent_notes, *added_notes)),
        )


def decider_of(rows: Rows, inputs: Mapping[str, Allowed]) -> Decider:
    """The rows made ready to run; the last of `rows.routes` must ask nothing."""
    routes_from = len(rows.urgency)
    overlays_from = routes_from + len(rows.routes)
    return Decider(
        masks_of(tuple(rows), inputs),
        _Table(rows.urgency, 0, _raised),
        _Table(rows.routes, routes_from, _decided),
        _Table(rows.overlays, overlays_from, _added),
    )


def _set_bits(bits: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _raised(rows: list[Row[Urgency]]) -> _Raised:
    """Every matching row counts, the most urgent stands, never below the referrer's own (clinical ground rule 2)."""
    raised = most_urgent(Urgency.ROUTINE, *(row.outcome for row in rows))
    floors: dict[Value | None, Urgency] = {str(own): most_urgent(own, raised) for own in Urgency}
    return _Raised({None: raised} | floors, _ids(rows), _notes(rows))


def _decided(rows: list[Row[Route]]) -> _Decided:
    if not rows:
        raise Bug("gap", "no destination row takes this referral: the rule set never passed the gate")
    return _Decided(rows[0], _ids(rows[1:]))


def _added(rows: list[Row[Extra]]) -> _Added:
    destinations = _unique(row.outcome.add for row in rows)
    return _Added(_ids(rows), destinations, any(row.outcome.hold for row in rows), _notes(rows))


def _ids(rows: Iterable[Row[object]]) -> tuple[str, ...]:
    return tuple(row.id for row in rows)


def _notes(rows: Iterable[Row[object]]) -> tuple[str, ...]:
    return tuple(row.note for row in rows)


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts that say something, each once, in order."""
    return tuple(dict.fromkeys(filter(None, texts)))


def _resolved(destination: str, facts: Mapping[str, Value]) -> str:
    return str(facts[CURRENT_TEAM]) if destination == CURRENT_TEAM else destination


def _resolved_others(names: tuple[str, ...], first: str, facts: Mapping[str, Value]) -> tuple[str, ...]:
    """The destinations added beside the first."""
    return tuple(name for name in dict.fromkeys(_resolved(name, facts) for name in names) if name != first)
