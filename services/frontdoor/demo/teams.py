"""What receiving teams and the hub answer to where a referral stands: invented, and shaped by published figures.

Teams accept 0.77 of what reaches them (Healey 2021, MHRJ 10.1108/MHRJ-10-2020-0071, with the hub in place).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

ACCEPTED: Final = 0.77
RETURNED: Final = 0.05
STEPPED_UP: Final = 0.015
CLOSED: Final = 0.05
MOST_ANSWERS: Final = 5  # to one referral


class Answer(NamedTuple):
    """One answer: as the hub or as the receiving team, and the body of `POST /referrals/{id}/outcomes`."""

    hub: bool
    body: dict[str, Any]


_CLINICIAN: Final = {"name": "R. Fennimore", "role": "senior mental health nurse", "registration": "99X9999Z"}
_TEAM: Final = {"name": "T. Ashgrove", "role": "team lead"}
ONWARD: Final = ("hub-review", "joint-assessment", "information-requested")
REROUTED_TO: Final = ("short-term-support", "peer-support-programme", "talking-therapies-step-3")
NOT_YET: Final = ""
# What the hub does by the reason of a hold, by weight; the rest still waits when the month ends.
HUB_WAYS: Final = {
    "gate": {"released": 86, NOT_YET: 14},
    "safety": {"released": 66, "urgency-lowered": 5, "advised": 3, NOT_YET: 26},
    "unmatched": {"rerouted": 58, "information-requested": 14, "advised": 10, NOT_YET: 18},
    "conflict": {"released": 40, NOT_YET: 60},
    "returned": {"rerouted": 65, NOT_YET: 35},
}
HUB_REASONS: Final = {
    "released": "safety-call-made",
    "rerouted": "clinical-review",
    "advised": "advice-given",
    "information-requested": "information-missing",
    "urgency-lowered": "risk-reviewed",
}


def answer(rng: Random, standing: Mapping[str, Any]) -> Answer | None:
    """The next answer to a referral that stands so (`GET /referrals/{id}`), or None: nobody has answered by now."""
    status = standing["status"]
    if status in {"held", "returned"}:
        return _hub(rng, _why_held(standing))
    if status == "routed":
        return _receiving_team(rng, standing["destination"])
    if status == "accepted" and rng.random() < CLOSED:
        return Answer(hub=False, body={"kind": "closed", "by": _TEAM, "reason": rng.choice(("02", "04", "07"))})
    return None


def _why_held(standing: Mapping[str, Any]) -> str:
    """The reason in the newest step of the history that holds: `held at hub: safety`."""
    steps = (str(step["what"]) for step in reversed(standing["history"]))
    return next((step.rpartition(": ")[2] for step in steps if step.startswith("held at ")), "")


def _receiving_team(rng: Random, destination: str) -> Answer | None:
    if destination == "emergency-department" or (chance := rng.random()) < ACCEPTED:
        return Answer(hub=False, body={"kind": "accepted", "by": _TEAM})
    if chance < ACCEPTED + RETURNED:
        body = {"kind": "returned", "by": _TEAM, "reason": rng.choice(("02", "02", "03")), "onward": rng.choice(ONWARD)}
        return Answer(hub=False, body=body)
    if chance < ACCEPTED + RETURNED + STEPPED_UP:
        body = {"kind": "stepped-up", "by": _CLINICIAN, "reason": "needs-more-intensive", "to": "community-assessment"}
        return Answer(hub=False, body=body)
    return None


def _hub(rng: Random, why: str) -> Answer | None:
    ways = HUB_WAYS.get(why, {NOT_YET: 1})
    kind = rng.choices(list(ways), list(ways.values()))[0]
    if kind == NOT_YET:
        return None
    body = {"kind": kind, "by": _CLINICIAN, "reason": HUB_REASONS[kind]}
    if kind == "rerouted":
        body["to"] = rng.choice(REROUTED_TO)
    if kind == "urgency-lowered":
        body["urgency"] = "3"
    return Answer(hub=True, body=body)
