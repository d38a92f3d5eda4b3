"""Decides: from the rows that match, one destination, one urgency and what is added."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from services.triage.rules.inputs import REFERRER_URGENCY
from services.triage.rules.masks import Masks, masks_of
from services.triage.rules.rows import CURRENT_TEAM, URGENT_SECTIONS, Row, Rows
from shared.codes import Urgency, most_urgent
from shared.errors import Bug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.triage.rules.cells import Allowed, Value
    from services.triage.rules.rows import Extra, Route

MOST_KNOWN: Final = 10_000  # proposals remembered
_OWN: Final[dict[Value | None, Urgency]] = {str(code): code for code in Urgency}

Outcome = TypeVar("Outcome")


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


@dataclass(frozen=True, slots=True)
class Decider:
    """The rows made ready to run.

    `known` are the proposals of earlier referrals by their bits, since referrals match few different groups of rows;
    `by_bits` says that bits tell apart all that a proposal comes from.
    """

    rows: Rows
    masks: Masks
    by_bits: bool
    known: dict[int, Proposal] = field(default_factory=dict)

    def propose(self, facts: Mapping[str, Value]) -> Proposal:
        """What the rows make of the facts; raises `Bug` where they are not as declared."""
        bits = self.masks.matching(facts)
        return self.known.get(bits) or self.of(bits, facts)

    def of(self, bits: int, facts: Mapping[str, Value]) -> Proposal:
        """What comes of the facts where these rows match, by their bits; raises `Bug` where no destination row does."""
        urgency, routes, overlays = self.rows.urgency, self.rows.routes, self.rows.overlays
        proposal = _proposal(
            _matching(urgency, bits),
            _matching(routes, bits >> len(urgency)),
            _matching(overlays, bits >> len(urgency) + len(routes)),
            facts,
        )
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        if self.by_bits:
            self.known[bits] = proposal
        return proposal


def decider_of(rows: Rows, inputs: Mapping[str, Allowed]) -> Decider:
    """The rows made ready to run; the last of `rows.routes` must ask nothing.

    The referrer's urgency and the current team are outcomes of their own, so their bits stand beside the rows'.
    """
    named = {row.outcome.destination for row in rows.routes} | {row.outcome.add for row in rows.overlays}
    floor = REFERRER_URGENCY in inputs  # where it is not declared no bit can tell it, and it still counts
    apart = (*((REFERRER_URGENCY,) if floor else ()), *((CURRENT_TEAM,) if CURRENT_TEAM in named else ()))
    return Decider(rows, masks_of(tuple(rows), inputs, apart), floor)


def _matching(rows: tuple[Row[Outcome], ...], bits: int) -> list[Row[Outcome]]:
    """The rows whose bits are set, the first row's being the lowest."""
    own, matching = bits & (1 << len(rows)) - 1, []
    while own:
        lowest = own & -own
        matching.append(rows[lowest.bit_length() - 1])
        own ^= lowest
    return matching


def _proposal(
    raising: list[Row[Urgency]], routes: list[Row[Route]], adding: list[Row[Extra]], facts: Mapping[str, Value]
) -> Proposal:
    """What matching rows come to. Of the facts it may ask only those that `decider_of` has told apart."""
    if not routes:
        raise Bug("gap", "no destination row takes this referral: the rule set never passed the gate")
    row, beaten = routes[0], routes[1:]
    destination = _resolved(row.outcome.destination, facts)
    added = [_resolved(other.outcome.add, facts) for other in adding]
    return Proposal(
        _urgency(raising, row.outcome, facts),
        _ids(raising),
        destination,
        row.table,
        row.id,
        _ids(beaten),
        _ids(adding),
        _unique([name for name in added if name != destination]),
        row.table not in URGENT_SECTIONS and any(other.outcome.hold for other in adding),
        _unique([matched.note for matched in (row, *raising, *adding)]),
    )


def _urgency(raising: list[Row[Urgency]], route: Route, facts: Mapping[str, Value]) -> Urgency:
    """Every matching row counts, the most urgent stands, never below the referrer's own (clinical ground rule 2)."""
    own = _OWN.get(facts.get(REFERRER_URGENCY), Urgency.ROUTINE)
    return most_urgent(own, route.priority or own, *[row.outcome for row in raising])


def _ids(rows: list[Row[Outcome]]) -> tuple[str, ...]:
    return tuple([row.id for row in rows])


def _unique(texts: list[str]) -> tuple[str, ...]:
    """The texts that say something, each once, in order."""
    return tuple(dict.fromkeys(filter(None, texts)))


def _resolved(destination: str, facts: Mapping[str, Value]) -> str:
    return str(facts[CURRENT_TEAM]) if destination == CURRENT_TEAM else destination
