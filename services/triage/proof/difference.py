"""The difference between two rule sets by what they do: every kind of referral that moves, or the proof that none does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.triage.proof.behaviour import behaviour, exactly
from services.triage.proof.classes import cells, classes_of
from services.triage.proof.counting import Asked, TooMany, counts, possible_referrals
from services.triage.proof.formula import FALSE, Formula
from services.triage.proof.solver import Solver
from shared.codes import Urgency
from shared.errors import Bug, Usage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from services.triage.proof.counting import Outcome
    from services.triage.rules import Allowed, Proposal, RuleSet, Value

    Comes = Proposal | Outcome

LIMIT: Final = 5.0  # seconds for one question
MOST_MOVES: Final = 1_000
DESTINATION, URGENCY, ALSO, HELD = "destination", "urgency", "also", "held"


class Change(NamedTuple):
    """One thing that is otherwise; of `also` and `held` one side is blank."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Move:
    """A kind of referral that moves: what changes, how many possible ones, and one of them under both rule sets."""

    changes: tuple[Change, ...]
    number: int | None
    facts: Mapping[str, Value]
    before: Proposal
    after: Proposal


class Difference:
    """Two rule sets over the values that both declare; an input that one does not declare it does not ask either.

    Both must send every referral somewhere: raises `Usage` where one does not.
    """

    def __init__(self, before: RuleSet, after: RuleSet, limit: float = LIMIT) -> None:
        self.inputs = shared_inputs(before, after)
        self.possible = possible_referrals(self.inputs)
        self.before, self.after = replace(before, inputs=self.inputs), replace(after, inputs=self.inputs)
        baseline = {**before.baseline, **after.baseline}
        self.given = {name: _within(value, self.inputs[name]) for name, value in baseline.items()}
        self._formula = Formula(classes_of(self.inputs, (*cells(before), *cells(after))))
        self._one, self._other = behaviour(self._formula, self.before), behaviour(self._formula, self.after)
        self._solver = Solver(self._formula, self.given, limit)
        for rules, does in ((before, self._one), (after, self._other)):
            if self._solver.possible(does.nowhere):
                raise Usage("gap", f"version {rules.version} sends some referrals nowhere: see `rules check`")

    def same(self) -> bool:
        """Whether no possible referral comes to anything else."""
        return not self._solver.possible(self._differ(self._one.outcome()))

    def moves(self) -> list[Move]:
        """Every kind of referral that moves; the most numerous first, those that cannot be counted as they are found."""
        found: dict[tuple[Change, ...], Move] = {}
        others = self._differ(self._one.outcome())
        while (facts := self._solver.find(others)) is not None:
            before, after = self.before.propose(facts), self.after.propose(facts)
            moved = changes(before, after)
            if not moved or moved in found or len(found) == MOST_MOVES:
                raise Bug("difference", "the solver and the run-time differ, or there are too many kinds of change")
            found[moved] = Move(moved, None, facts, before, after)
            others = self._formula.all_of((others, self._formula.no(self._all(moved))))
        return self._counted(found)

    def _counted(self, found: dict[tuple[Change, ...], Move]) -> list[Move]:
        kinds = {change.what for moved in found for change in moved}
        also = {change.before or change.after for moved in found for change in moved if change.what == ALSO}
        asked = Asked(URGENCY in kinds, frozenset(also), HELD in kinds)
        numbers: dict[tuple[Change, ...], int] = {}
        try:
            for (before, after), number in counts((self.before, self.after), asked).items() if found else ():
                moved = changes(before, after)
                numbers[moved] = numbers.get(moved, 0) + number
        except TooMany:
            return list(found.values())
        if numbers.keys() - {()} != found.keys():
            raise Bug("difference", "the solver and the count differ")
        moves = [replace(move, number=numbers[moved]) for moved, move in found.items()]
        return sorted(moves, key=lambda move: -(move.number or 0))

    def _differ(self, names: Iterable[str]) -> str:
        """Whether one of these parts of the outcome differs."""
        one, other = self._one.outcome(), self._other.outcome()
        known = dict.fromkeys((*names, *other))
        return self._formula.any_of(
            self._formula.differ(one.get(name, FALSE), other.get(name, FALSE)) for name in known
        )

    def _all(self, moved: tuple[Change, ...]) -> str:
        """Whether just these changes come about."""
        return self._formula.all_of((*(self._term(change) for change in moved), *self._kept(moved)))

    def _term(self, change: Change) -> str:
        formula, one, other = self._formula, self._one, self._other
        if change.what == DESTINATION:
            return formula.all_of((one.to.get(change.before, FALSE), other.to.get(change.after, FALSE)))
        if change.what == URGENCY:
            before, after = Urgency(change.before), Urgency(change.after)
            return formula.all_of((exactly(formula, one, before), exactly(formula, other, after)))
        name = change.before or change.after
        was, now = (does.held if change.what == HELD else does.also.get(name, FALSE) for does in (one, other))
        return formula.all_of((was, formula.no(now)) if change.before else (formula.no(was), now))

    def _kept(self, moved: tuple[Change, ...]) -> Iterator[str]:
        """That nothing else changes."""
        kinds = {change.what for change in moved}
        if DESTINATION not in kinds:
            yield from self._equal(self._one.to, self._other.to)
        if URGENCY not in kinds:
            yield from self._equal(self._one.urgency, self._other.urgency)
        if HELD not in kinds:
            yield from self._equal({HELD: self._one.held}, {HELD: self._other.held})
        changed = {change.before or change.after for change in moved if change.what == ALSO}
        yield from self._equal(self._one.also, self._other.also, changed)

    def _equal(self, one: Mapping[Any, str], other: Mapping[Any, str], but: Collection[str] = ()) -> Iterator[str]:
        for name in dict.fromkeys((*one, *other)):
            if name not in but:
                yield self._formula.no(self._formula.differ(one.get(name, FALSE), other.get(name, FALSE)))


def shared_inputs(before: RuleSet, after: RuleSet) -> dict[str, Allowed]:
    """The values that both sets declare of each input, and all of an input that one of them declares."""
    declared = {**before.inputs, **after.inputs}
    return {name: domain & before.inputs.get(name, domain) for name, domain in declared.items()}


def _within(value: Value, domain: Allowed) -> Value:
    """The value where it is in the domain, else another."""
    return value if value in domain else next(iter(domain))


def changes(before: Comes, after: Comes) -> tuple[Change, ...]:
    """What is otherwise between two outcomes."""
    changed = []
    if before.destination != after.destination:
        changed.append(Change(DESTINATION, before.destination, after.destination))
    if before.urgency != after.urgency:
        changed.append(Change(URGENCY, str(before.urgency), str(after.urgency)))
    changed += [Change(ALSO, name, "") for name in sorted(set(before.also) - set(after.also))]
    changed += [Change(ALSO, "", name) for name in sorted(set(after.also) - set(before.also))]
    if before.hold != after.hold:
        changed.append(Change(HELD, "held", "") if before.hold else Change(HELD, "", "held"))
    return tuple(changed)
