"""What a referral is about: the main problem and the signs of psychosis, from codes and structured answers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from shared.codes import NOT_RECORDED, UNMAPPED

if TYPE_CHECKING:
    from shared.referral import CodedReferral

# MHSDS PRIMARY REASON FOR REFERRAL (MENTAL HEALTH) -> the problem that rules speak of.
PROBLEM_OF_REASON: Final = {
    "01": "psychosis",
    "02": "psychosis",
    "03": "bipolar",
    "04": "mood",
    "05": "anxiety",
    "06": "ocd",
    "07": "phobia",
    "08": "memory",
    "09": "substance",
    "10": "physical symptoms",
    "11": "trauma",
    "12": "eating",
    "13": "perinatal",
    "14": "personality",
    "15": "self-harm",
    "16": "conduct",
    "18": "crisis",
    "19": "relationships",
    "20": "gender",
    "21": "attachment",
    "22": "self-care",
    "23": "adjustment",
    "24": "neurodevelopmental",
    "25": "neurodevelopmental",
    "26": "neurodevelopmental",
    "27": "preconception",
    "28": "gambling",
    "29": "perinatal",
    "30": "learning disability",
    "31": "employment",
}
MAIN_PROBLEMS: Final = frozenset(
    [
        "mood",
        "anxiety",
        "psychosis",
        "bipolar",
        "eating",
        "memory",
        "substance",
        "trauma",
        "personality",
        "social",
        "perinatal",
        "other",
    ]
)
# Danger stands before the reason given first, whoever names it; the first of these that anyone names counts.
_DANGERS: Final = ("crisis", "self-harm", "psychosis", "bipolar")
# Beside a severe illness these stay the problem: their own rows speak of danger (draft rows D23, D28, U11), and ask for
# psychosis by the facts `psychosis` and `severe_mental_illness`.
_STAYS_BESIDE_ILLNESS: Final = frozenset(("substance", "eating"))
_SEVERE_ILLNESSES: Final = frozenset(("psychosis", "bipolar"))
_PSYCHOSIS_SEVERITY: Final = ("none", "attenuated", "known relapse", "first episode")
MOST_KNOWN: Final = 1_000
_PSYCHOSIS_OF_REASON: Final = {"01": "first episode", "02": "known relapse"}


def problem(referral: CodedReferral) -> str:
    """The main problem: a danger that any reason names, else by the MHSDS reason code, else by `main_problem`."""
    return _problem(referral.presentation.main_problem, referral.reason.code, referral.reason.others)


def psychosis(referral: CodedReferral) -> str:
    """Psychosis signs: the most severe of the structured answer and what the reason codes imply."""
    return _psychosis(referral.presentation.psychosis, referral.reason.code, referral.reason.others)


def severe_mental_illness(referral: CodedReferral) -> str:
    """Whether psychosis or bipolar disorder is known or suspected, as the first reason or beside it."""
    named = _named(referral.presentation.main_problem, referral.reason.code, referral.reason.others)
    severe = psychosis(referral) in {"first episode", "known relapse"} or not _SEVERE_ILLNESSES.isdisjoint(named)
    return "yes" if severe else "no"


@lru_cache(MOST_KNOWN)  # few ways of giving a reason make up nearly all referrals
def _problem(main: str, code: str, others: tuple[str, ...]) -> str:
    first = _by_precedence(main, code)
    named = _named(main, code, others)
    danger = next((danger for danger in _DANGERS if danger in named), first)
    return first if danger in _SEVERE_ILLNESSES and first in _STAYS_BESIDE_ILLNESS else danger


def _psychosis(signs: str, code: str, others: tuple[str, ...]) -> str:
    implied: list[str] = [_PSYCHOSIS_OF_REASON[c] for c in (code, *others) if c in _PSYCHOSIS_OF_REASON]
    if not implied:
        return signs
    if signs in _PSYCHOSIS_SEVERITY:
        implied.append(signs)
    return max(implied, key=_PSYCHOSIS_SEVERITY.index)


def _by_precedence(main: str, code: str) -> str:
    known = PROBLEM_OF_REASON.get(code)
    if known is not None:
        return known
    if main in MAIN_PROBLEMS:
        return main
    unanswered = NOT_RECORDED in (main, code) and UNMAPPED not in (main, code)
    return NOT_RECORDED if unanswered else UNMAPPED


@lru_cache(MOST_KNOWN)
def _named(main: str, code: str, others: tuple[str, ...]) -> frozenset[str]:
    """Every problem that the referral names, wherever it stands."""
    return frozenset((main, *(PROBLEM_OF_REASON.get(c, "") for c in (code, *others))))
