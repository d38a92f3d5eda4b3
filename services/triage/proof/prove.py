"""The proof of a whole rule set: everything that the gate asks beyond what reading the file tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.triage.proof.edges import check_edges
from services.triage.proof.promises import check_promises
from services.triage.proof.prover import Prover
from services.triage.proof.rows import check_complete, check_rows_alive
from services.triage.proof.solver import Undecided

if TYPE_CHECKING:
    from services.triage.rules import RuleSet
    from services.triage.rules.findings import Place

CHECKS = (check_complete, check_rows_alive, check_promises, check_edges)


def prove(rules: RuleSet, place: Place) -> None:
    """Notes every gap, dead row, broken promise and edge without example; a question without answer is a finding too."""
    try:
        prover = Prover(rules)
        for check in CHECKS:
            check(prover, place)
            if any(finding.code == "gap" for finding in place.findings):
                break  # of a referral that goes nowhere the other checks cannot say what comes
    except Undecided as error:
        cure = "make the tables simpler, or raise the solver's limit"
        place.fault(f"not proved: {error.detail}", cure, "solver")
