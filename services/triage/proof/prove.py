"""The proof of a whole rule set: everything that the gate asks beyond what reading the file tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.triage.proof.edges import check_edges
from services.triage.proof.promises import check_promises
from services.triage.proof.prover import LIMIT, Prover
from services.triage.proof.rows import check_complete, check_rows_alive
from services.triage.proof.solver import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.triage.rules import RuleSet
    from services.triage.rules.findings import Place

CHECKS: Final = {
    "every referral goes somewhere": check_complete,
    "every row can change something": check_rows_alive,
    "every promise is kept": check_promises,
    "every edge is shown by an example": check_edges,
}
CURE: Final = "ask those who look after Front Door: the tables may be too tangled to prove; the version in force stays"


def prove(rules: RuleSet, place: Place, begin: Callable[[str], object] = lambda _: None) -> None:
    """Notes every gap, dead row, broken promise and edge without example; a question without answer is a finding too."""
    prover = Prover(rules, LIMIT)
    for step, check in CHECKS.items():
        begin(step)
        try:
            check(prover, place)
        except Undecided as error:
            place.fault(f"not proved that {step}: {error.detail}", CURE, "solver")
