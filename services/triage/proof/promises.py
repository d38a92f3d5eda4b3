"""Which promises are broken: by which referral, and by which row."""

from __future__ import annotations

from itertools import combinations, groupby
from typing import TYPE_CHECKING

from services.triage.proof.behaviour import LOOKED_AT, behaviour, exactly, given_care, needed_care
from services.triage.proof.formula import FALSE
from services.triage.proof.prover import disagree, whole
from services.triage.rules import REFERRER_URGENCY, URGENT_SECTIONS
from services.triage.rules.promises import ALSO, CARE_SETTING, DESTINATION, GATE, HELD, PRIORITY, SECTION
from shared.codes import CareSetting, Gate, Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from services.triage.proof.behaviour import Behaviour
    from services.triage.proof.prover import Prover
    from services.triage.rules import Promise, Proposal, RuleSet, Value
    from services.triage.rules.findings import Place
    from services.triage.rules.promises import Outcome, Worsening

CURE = "correct the row, or the promise with those who asked for it"


def check_promises(prover: Prover, place: Place) -> None:
    """Every promise holds for every possible referral, and each is about some."""
    for number, promise in enumerate(prover.rules.promises, 1):
        here = place.at(table="promises", row=str(number), column="text", line=promise.line)
        if not all(promise.when.values()) or (promise.worsening and not _can_worsen(promise, promise.worsening)):
            here.fault(f"can never apply: {promise.text!r}", "correct what it asks, or take it out", "promise")
        elif promise.worsening:
            _check_worsening(prover, promise, promise.worsening, here)
        else:
            _check_outcomes(prover, promise, here)


def _check_outcomes(prover: Prover, promise: Promise, place: Place) -> None:
    kept = prover.formula.any_of(outcome_term(prover, outcome) for outcome in promise.outcomes)
    facts = prover.find(prover.formula.when(promise.when), prover.formula.no(kept))
    if facts is None:
        if _cannot_fail(promise.outcomes, prover.rules):
            cure = "take it out, or say less after the comma"
            place.fault(f"says nothing: {promise.text!r} allows every outcome", cure, "promise")
        return
    got = prover.rules.propose(facts)
    if any(comes(outcome, got, prover.rules) for outcome in promise.outcomes):
        disagree(place, facts)
    else:
        message = f"broken: {promise.text} [{promise.hazard}]. With {prover.words(facts)}, {sent(got)}"
        place.fault(message, CURE, "promise", whole(facts))


def _cannot_fail(outcomes: Collection[Outcome], rules: RuleSet) -> bool:
    """Whether the outcomes leave nothing out: whatever the rows say, one of them comes."""
    every: Mapping[str, Collection[str]] = {
        PRIORITY: list(Urgency),
        DESTINATION: rules.destinations,
        SECTION: rules.rows.sections(),
        CARE_SETTING: list(CareSetting),
        GATE: list(Gate),
    }
    left = {about: set(words) for about, words in every.items()}
    for outcome in outcomes:
        if outcome.about in left:
            left[outcome.about] &= outcome.words if outcome.never else left[outcome.about] - outcome.words
    added = frozenset[str]().union(
        *(outcome.words for outcome in outcomes if outcome.about == ALSO and not outcome.never)
    )
    denied = [outcome.words for outcome in outcomes if outcome.about == ALSO and outcome.never]
    return not all(left.values()) or any(words <= added for words in denied)


def outcome_term(prover: Prover, outcome: Outcome) -> str:
    """Whether one of an outcome's words comes (none of them, where it says `not`)."""
    formula, does, places = prover.formula, prover.does, prover.rules.destinations
    if outcome.about == HELD:
        return does.held
    terms: Mapping[str, Collection[str]] = {
        PRIORITY: [exactly(formula, does, code) for code in Urgency if code in outcome.words],
        DESTINATION: [does.to.get(name, FALSE) for name in outcome.words],
        ALSO: [does.also.get(name, FALSE) for name in outcome.words],
        SECTION: [does.section.get(name, FALSE) for name in outcome.words],
        CARE_SETTING: [term for name, term in does.to.items() if places[name].care_setting in outcome.words],
        GATE: [term for name, term in does.to.items() if places[name].gate in outcome.words],
    }
    comes = formula.any_of(sorted(terms[outcome.about]))
    return formula.no(comes) if outcome.never else comes


def comes(outcome: Outcome, got: Proposal, rules: RuleSet) -> bool:
    """Whether an outcome came of a referral at run-time."""
    if outcome.about == HELD:
        return got.hold
    destination = rules.destinations[got.destination]
    said: Mapping[str, Collection[str]] = {
        PRIORITY: (got.urgency,),
        DESTINATION: (got.destination,),
        ALSO: got.also,
        SECTION: (got.section,),
        CARE_SETTING: (destination.care_setting,),
        GATE: (destination.gate,),
    }
    return bool(outcome.words.intersection(said[outcome.about])) is not outcome.never


def sent(got: Proposal) -> str:
    """What came of a referral, by which rows."""
    held = ", held for a person" if got.hold else ""
    also = f", also {', '.join(got.also)}" if got.also else ""
    raised = f" (raised by {', '.join(got.urgency_rows)})" if got.urgency_rows else ""
    return f"row {got.row} sends to {got.destination}, priority {got.urgency}{raised}{also}{held}"


def _check_worsening(prover: Prover, promise: Promise, worsening: Worsening, place: Place) -> None:
    """A worse value leaves nobody less urgent or in lesser care, however many steps lie between."""
    formula, name = prover.formula, worsening.input
    asked = {REFERRER_URGENCY, *(column for row in prover.rules.rows for column in row.when)}
    if name not in asked:
        place.fault(f"says nothing: no row asks for {name}", "take it out, or let a row ask for it", "promise")
        return
    steps = _steps(prover, worsening)
    if not steps:
        return  # no row tells its values apart: kept, and on guard
    after = _worse(prover, name)
    step = formula.any_of(
        formula.all_of((formula.value(name, one), formula.value(name, next_, other=True))) for one, next_ in steps
    )
    when = formula.all_of((formula.when(promise.when), step))
    kept: list[tuple[str, str]] = []
    if worsening.urgency:
        kept += zip(prover.does.raised.values(), after.urgency.values(), strict=True)
    if worsening.care:
        need = needed_care(formula, prover.does, prover.rules)
        kept += zip(need, given_care(formula, after, prover.rules), strict=True)
    for was, now in kept:
        facts = None if was == now else prover.find(when, formula.no(after.nowhere), was, formula.no(now))
        if facts is not None:
            places, solver = formula.places[name], prover.solver
            better, worse = steps[places[solver.value(name)], places[solver.value(name, other=True)]]
            _report_worsening(prover, promise, facts | {name: better}, facts | {name: worse}, place)
            return


def _can_worsen(promise: Promise, worsening: Worsening) -> bool:
    """Whether some referral that the promise speaks of has a value from which it can get worse."""
    asked = promise.when.get(worsening.input)
    return asked is None or any(step in asked for step in worsening.steps[:-1])


def _worse(prover: Prover, name: str) -> Behaviour:
    """What the rules make of the same referral with another value of this input."""
    prover.formula.second(name)
    return behaviour(prover.formula, prover.rules, frozenset((name,)))


def _steps(prover: Prover, worsening: Worsening) -> dict[tuple[int, int], tuple[Value, Value]]:
    """From each class to each worse one, by the first values of the promise that go that way."""
    places = prover.formula.places[worsening.input]
    values = [next(run) for _, run in groupby(worsening.steps, places.__getitem__)]
    return {(places[one], places[worse]): (one, worse) for one, worse in combinations(values, 2)}


def _report_worsening(
    prover: Prover, promise: Promise, facts: dict[str, Value], worse: dict[str, Value], place: Place
) -> None:
    one, another = prover.rules.propose(facts), prover.rules.propose(worse)
    name = promise.worsening.input if promise.worsening else ""
    if not (another.urgency.severity > one.urgency.severity or lessens(one, another, prover.rules)):
        disagree(place, facts)
        return
    message = (
        f"broken: {promise.text} [{promise.hazard}]. With {prover.words(facts)}, {sent(one)}; "
        f"with {name} = {worse[name]} {sent(another)}"
    )
    place.fault(message, CURE, "promise", whole(worse))


def lessens(one: Proposal, another: Proposal, rules: RuleSet) -> bool:
    """Whether care lessened at run-time: less at once, or no longer secondary care and no person who looks."""
    rungs = [
        ("emergency", "crisis").index(got.section) if got.section in URGENT_SECTIONS else 3 - got.hold
        for got in (one, another)
    ]
    reached = {rules.destinations[name].care_setting for name in (another.destination, *another.also)}
    secondary = rules.destinations[one.destination].care_setting is CareSetting.SECONDARY_CARE
    return rungs[1] > rungs[0] or (secondary and rungs[1] == 3 and not reached & LOOKED_AT)
