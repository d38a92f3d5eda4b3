"""The prover: one rule set, its formula and a solver; what it finds is shown only after the run-time agreed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from services.triage.proof.behaviour import behaviour
from services.triage.proof.classes import cells, classes_of
from services.triage.proof.formula import Formula
from services.triage.proof.solver import Solver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.triage.rules import RuleSet, Value
    from services.triage.rules.findings import Place

LIMIT = 5.0  # seconds for one question; the whole gate is ended by who started it


class Prover:
    """Answers questions about every referral that the declared inputs make possible."""

    def __init__(self, rules: RuleSet, limit: float = LIMIT) -> None:
        self.rules = rules
        promised = (cell for promise in rules.promises for cell in promise.when.items())
        self.formula = Formula(classes_of(rules.inputs, (*cells(rules), *promised)))
        self.does = behaviour(self.formula, rules)
        self.solver = Solver(self.formula, rules.given, limit)

    def words(self, facts: Mapping[str, Value]) -> str:
        """A referral in the words of an example: what departs from the facts that examples share."""
        given = self.rules.given
        return "; ".join(f"{name} = {value}" for name, value in facts.items() if value != given[name]) or "as given"


def whole(facts: Mapping[str, Value]) -> str:
    """All facts of a referral as JSON, for `frontdoor rules explain`."""
    return json.dumps({"facts": dict(facts)})


def disagree(place: Place, facts: Mapping[str, Value]) -> None:
    """Notes that the run-time makes something else of a referral than the proof says: nothing is proved then."""
    message = "the proof and the run-time differ about a referral"
    place.fault(message, "do not use this version: report the file and this referral", "solver", whole(facts))
