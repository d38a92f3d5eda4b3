"""Where a decision leaves somebody, how urgently, and where that urgency comes from, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.codes import DecisionKind, HoldReason, Urgency, most_urgent

if TYPE_CHECKING:
    from services.frontdoor.ruletext import RuleText
    from shared.events import Decision

HOLDS: Final = {
    HoldReason.SAFETY: "a safety question is open, and no rule may close it",
    HoldReason.GATE: "this route needs a person's look first",
    HoldReason.UNMATCHED: "no rule fits, so a person decides",
    HoldReason.CONFLICT: "the same message id came with other content",
    HoldReason.RETURNED: "a team returned it, or a person sent it back to the hub",
    HoldReason.PARKED: "a record about it could not be read",
    HoldReason.CLOSED_DESTINATION: "the destination that the rules propose does not accept now",
    HoldReason.AFTER_WITHDRAWAL: "it had been cancelled before",
}


def verdict(decision: Decision, text: RuleText) -> str:
    """What was decided, and where the person stands."""
    where = text.name(decision.destination)
    if decision.kind is DecisionKind.ROUTE:
        return f"Routed to {where}"
    if decision.kind is DecisionKind.HOLD:
        return f"Held at {where}"
    if decision.kind is DecisionKind.WITHDRAW:
        return f"Withdrawn from {where}"
    return f"Stays at {where}, {decision.status}"


def priority(urgency: Urgency) -> str:
    """An urgency by its name and its code."""
    return f"{urgency.words} (priority {urgency})"


def own_urgency(decision: Decision, text: RuleText) -> Urgency | None:
    """What the rules alone made of its facts, the referrer's own urgency included; None where a row's text is not known."""
    rows = [text.rows.get(row) for row in decision.rows]
    asked = str(decision.facts.get("referrer_urgency"))
    said = [*(row.says.get("priority", "") for row in rows if row), asked]
    raised = most_urgent(Urgency.ROUTINE, *(Urgency(code) for code in said if code in set(Urgency)))
    return raised if rows and None not in rows else None


def whence(decision: Decision, before: Decision | None, text: RuleText) -> str:
    """Where the urgency of a decision that the rules made comes from, `before` being what stood until then."""
    if decision.urgency is own_urgency(decision, text):
        asked = decision.facts.get("referrer_urgency") == decision.urgency.value
        return "as the referrer asked" if asked else "as the rules have it from what is recorded"
    if before and before.urgency is decision.urgency:
        return "as it stood before: no news lowers it, only a named clinician does"
    if decision.hold_reason and decision.urgency is Urgency.URGENT:
        return "since a person must look within a day"
    return "as the rules have it from what is recorded"
