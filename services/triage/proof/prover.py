"""The prover: one rule set, its formula and a solver; what it finds is shown only after the run-time agreed."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from services.triage.facts import TOGETHER
from services.triage.proof.behaviour import behaviour
from services.triage.proof.classes import cells, classes_of
from services.triage.proof.formula import Formula
from services.triage.proof.shown import Shown
from services.triage.proof.solver import Solver
from services.triage.proof.wording import facts_in_words
from services.triage.rules.cells import CellError, read_cell

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from services.triage.rules import Allowed, RuleSet, Value
    from services.triage.rules.findings import Place

LIMIT = 5.0  # seconds for one question; the whole gate is ended by who started it


class Prover:
    """Answers questions about every referral that the declared inputs make possible."""

    def __init__(self, rules: RuleSet, limit: float = LIMIT) -> None:
        self.rules = rules
        together = [_cells(rules, line) for line in TOGETHER]
        promised = (cell for promise in rules.promises for cell in promise.when.items())
        self.formula = Formula(classes_of(rules.inputs, (*cells(rules), *promised, *chain(*together))))
        self.does = behaviour(self.formula, rules)
        self.solver = Solver(self.formula, rules.baseline, limit)
        cell = self.formula.cell
        self._likely = self.formula.all_of(
            self.formula.any_of(cell(name, allowed) for name, allowed in line) for line in together if line
        )

    @cached_property
    def shown(self) -> Shown:
        """What the examples show."""
        return Shown(self.rules)

    def find(self, *terms: str) -> dict[str, Value] | None:
        """A referral that some destination row takes and that has all the terms; None where none has."""
        return self._find(self.formula.no(self.does.nowhere), *terms)

    def find_gap(self) -> dict[str, Value] | None:
        """A referral that no destination row takes; None where there is none."""
        return self._find(self.does.nowhere)

    def _find(self, *terms: str) -> dict[str, Value] | None:
        """A referral that has all the terms: one that there could be, where it may be chosen."""
        if not self.solver.possible(*terms):
            return None
        return self.solver.find(self._likely, *terms) or self.solver.find(*terms)

    def among(self, values: Collection[Value], name: str, found: Value) -> Value:
        """The value of these that no cell of the rules tells apart from the one found."""
        places = self.formula.places[name]
        alike = (value for value in sorted(values, key=str) if places[value] == places[found])
        return found if found in values else next(alike)

    def words(self, facts: Mapping[str, Value]) -> str:
        """A referral in the words of an example: what departs from the facts that examples share."""
        return facts_in_words(facts, self.rules.baseline) or "as given"


def _cells(rules: RuleSet, line: Mapping[str, str]) -> list[tuple[str, Allowed]]:
    """The cells of facts that hang together; none where the rules declare them otherwise."""
    try:
        return [(name, read_cell(cell, rules.inputs[name])) for name, cell in line.items()]
    except (KeyError, CellError):
        return []


def whole(facts: Mapping[str, Value]) -> str:
    """All facts of a referral as JSON, for `frontdoor rules explain`."""
    return json.dumps({"facts": dict(facts)})


def disagree(place: Place, facts: Mapping[str, Value]) -> None:
    """Notes that the run-time makes something else of a referral than the proof says: nothing is proved then."""
    message = "the proof says one thing of a referral, the rules as they run another: nothing is proved"
    cure = "do not use this version: send the file and this referral to those who look after Front Door"
    place.fault(message, cure, "solver", whole(facts))
