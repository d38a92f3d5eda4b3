"""Which referrals no row takes, and which rows can never change anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.triage.proof.behaviour import as_urgent, destinations, referrers
from services.triage.proof.formula import FALSE
from services.triage.proof.prover import disagree, whole
from services.triage.rules import URGENT_SECTIONS
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.triage.proof.prover import Prover
    from services.triage.rules import Extra, Row
    from services.triage.rules.findings import Place


def check_complete(prover: Prover, place: Place) -> None:
    """Every possible referral is taken by some destination row."""
    facts = prover.find_gap()
    if facts is not None and prover.rules.goes_somewhere(facts):
        disagree(place, facts)
    elif facts is not None:
        last = prover.rules.rows.routes[-1]
        message = f"some referrals go nowhere: no row takes one with {prover.words(facts)}"
        cure = "end the last section with a row that asks nothing and sends to the hub"
        place.at(table=last.table, row=last.id, line=last.line).fault(message, cure, "gap", whole(facts))


def check_rows_alive(prover: Prover, place: Place) -> None:
    """Every row changes what becomes of some referral: else it says what is not so, or stands in the wrong place.

    Where an example shows that, nothing need be asked.
    """
    for row, why in (*_dead_routes(prover), *_dead_urgency(prover), *_dead_overlays(prover)):
        here = place.at(table=row.table, row=row.id, line=row.line)
        here.fault(f"row {row.id} can never change anything: {why}", "take it out, or move or change it", "dead-row")


def _dead_routes(prover: Prover) -> Iterator[tuple[Row[object], str]]:
    routes, does = prover.rules.rows.routes, prover.does
    prover.solver.prepare(does.first[row.id] for row in routes if not prover.shown.counts(row))
    for place, row in enumerate(routes):
        if not prover.shown.counts(row) and not prover.solver.possible(does.first[row.id]):
            above = {prover.formula.no(does.rows[other.id]): other.id for other in routes[:place]}
            used = prover.solver.covering(does.rows[row.id], *above)
            yield row, f"whatever it asks for is taken by {', '.join(above[term] for term in used if term in above)}"


def _dead_urgency(prover: Prover) -> Iterator[tuple[Row[object], str]]:
    """From the last row on, so that of two that say the same the later is named."""
    alive = list(prover.rules.rows.urgency)
    for row in reversed(prover.rules.rows.urgency):
        alive.remove(row)
        if prover.shown.counts(row) or prover.solver.possible(prover.does.rows[row.id], raises(prover, row, alive)):
            alive.append(row)
        else:
            yield row, _as_urgent_already(prover, row, alive)


def _as_urgent_already(prover: Prover, row: Row[Urgency], others: list[Row[Urgency]]) -> str:
    """Why a row raises nothing, in words."""
    if row.outcome is Urgency.ROUTINE:
        return "routine is the least that any referral is"
    formula, does = prover.formula, prover.does
    names = {formula.no(does.rows[other.id]): other.id for other in others if as_urgent(other.outcome, row.outcome)}
    used = prover.solver.covering(does.rows[row.id], *names)
    by = ", ".join(names[term] for term in used if term in names)
    by = by or "the referrer, another row or the row that decides"
    return f"whenever it matches, {by} makes it as urgent already"


def raises(prover: Prover, row: Row[Urgency], others: list[Row[Urgency]]) -> str:
    """Whether nothing but this row would make it so urgent: no other row, nor the referrer, nor the row that decides."""
    if row.outcome is Urgency.ROUTINE:
        return FALSE  # every referral is as urgent as that
    formula, does, routes = prover.formula, prover.does, prover.rules.rows.routes
    as_much = [does.rows[other.id] for other in others if other is not row and as_urgent(other.outcome, row.outcome)]
    deciding = [(route.outcome.priority, does.first[route.id]) for route in routes]
    as_much += [term for priority, term in deciding if priority and as_urgent(priority, row.outcome)]
    return formula.no(formula.any_of((*as_much, referrers(formula, row.outcome))))


def _dead_overlays(prover: Prover) -> Iterator[tuple[Row[object], str]]:
    """From the last row on, as with urgency: taking out all that are named changes nothing. A note always counts."""
    alive = list(prover.rules.rows.overlays)
    for row in reversed(prover.rules.rows.overlays):
        alive.remove(row)
        counts = row.note or prover.shown.counts(row)
        if counts or prover.solver.possible(prover.does.rows[row.id], adds(prover, row, alive)):
            alive.append(row)
        else:
            yield row, "whenever it matches, other rows add and hold as much, or the route goes there or at once"


def adds(prover: Prover, row: Row[Extra], others: Sequence[Row[Extra]] | None = None) -> str:
    """Whether nothing but this overlay (of the others given, or all) would add its destination, or hold."""
    return prover.formula.any_of((adds_destination(prover, row, others), holds(prover, row, others)))


def adds_destination(prover: Prover, row: Row[Extra], others: Sequence[Row[Extra]] | None = None) -> str:
    """Whether nothing but this overlay would add its destination, and the referral does not go there itself."""
    formula, does, rules = prover.formula, prover.does, prover.rules
    adding = ((other.outcome.add, does.rows[other.id]) for other in _beside(prover, row, others))
    added = destinations(formula, rules, adding)
    own = destinations(formula, rules, ((row.outcome.add, "true"),))
    return formula.any_of(
        formula.all_of((term, formula.no(formula.any_of((added.get(name, FALSE), does.to.get(name, FALSE))))))
        for name, term in own.items()
    )


def holds(prover: Prover, row: Row[Extra], others: Sequence[Row[Extra]] | None = None) -> str:
    """Whether nothing but this overlay would hold the referral, and its route does not go at once."""
    if not row.outcome.hold:
        return FALSE
    formula, does = prover.formula, prover.does
    holding = (does.rows[other.id] for other in _beside(prover, row, others) if other.outcome.hold)
    at_once = (does.section.get(name, FALSE) for name in sorted(URGENT_SECTIONS))
    return formula.no(formula.any_of((*holding, *at_once)))


def _beside(prover: Prover, row: Row[Extra], others: Sequence[Row[Extra]] | None) -> list[Row[Extra]]:
    return [other for other in (prover.rules.rows.overlays if others is None else others) if other is not row]
