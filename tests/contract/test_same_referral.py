"""The same referral yields the same facts and the same decision, whatever standard it came in; each difference has its reason.

tests/samples/same/<case>/<standard>.* are one referral written in every standard of FORMS; the JSON form is what the others are held
against. A standard without files fails here, and so does a difference that is listed and no longer there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from services.intake.coding import code
from services.intake.contract.reading import read
from services.intake.person import missing
from services.intake.safety.screen import read_screen
from services.intake.senders import Source
from services.intake.sources.forms import FORMS
from services.triage.facts import facts_of, with_blanks
from services.triage.rules import read as read_rules
from tests.intake import DEPLOY
from tests.intake_coded import PLACE, TODAY

if TYPE_CHECKING:
    from services.triage.rules import Proposal, RuleSet, Value

SAME: Final = Path(__file__).parents[1] / "samples" / "same"
CASES: Final = sorted(folder.name for folder in SAME.iterdir())
STANDARDS: Final = sorted(set(FORMS) - {"json"})
SOURCE: Final = Source(id="gp", name="gp", keys=("0" * 64,))
HERE: Final = PLACE._replace(screen=read_screen(DEPLOY / "screen.yaml"))

# (case, standard): what differs from the JSON form as (there, here), and why. A fact, or urgency, destination, also, hold of the decision.
DIFFERENCES: Final[dict[tuple[str, str], tuple[dict[str, tuple[Any, Any]], str]]] = {}


def message(case: str, standard: str) -> bytes:
    files = [file for file in (SAME / case).iterdir() if file.stem == standard]
    assert len(files) == 1, f"{case} must be written in {standard}: tests/samples/same/{case}/{standard}.*"
    return files[0].read_bytes()


@cache
def rules() -> RuleSet:
    file = DEPLOY / "rules/lambeth/ruleset.yaml"
    return read_rules(file.read_bytes(), file.name)


def understood(case: str, standard: str) -> tuple[dict[str, Value], Proposal]:
    """The facts that triage is told, and what Lambeth's rules make of them."""
    told = FORMS[standard].read(message(case, standard), SOURCE)
    reading = read(told.document, HERE.screen.silent)
    assert (told.does, missing(reading)) == ("refer", ())
    facts = with_blanks(facts_of(code(reading, HERE, TODAY)))
    return facts, rules().propose(facts)


@pytest.mark.parametrize("standard", STANDARDS)
@pytest.mark.parametrize("case", CASES)
def test_a_referral_is_the_same_in_every_standard(case: str, standard: str):
    (there, before), (here, after) = understood(case, "json"), understood(case, standard)
    theirs, ours = {**there, **before._asdict()}, {**here, **after._asdict()}
    found = {name: (theirs[name], ours[name]) for name in theirs if theirs[name] != ours[name]}
    assert found == DIFFERENCES.get((case, standard), ({}, ""))[0]


def test_no_difference_is_without_a_reason_or_about_nothing():
    known = {(case, standard) for case in CASES for standard in STANDARDS}
    assert set(DIFFERENCES) <= known
    assert all(differs and len(why) > 20 for differs, why in DIFFERENCES.values())


def test_the_cases_are_unlike_each_other():
    """Else they would show nothing: each goes somewhere of its own, or with an urgency of its own."""
    came = [understood(case, "json")[1] for case in CASES]
    assert len({(proposal.urgency, proposal.destination) for proposal in came}) >= len(CASES) - 1
