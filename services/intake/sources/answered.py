"""What the answer to a question of the contract can mean, whatever standard it is coded in. Pure."""

from __future__ import annotations

from typing import Final

from services.intake.contract import values
from services.intake.sources.paths import KINDS
from shared.codes import Urgency

# The answers of PHQ-9 and GAD-7, "over the last two weeks", as their authors word them [Kroenke, Spitzer and Williams].
_SCALE: Final = {"not at all": "0", "several days": "1", "more than half the days": "2", "nearly every day": "3"}
_ITEMS: Final = ("_item9", "_items")
_ANSWERS: Final = frozenset(
    path
    for path, (kind, _) in KINDS.items()
    if kind.name in {values.YES_NO.name, values.URGENCY.name, "one of a list", "whole number"}
)
_YES_REASSURES: Final = frozenset(
    path
    for path, (kind, _) in KINDS.items()
    if kind is values.YES_NO
    and (
        path.startswith(("contact.may_", "contact.through_", "consent.a", "consent.share_"))
        or path in {"risk.safety_plan", "risk.safeguarding_referred", "referrer.phone_call_made"}
    )
)


def is_answer(path: str) -> bool:
    """Whether a field is a question that one of a few answers, or a number, is given to."""
    return path in _ANSWERS


def reassures(path: str, meant: object) -> bool:
    """Whether an answer is the one of least concern: no, none, 0, routine; yes where that is what the person agrees to or has."""
    if path in _YES_REASSURES:
        return meant == "yes"
    return is_answer(path) and meant in {"no", "none", 0, Urgency.ROUTINE.value}


def in_scale(path: str, text: str) -> str:
    """An answer to an item of PHQ-9 or GAD-7 as its number, where it is told in the words of the scale."""
    return _SCALE.get(" ".join(text.casefold().split()), text) if path.endswith(_ITEMS) else text
