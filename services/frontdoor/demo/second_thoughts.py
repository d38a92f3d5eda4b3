"""What referrers send after a referral: amendments (some raise its urgency), and other content under the same id."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

RAISES: Final = (
    {
        "risk": {"suicidal": "ideation", "means": "no"},
        "reason": {"text": "Rang this morning: darker thoughts since the weekend."},
    },
    {"risk": {"suicidal": "plan", "means": "yes"}, "referrer": {"urgency": "4", "phone_call_made": "yes"}},
    {"referrer": {"urgency": "2"}, "presentation": {"rapidly_worsening": "yes"}},
)
ADDS: Final = (
    {"presentation": {"phq9": 12, "gad7": 9, "phq9_item9": 0}},
    {"risk": {"suicidal": "none", "self_harm": "none", "to_others": "none"}},
    {"contact": {"if_unreachable": "Ring the surgery.", "may_leave_message": "no"}},
    {"social": {"needs": ["housing", "debt"]}, "consent": {"share_with_partners": "yes"}},
    {"needs": {"interpreter": "yes", "interpreter_language": "pt"}},
)
RAISED_SHARE: Final = 0.35


def amended(rng: Random, _: dict[str, Any]) -> dict[str, Any]:
    """The changed parts of a referral; a third raise what is known of the risk, the others fill gaps."""
    return deepcopy(rng.choice(RAISES if rng.random() < RAISED_SHARE else ADDS))


def contradicted(rng: Random, body: dict[str, Any]) -> dict[str, Any]:
    """The same message id with other content, as a copied template gives: another story, other scores."""
    other = deepcopy(body)
    other["reason"]["text"] = "Please disregard the last, wrong person pasted. " + rng.choice(("Low mood.", "Anxious."))
    other["presentation"] = other.get("presentation", {}) | {"phq9": rng.randint(5, 24)}
    return other
