"""The JSON contract: every field of the minimum data set with how its value is read.

The tree has the JSON paths of the minimum data set (PRSB clinical referral information v1.1, MHSDS v6), the local
fields of `shared.referral` beside them. Field names that `shared.referral` has too travel in events; all else stays
here. Reading never refuses: what cannot be read becomes the kind's `otherwise`, with a warning.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from services.intake.contract import code_lists as lists
from services.intake.contract import values
from services.intake.contract.values import (
    CODE,
    DATE,
    MOMENT,
    PROSE,
    TEXT,
    TEXTS,
    URGENCY,
    YES_NO,
    Kind,
    coded,
    number,
    words,
)


class Each(NamedTuple):
    """A list of one kind of thing; more than `most` items are kept with the receipt and not read."""

    of: Node
    most: int = 50


Tree = dict[str, Any]  # of nodes: mypy knows no recursive dict inside a recursive union
Node = Kind | Each | Tree

_REASON: Final = coded(lists.REASONS, "MHSDS PRIMARY REASON FOR REFERRAL (MENTAL HEALTH)")
_SCORES: Final = Each(number(0, 3), most=9)

CONTRACT: Final[Tree] = {
    "message_id": TEXT,
    "referred_at": MOMENT,
    "person": {
        "nhs_number": TEXT,
        "nhs_number_status": coded(lists.NHS_NUMBER_STATUS, "NHS NUMBER STATUS INDICATOR"),
        "name": {"given": TEXT, "family": TEXT, "title": TEXT, "full": TEXT},
        "born": DATE,
        "address": TEXTS,
        "postcode": TEXT,
        "no_fixed_abode": YES_NO,
        "gender": coded(lists.GENDERS, "MHSDS GENDER IDENTITY"),
        "gender_same_at_birth": YES_NO,
        "ethnic_category": coded(lists.ETHNIC_CATEGORIES, "ETHNIC CATEGORY"),
        "language": CODE(values.language, "BCP 47; the primary language is kept"),
        "veteran": YES_NO,
        "asylum_seeker": YES_NO,
    },
    "contact": {
        **dict.fromkeys(("phone", "mobile", "email", "preferred"), TEXT),
        "if_unreachable": PROSE,
        "carers": Each({"name": TEXTS, "relationship": TEXT, "phone": TEXT, "may_contact": YES_NO}),
        **dict.fromkeys(("may_text", "may_leave_message", "may_write", "through_carer", "safe_contact_only"), YES_NO),
    },
    "referrer": {
        "name": TEXTS,
        "role": CODE(values.role, "a job title, at most 60 letters"),
        **dict.fromkeys(("organisation", "practice", "commissioner"), CODE(values.ods, "ODS code")),
        "bypass_phone": TEXT,
        "email": TEXT,
        "source_of_referral": coded(lists.SOURCES_OF_REFERRAL, "MHSDS SOURCE OF REFERRAL"),
        "last_seen": DATE,
        "urgency": URGENCY,
        "phone_call_made": YES_NO,
    },
    "consent": {
        "on": DATE,
        **dict.fromkeys(("aware", "agrees", "share_with_partners", "scr_dissent", "capacity_concern"), YES_NO),
    },
    "reason": {
        "code": _REASON,
        "others": Each(_REASON),
        "wants": PROSE,
        "text": PROSE,
        "question": words("assessment", "treatment", "advice", "medicines"),
        "mental_health_act": YES_NO,
    },
    "presentation": {
        "phq9": number(0, 27),
        "phq9_item9": number(0, 3),
        "phq9_items": _SCORES,
        "phq9_on": DATE,
        "gad7": number(0, 21),
        "gad7_items": _SCORES,
        "gad7_on": DATE,
        "problems": Each(
            {"system": CODE(values.code_system, "SNOMED CT or ICD-10"), "code": CODE(values.clinical_code, "")}
        ),
        "history": PROSE,
        "treatments": Each(
            {
                "kind": words("antidepressant", "therapy-step-2", "therapy-step-3", "therapy-other"),
                "adequate": YES_NO,
                "outcome": words("recovered", "some", "little", "none"),
            }
        ),
        "treatment_text": PROSE,
        "medicines": PROSE,
        "physical": {"red_flag": YES_NO, "collapse": YES_NO, "text": PROSE},
        "alcohol_units_week": number(0, 2000),
        "audit": number(0, 40),
        "drugs": YES_NO,
        "cognition_score": number(0, 100),
        "function": words("none", "some", "marked", prose=True),
        "psychosis": words("none", "attenuated", "first episode", "known relapse"),
        "main_problem": words(*lists.MAIN_PROBLEMS),
        "duration_months": number(0, 1200),
        **dict.fromkeys(
            ("rapidly_worsening", "recurrent", "multiple_trauma", "not_engaging", "evening_distress"), YES_NO
        ),
    },
    "perinatal": {"due": DATE, "birth_date": DATE, **dict.fromkeys(("pregnant", "planning", "red_flag"), YES_NO)},
    "risk": {
        "life_in_danger": YES_NO,
        "suicidal": words("none", "ideation", "plan", "intent"),
        "means": YES_NO,
        "self_harm": words("none", "historic", "recent", "current"),
        "self_harm_needs_treatment": YES_NO,
        "to_others": words("none", "ideas", "plan", "violence"),
        "weapon": YES_NO,
        "from_others": YES_NO,
        "domestic_abuse": YES_NO,
        "self_neglect": words("none", "some", "severe"),
        "protective": PROSE,
        "safety_plan": YES_NO,
        "dependants": Kind(
            "names and ages", values.dependants, {"type": "array", "items": {"type": "object"}}, screened=True
        ),
        "has_dependants": YES_NO,
        "safeguarding_referred": YES_NO,
    },
    "needs": {
        "interpreter": YES_NO,
        **dict.fromkeys(("interpreter_language", "language"), CODE(values.language, "BCP 47")),
        "adjustments": Each(CODE(values.adjustment, "BaRS reasonable adjustment, or a SNOMED CT concept of one")),
        "learning_disability": coded(lists.DISABILITY_STATUS, "MHSDS LEARNING DISABILITY STATUS"),
        "autism": coded(lists.DISABILITY_STATUS, "MHSDS AUTISM STATUS"),
    },
    "social": {
        "accommodation": CODE(values.local_or_code(lists.ACCOMMODATION), "MHSDS ACCOMMODATION TYPE or a local word"),
        "employment": CODE(values.local_or_code(lists.EMPLOYMENT), "EMPLOYMENT STATUS or a local word"),
        "needs": Each(words(*lists.SOCIAL_NEEDS)),
        "strengths": PROSE,
        **dict.fromkeys(("wants_peer_support", "wants_goals", "wants_work"), YES_NO),
    },
    "unmapped": Kind(
        "what no field takes",
        values.texts,
        {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "texts of the sender's own form, by its own names: screened for words of risk, shown to the hub",
        },
        prose=True,
    ),
    "attachments": Each({"id": TEXT, "type": TEXT, "sha256": TEXT, "size": number(0, 10**12)}),
}

# An answer to one of these that cannot be read is looked at by a person, as risk words in free text are.
RISK_ANSWERS: Final = frozenset(
    (
        *(f"risk.{name}" for name in CONTRACT["risk"]),
        *("referrer.urgency", "reason.mental_health_act", "perinatal.red_flag"),
        *(f"presentation.{name}" for name in ("phq9", "phq9_item9", "phq9_items", "psychosis", "rapidly_worsening")),
        *("presentation.physical", "presentation.physical.red_flag", "presentation.physical.collapse"),
        *("risk", "referrer", "presentation", "perinatal", "reason"),  # where one of them is told as no object
    )
)
