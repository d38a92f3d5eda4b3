"""Which promises are broken: by which referral, and by which row."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from services.triage.proof.behaviour import behaviour, exactly, given_care, needed_care
from services.triage.proof.formula import FALSE
from services.triage.proof.prover import disagree, whole
from services.triage.rules.promises import ALSO, CARE_SETTING, DESTINATION, GATE, HELD, PRIORITY, SECTION
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from services.triage.proof.prover import Prover
    from services.triage.rules import Promise, Proposal, RuleSet, Value
    from services.triage.rules.findings import Place
    from services.triage.rules.promises import Outcome, Worsening

CURE = "correct the row, or the promise with those who asked for it"


def check_promises(prover: Prover, place: Place) -> None:
    """Every promise holds for every possible referral, and each is about some."""
    for number, promise in enumerate(prover.rules.promises, 1):
        here = place.at(table="promises", row=str(number), column="text", line=promise.line)
        if not all(promise.when.values()):
            here.fault(f"can never apply: {promise.text!r}", "correct what it asks, or take it out", "promise")
        elif promise.worsening:
            _check_worsening(prover, promise, promise.worsening, here)
        else:
            _check_outcomes(prover, promise, here)


def _check_outcomes(prover: Prover, promise: Promise, place: Place) -> None:
    kept = prover.formula.any_of(outcome_term(prover, outcome) for outcome in promise.outcomes)
    facts = prover.find(prover.formula.when(promise.when), prover.formula.no(kept))
    if facts is None:
        if _cannot_fail(promise):
            place.fault(f"says nothing: {promise.text!r} allows every outcome", "take it out", "promise")
        return
    got = prover.rules.propose(facts)
    if any(comes(outcome, got, prover.rules) for outcome in promise.outcomes):
        disagree(place, facts)
    else:
        message = f"broken: {promise.text} [{promise.hazard}]. With {prover.words(facts)}, {sent(got)}"
        place.fault(message, CURE, "promise", whole(facts))


def _cannot_fail(promise: Promise) -> bool:
    """Whether the outcomes name every code: the one case that needs no rules to be kept."""
    return any(outcome.about == PRIORITY and outcome.words == set(Urgency) for outcome in promise.outcomes)


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
    """The next worse value leaves nobody less urgent or in lesser care; step by step is enough."""
    formula, name = prover.formula, worsening.input
    if name not in formula.classes:
        place.fault(f"says nothing: no row asks for {name}", "take it out, or ask for it", "promise")
        return
    formula.second(name)
    step = formula.any_of(
        formula.all_of((formula.value(name, one), formula.value(name, next_, other=True)))
        for one, next_ in _steps(prover, worsening)
    )
    for was, now in _kept(prover, worsening):
        facts = None if was == now else prover.find(formula.when(promise.when), step, was, formula.no(now))
        if facts is not None:
            _report_worsening(prover, promise, facts | {name: prover.solver.value(name)}, place)
            return


def _steps(prover: Prover, worsening: Worsening) -> Iterable[tuple[int, int]]:
    """The classes of each value and the next worse, where they are not the same."""
    classes = [prover.formula.places[worsening.input][step] for step in worsening.steps]
    return dict.fromkeys(pair for pair in pairwise(classes) if pair[0] != pair[1])


def _kept(prover: Prover, worsening: Worsening) -> Iterator[tuple[str, str]]:
    """What is found to be needed before, and what meets it after."""
    formula, before = prover.formula, prover.does
    after = behaviour(formula, prover.rules, frozenset((worsening.input,)))
    if worsening.urgency:
        yield from zip(before.raised.values(), after.raised.values(), strict=True)
    if worsening.care:
        need = needed_care(formula, before, prover.rules)
        yield from zip(need, given_care(formula, after, prover.rules), strict=True)


def _report_worsening(prover: Prover, promise: Promise, facts: dict[str, Value], place: Place) -> None:
    name = promise.worsening.input if promise.worsening else ""
    worse = facts | {name: prover.solver.value(name, other=True)}
    one, another = prover.rules.propose(facts), prover.rules.propose(worse)
    if one == another:
        disagree(place, facts)
        return
    message = (
        f"broken: {promise.text} [{promise.hazard}]. With {prover.words(facts)}, {sent(one)}; "
        f"with {name} = {worse[name]} {sent(another)}"
    )
    place.fault(message, CURE, "promise", whole(worse))
