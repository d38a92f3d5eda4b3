"""Facts: what rules may ask of a referral, one entry each, computed by pure functions.

`FACTS` maps a fact's name to its function of (coded referral, history). The values that each may take are declared
in the rule set's `inputs`; a test proves that no function here returns a value outside that declaration. Fields for
reports alone (ethnic category, language, deprivation, gender, practice) have no entry: rules cannot ask for them.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from services.triage.history import NO_HISTORY, History
from services.triage.problem import problem, psychosis, severe_mental_illness
from shared.codes import NOT_RECORDED, UNMAPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.referral import CodedReferral

Value = str | int


_HOMELESS: Final = frozenset(("homeless", "rough-sleeping", "hostel"))  # local words beside MHSDS accommodation codes
RISK_UNANSWERED: Final = "risk_unanswered"
RISK_QUESTIONS: Final = ("suicidal", "self_harm", "to_others")
UNANSWERED: Final = (NOT_RECORDED, UNMAPPED)
_PRESENT: Final = frozenset("1234")  # MHSDS learning disability / autism status: confirmed or suspected


def risk_unanswered(referral: CodedReferral) -> str:
    """Whether a question of the risk screen (suicide, self-harm, risk to others) has no usable answer."""
    risk = referral.risk
    blank = UNANSWERED
    return "yes" if risk.suicidal in blank or risk.self_harm in blank or risk.to_others in blank else "no"


def with_risk_unanswered(facts: Mapping[str, Value]) -> dict[str, Value]:
    """Facts that somebody supposed, with what follows for whether a question of the risk screen has no answer."""
    open_question = any(facts.get(question) in UNANSWERED for question in RISK_QUESTIONS)
    return {**facts, RISK_UNANSWERED: "yes" if open_question else "no"}


def perinatal(referral: CodedReferral) -> str:
    """Where in the perinatal period: planning, pregnant, or weeks since birth in the bands that rules use.

    Of two that hold at once the more dangerous counts: a new pregnancy outweighs the second year after a birth.
    """
    period = referral.perinatal
    weeks = period.weeks_since_birth
    if weeks is not None and weeks <= 52:
        return "to 10 weeks" if weeks <= 10 else "to 12 months"
    if period.pregnant == "yes":
        return "pregnant"
    if weeks is not None and weeks <= 104:
        return "to 24 months"
    if period.planning == "yes" or referral.reason.code == "27":
        return "planning"
    if weeks is not None or period.pregnant == "no":
        return "no"
    return NOT_RECORDED


def antidepressants_tried(referral: CodedReferral) -> int:
    """Adequate courses of antidepressants that helped little or not at all (0 to 10)."""
    return min(
        10,
        sum(
            t.kind == "antidepressant" and t.adequate == "yes" and t.outcome in {"little", "none"}
            for t in referral.presentation.treatments
        ),
    )


def therapy_tried(referral: CodedReferral) -> str:
    """The most intensive psychological treatment tried without recovery: none, other, step 2, step 3."""
    treatments = referral.presentation.treatments
    tried = {t.kind for t in treatments if t.outcome in {"some", "little", "none"}} if treatments else ()
    for kind, words in (("therapy-step-3", "step 3"), ("therapy-step-2", "step 2"), ("therapy-other", "other")):
        if kind in tried:
            return words
    return "none"


def homeless(referral: CodedReferral) -> str:
    """Whether the person sleeps rough, lives in a hostel or has no fixed abode."""
    if referral.person.no_fixed_abode == "yes" or referral.social.accommodation in _HOMELESS:
        return "yes"
    return referral.person.no_fixed_abode


def _has(need: str) -> Callable[[CodedReferral, History], str]:
    return lambda referral, _: "yes" if need in referral.social.needs else "no"


def _status(code: str) -> str:
    """yes, no or not recorded from an MHSDS learning disability or autism status code."""
    return "yes" if code in _PRESENT else "no" if code == "5" else NOT_RECORDED


def _age(referral: CodedReferral) -> Value:
    months = referral.person.age_months
    return NOT_RECORDED if months is None else min(120, months // 12)


def _nearly_adult(referral: CodedReferral) -> str:
    months = referral.person.age_months
    return NOT_RECORDED if months is None else "yes" if 210 <= months < 216 else "no"


# A fact is the value at a path of the coded referral (None there is `not recorded`), or a function of it and the history.
FACTS: Final[dict[str, str | Callable[[CodedReferral, History], Value]]] = {
    "age": lambda r, _: _age(r),
    "nearly_adult": lambda r, _: _nearly_adult(r),
    "in_area": "in_area",
    "current_team": lambda _, h: h.current_team,
    "returns_90_days": lambda _, h: min(20, h.returns_90_days),
    "referrer_urgency": "referrer.urgency",
    "question": "reason.question",
    "mental_health_act": "reason.mental_health_act",
    "problem": lambda r, _: problem(r),
    "life_in_danger": "risk.life_in_danger",
    "suicidal": "risk.suicidal",
    "means": "risk.means",
    "self_harm": "risk.self_harm",
    "self_harm_needs_treatment": "risk.self_harm_needs_treatment",
    "to_others": "risk.to_others",
    "weapon": "risk.weapon",
    "from_others": "risk.from_others",
    "domestic_abuse": "risk.domestic_abuse",
    "self_neglect": "risk.self_neglect",
    "has_dependants": "risk.has_dependants",
    "safeguarding_referred": "risk.safeguarding_referred",
    "risk_unanswered": lambda r, _: risk_unanswered(r),
    "risk_words": lambda r, _: "yes" if r.risk_words else "no",
    "physical_red_flag": "presentation.physical.red_flag",
    "collapse": "presentation.physical.collapse",
    "phq9": "presentation.phq9",
    "phq9_item9": "presentation.phq9_item9",
    "gad7": "presentation.gad7",
    "psychosis": lambda r, _: psychosis(r),
    "severe_mental_illness": lambda r, _: severe_mental_illness(r),
    "function": "presentation.function",
    "diagnoses": lambda r, _: min(10, len(r.presentation.problems)),
    "rapidly_worsening": "presentation.rapidly_worsening",
    "recurrent": "presentation.recurrent",
    "multiple_trauma": "presentation.multiple_trauma",
    "duration_months": "presentation.duration_months",
    "not_engaging": "presentation.not_engaging",
    "evening_distress": "presentation.evening_distress",
    "antidepressants_tried": lambda r, _: antidepressants_tried(r),
    "therapy_tried": lambda r, _: therapy_tried(r),
    "alcohol_units_week": "presentation.alcohol_units_week",
    "drugs": "presentation.drugs",
    "perinatal": lambda r, _: perinatal(r),
    "perinatal_red_flag": "perinatal.red_flag",
    "learning_disability": lambda r, _: _status(r.needs.learning_disability),
    "autism": lambda r, _: _status(r.needs.autism),
    "interpreter": "needs.interpreter",
    "adjustments": lambda r, _: "yes" if r.needs.adjustments else "no",
    "homeless": lambda r, _: homeless(r),
    "veteran": "person.veteran",
    "asylum_seeker": "person.asylum_seeker",
    "isolation": _has("isolation"),
    "housing": _has("housing"),
    "debt": lambda r, _: "yes" if "debt" in r.social.needs or "benefits" in r.social.needs else "no",
    "work": _has("work"),
    "caring": _has("caring"),
    "wants_peer_support": "social.wants_peer_support",
    "wants_goals": "social.wants_goals",
    "wants_work": "social.wants_work",
    "agrees": "consent.agrees",
    "share_with_partners": "consent.share_with_partners",
    "capacity_concern": "consent.capacity_concern",
    "safe_contact_only": "contact.safe_contact_only",
}
_BLANK: Final[dict[str, Value]] = dict.fromkeys(FACTS, NOT_RECORDED)
_PATHS: Final = {name: path for name, path in FACTS.items() if isinstance(path, str)}
_COMPUTED: Final = {name: fact for name, fact in FACTS.items() if not isinstance(fact, str)}
_READ_PATHS: Final = attrgetter(*_PATHS.values())  # all paths in one call: every referral pays for this

# Facts that hang together, in the words of rule cells: of each line one cell matches whatever the referral. Nothing is
# decided or proved by this: where the proof may choose, it shows a referral that there could be.
TOGETHER: Final[tuple[Mapping[str, str], ...]] = (
    {"risk_unanswered": "yes", "suicidal": "none or ideation or plan or intent"},
    {"risk_unanswered": "yes", "self_harm": "none or historic or recent or current"},
    {"risk_unanswered": "yes", "to_others": "none or ideas or plan or violence"},
    {"risk_unanswered": "no"} | dict.fromkeys(("suicidal", "self_harm", "to_others"), "unmapped or not recorded"),
    {
        "severe_mental_illness": "no",
        "psychosis": "first episode or known relapse",
        "problem": "psychosis or bipolar or crisis or self-harm or substance or eating",  # these hide one named beside
    },
    {"severe_mental_illness": "yes", "psychosis": "none or attenuated or unmapped or not recorded"},
    {"severe_mental_illness": "yes", "problem": "not bipolar"},
    {"severe_mental_illness": "yes", "problem": "not psychosis"},
    {"nearly_adult": "no or not recorded", "age": "17"},
    {"nearly_adult": "not recorded", "age": "0 to 120"},
    {"nearly_adult": "yes or no", "age": "not recorded"},
)


def facts_of(referral: CodedReferral, history: History = NO_HISTORY) -> dict[str, Value]:
    """The facts of one referral that are recorded, by name: absent means not recorded."""
    read = zip(_PATHS, _READ_PATHS(referral), strict=True)
    facts: dict[str, Value] = {name: value for name, value in read if value is not None and value != NOT_RECORDED}
    for name, fact in _COMPUTED.items():
        value = fact(referral, history)
        if value != NOT_RECORDED:
            facts[name] = value
    return facts


def with_blanks(facts: Mapping[str, Value]) -> dict[str, Value]:
    """Every fact by name, those that are absent as not recorded: what rules ask for."""
    return {**_BLANK, **facts}
