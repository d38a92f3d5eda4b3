"""What a referral is about: the main problem and the signs of psychosis, from codes and structured answers."""

from __future__ import annotations

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
_MAIN_PROBLEMS: Final = frozenset(
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
_PSYCHOSIS_SEVERITY: Final = ("none", "attenuated", "known relapse", "first episode")
_PSYCHOSIS_OF_REASON: Final = {"01": "first episode", "02": "known relapse"}


def problem(referral: CodedReferral) -> str:
    """The main problem: from the MHSDS reason code, else from `presentation.main_problem`."""
    known = PROBLEM_OF_REASON.get(referral.reason.code)
    if known is not None:
        return known
    main = referral.presentation.main_problem
    if main in _MAIN_PROBLEMS:
        return main
    unanswered = NOT_RECORDED in (main, referral.reason.code) and UNMAPPED not in (main, referral.reason.code)
    return NOT_RECORDED if unanswered else UNMAPPED


def psychosis(referral: CodedReferral) -> str:
    """Psychosis signs: the more severe of the structured answer and what the reason code implies."""
    signs = referral.presentation.psychosis
    implied = _PSYCHOSIS_OF_REASON.get(referral.reason.code)
    if implied is None:
        return signs
    if signs not in _PSYCHOSIS_SEVERITY:
        return implied
    return max(signs, implied, key=_PSYCHOSIS_SEVERITY.index)


def severe_mental_illness(referral: CodedReferral) -> str:
    """Whether psychosis or bipolar disorder is known or suspected."""
    severe = psychosis(referral) in {"first episode", "known relapse"} or problem(referral) in {"psychosis", "bipolar"}
    return "yes" if severe else "no"
