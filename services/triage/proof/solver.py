"""The solver: finds a referral of which some terms hold, or proves that there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import z3

from shared.errors import FrontDoorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.triage.proof.formula import Formula
    from services.triage.rules import Value


class Undecided(FrontDoorError):
    """The solver gave no answer within its limit."""


class Solver:
    """Answers questions about a formula, each within `limit` seconds.

    What it finds lies near `given`: as few inputs as possible have another value than there.
    """

    def __init__(self, formula: Formula, given: Mapping[str, Value], limit: float) -> None:
        self._formula, self._given = formula, given
        self._context = z3.Context()
        self._parser = z3.ParserContext(ctx=self._context)
        self._solver = z3.SolverFor("QF_UF", ctx=self._context)  # Booleans alone: decides by cases, never guesses
        self._solver.set("timeout", max(1, int(limit * 1000)))  # 0 would mean no limit

    def prepare(self, terms: Iterable[str]) -> None:
        """Makes terms known that will be asked for: many at once is quicker than one by one."""
        self._literals(terms)

    def possible(self, *terms: str) -> bool:
        """Whether some referral has all the terms; raises `Undecided`."""
        return self._check(self._literals(terms))

    def find(self, *terms: str) -> dict[str, Value] | None:
        """The facts of a referral that has all the terms; None where there is none. Raises `Undecided`."""
        wanted, near = self._literals(terms), self._near()
        if not self._check(wanted):
            return None
        apart: dict[str, Any] = {}
        while not self._check([*wanted, *near.values()]):
            core = {str(literal) for literal in self._solver.unsat_core()}
            apart |= {name: literal for name, literal in near.items() if str(literal) in core}
            near = {name: literal for name, literal in near.items() if name not in apart}
        for name, literal in apart.items():  # some of them can go back
            if self._check([*wanted, *near.values(), literal]):
                near[name] = literal
        self._check([*wanted, *near.values()])
        return {**self._given, **{name: self.value(name) for name in apart if name not in near}}

    def covering(self, *terms: str) -> tuple[str, ...]:
        """Of terms that no referral has together, some that suffice to rule each other out."""
        literals = dict(zip(self._literals(terms), terms, strict=True))
        if self._check(list(literals)):
            return ()
        core = {str(literal) for literal in self._solver.unsat_core()}
        return tuple(term for literal, term in literals.items() if str(literal) in core)

    def value(self, name: str, *, other: bool = False) -> Value:
        """An input's value in the referral that was last found (its second one)."""
        model, classes = self._solver.model(), self._formula.classes[name]
        for place, known in enumerate(classes[:-1]):
            if z3.is_true(model.eval(self._bool(self._formula.value(name, place, other=other)))):
                return known.value
        return classes[-1].value

    def _near(self) -> dict[str, Any]:
        """For each input, that it is as given."""
        places = self._formula.places
        return {name: self._is(name, places[name][self._given[name]]) for name in self._formula.classes}

    def _is(self, name: str, place: int) -> Any:
        """That an input has a value of the class at this place, as a literal that can be assumed."""
        denied = place == 1 and len(self._formula.classes[name]) == 2
        literal = self._bool(self._formula.value(name, 0 if denied else place))
        return z3.Not(literal) if denied else literal

    def _literals(self, terms: Iterable[str]) -> list[Any]:
        literals = [self._bool(self._formula.literal(term)) for term in terms]
        if text := self._formula.taken():
            self._solver.add(self._parser.from_string(text))
        return literals

    def _bool(self, name: str) -> Any:
        return z3.Bool(name, self._context)

    def _check(self, assumed: list[Any]) -> bool:
        answer = self._solver.check(*assumed)
        if answer == z3.unknown:
            raise Undecided("solver", f"no answer within its limit: {self._solver.reason_unknown()}")
        return bool(answer == z3.sat)
