"""Effects: whether a referral's outcome hangs on whether a row matches, all other rows matching as they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.triage.proof.behaviour import RAISED, as_urgent
from services.triage.proof.formula import FALSE, TRUE
from services.triage.proof.rows import adds, adds_destination, holds, raises
from services.triage.proof.shown import ADD, DESTINATION, HOLD, PRIORITY
from services.triage.rules import URGENT_SECTIONS
from services.triage.rules.rows import CURRENT_TEAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.triage.proof.classes import Class
    from services.triage.proof.prover import Prover
    from services.triage.rules import Route, Row

Result = tuple[str, ...]


def effects(prover: Prover) -> dict[str, str]:
    """For each row by its id: whether urgency, destination, additions or hold differ by whether it matches."""
    rows = prover.rules.rows
    terms = {row.id: raises(prover, row, list(rows.urgency)) for row in rows.urgency}
    terms |= {row.id: adds(prover, row) for row in rows.overlays}
    return terms | _of_routes(prover)


def follows(prover: Prover, matters: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """For each row and each thing that follows from it: whether it matches and the outcome hangs on that.

    `matters` are the rows' effects.
    """
    rows, does, formula = prover.rules.rows, prover.does, prover.formula
    terms = {row.id: {PRIORITY: matters[row.id]} for row in rows.urgency}
    terms |= {row.id: {ADD: adds_destination(prover, row), HOLD: holds(prover, row)} for row in rows.overlays}
    for row in rows.routes:
        priority = formula.no(does.raised.get(row.outcome.priority, TRUE)) if row.outcome.priority else FALSE
        terms[row.id] = {DESTINATION: matters[row.id], PRIORITY: formula.all_of((does.first[row.id], priority))}
    return {
        name: {column: formula.all_of((does.rows[name], term)) for column, term in columns.items()}
        for name, columns in terms.items()
    }


def _of_routes(prover: Prover) -> dict[str, str]:
    """For each destination row: no row above it matches, and those below come to something else."""
    formula, rows, does = prover.formula, prover.rules.rows.routes, prover.does
    below, above = _nowhere(prover), [TRUE]
    for row in rows:
        above.append(formula.all_of((above[-1], formula.no(does.rows[row.id]))))
    terms = {}
    for row, none_above in zip(reversed(rows), reversed(above[:-1]), strict=True):
        own = _result(prover, row)
        terms[row.id] = formula.all_of((none_above, formula.any_of(_differences(prover, own, below))))
        matches = does.rows[row.id]
        below = tuple(formula.either(matches, one, other) for one, other in zip(own, below, strict=True))
    return terms


def _result(prover: Prover, row: Row[Route]) -> Result:
    """What a destination row comes to: its destination's number in binary, its priority, whether it goes at once."""
    formula, names = prover.formula, sorted(prover.rules.destinations)
    if row.outcome.destination == CURRENT_TEAM:
        teams = [(names.index(str(team.value)), place) for place, team in _teams(prover)]
        to = tuple(
            formula.any_of(formula.value(CURRENT_TEAM, place) for number, place in teams if number >> bit & 1)
            for bit in range(_width(names))
        )
    else:
        number = names.index(row.outcome.destination)
        to = tuple(TRUE if number >> bit & 1 else FALSE for bit in range(_width(names)))
    priority = row.outcome.priority
    urgent = tuple(TRUE if priority and as_urgent(priority, code) else FALSE for code in RAISED)
    return (FALSE, *to, *urgent, TRUE if row.table in URGENT_SECTIONS else FALSE)


def _teams(prover: Prover) -> Iterator[tuple[int, Class]]:
    teams = enumerate(prover.formula.classes[CURRENT_TEAM])
    return ((place, team) for place, team in teams if team.value in prover.rules.destinations)


def _nowhere(prover: Prover) -> Result:
    """What comes where no row matches."""
    return (TRUE, *[FALSE] * (_width(sorted(prover.rules.destinations)) + len(RAISED) + 1))


def _width(names: list[str]) -> int:
    return len(names).bit_length()


def _differences(prover: Prover, one: Result, other: Result) -> Iterator[str]:
    """In what two results differ, as an outcome shows it: where to; how urgent, where nothing else is as urgent; held."""
    formula, does = prover.formula, prover.does
    urgency_from = len(one) - len(RAISED) - 1
    yield from (formula.differ(a, b) for a, b in zip(one[:urgency_from], other[:urgency_from], strict=True))
    for place, code in enumerate(RAISED, urgency_from):
        yield formula.all_of((formula.differ(one[place], other[place]), formula.no(does.raised[code])))
    yield formula.all_of((formula.differ(one[-1], other[-1]), does.holds))
