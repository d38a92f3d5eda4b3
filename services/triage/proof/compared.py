"""Two rule sets compared whole: every move with what is lost by it, and what the files declare otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.triage.proof.definitions import Redefined, redefined
from services.triage.proof.difference import Difference, Move, shared_inputs
from services.triage.proof.losses import worst_first
from shared.errors import Usage

if TYPE_CHECKING:
    from services.triage.rules import RuleSet


class Compared(NamedTuple):
    """What comes out otherwise under `new` than under `old`, whatever could be lost first."""

    old: RuleSet
    new: RuleSet
    difference: Difference
    moves: list[tuple[Move, tuple[str, ...]]]
    redefined: list[Redefined]


def compared(old: RuleSet, new: RuleSet) -> Compared:
    """The difference; `Usage` where no value of some input stands in both."""
    for name, shared in shared_inputs(old, new).items():
        if not shared:
            raise Usage("nothing-shared", f"no value of {name} stands in both files, so no referral can be compared")
    difference = Difference(old, new)
    return Compared(old, new, difference, worst_first(difference.moves(), difference), redefined(old, new))
