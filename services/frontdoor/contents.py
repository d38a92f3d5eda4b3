"""Several contents that came under one message id, in words: what each led to, how they differ, what a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from services.frontdoor.ruletext import WHERE
from services.frontdoor.standing import own_urgency, priority, verdict, whence
from shared.codes import NOT_RECORDED, DecisionKind, HoldReason
from shared.events import CONFLICTING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.frontdoor.ruletext import RuleText
    from shared.events import Decision


class Contents(NamedTuple):
    """`stood` is the decision that the first other content met, `first` the one whose facts are the earlier content's.

    `others` are the decisions on each other content, in their order, and `now` is the newest decision of all.
    """

    stood: Decision
    first: Decision
    others: list[Decision]
    now: Decision


def contents_of(decided: Sequence[Decision]) -> Contents | None:
    """The contents among some decisions; None where no message id came again with other content."""
    others = [decision for decision in decided if decision.cause_type == CONFLICTING]
    if not others or decided[0] is others[0]:
        return None
    before = decided[: decided.index(others[0])]
    first = next((decision for decision in reversed(before) if decision.rows), before[-1])
    return Contents(before[-1], first, others, decided[-1])


def lines(contents: Contents, text: RuleText) -> Iterator[str]:
    """What came, for people."""
    stood, _, others, now = contents
    held = now.hold_reason is not None
    decides = "a person decides between them" if held else "what stands now is above"
    count = "Two" if len(others) == 1 else str(len(others) + 1)
    yield f"{count} contents came under one message id; {decides}:"
    yield f"  1: {verdict(stood, text)}, {priority(stood.urgency)}."
    for place, other in enumerate(others, 2):
        yield f"  {place}: {_proposed(other, text)}."
    yield from _differences(contents)
    yield f"  Priority now: {priority(others[-1].urgency)}, {whence(others[-1], stood, text)}."
    if held and (still := [text.name(name) for name in stood.told if name in now.told and name != now.destination]):
        yield f"  Until then it stays with {', '.join(still)} as well."
    if now.hold_reason is HoldReason.SAFETY:
        yield "  The safety question comes before the conflict: only a registered clinician closes it."
    first_way = stood.proposed if stood.hold_reason else stood.destination
    if held and now.proposed and first_way and now.proposed != first_way:
        yield f"  A release goes to {text.name(now.proposed)}; for {text.name(first_way)}, reroute."
    yield f"  The rows below are those of {len(others) + 1}."


def _proposed(other: Decision, text: RuleText) -> str:
    """What a content led to: its own route, or what the rules would make of it alone."""
    if other.kind is not DecisionKind.HOLD:
        return f"{verdict(other, text)}, {priority(other.urgency)}"
    rows = [text.rows[row] for row in other.rows if row in text.rows]
    to = next((row.says["destination"] for row in rows if row.does == WHERE), other.proposed)
    alone = own_urgency(other, text)
    said = f"the rules alone propose {text.name(to)}" if to else "the rules alone propose nothing"
    return f"{said}, {priority(alone)}" if alone else said


def _differences(contents: Contents) -> Iterator[str]:
    said = [decision.facts for decision in (contents.first, *contents.others)]
    names = dict.fromkeys(name for facts in said for name in facts)
    values = {name: [str(facts.get(name, NOT_RECORDED)) for facts in said] for name in names}
    apart = [f"{name.replace('_', ' ')}: {' / '.join(each)}" for name, each in values.items() if len(set(each)) > 1]
    yield (
        f"  They differ ({' / '.join(str(place + 1) for place in range(len(said)))}) in {'; '.join(apart)}."
        if apart
        else ("  No fact that rules ask for is another.")
    )


def as_json(contents: Contents) -> list[dict[str, Any]]:
    """Each content for programs: the decision that it led to."""
    led_to = ((contents.stood, contents.first.facts), *((other, other.facts) for other in contents.others))
    return [
        {
            "decided_by": str(decision.decision_id),
            "kind": decision.kind.value,
            "destination": decision.destination,
            "proposed": decision.proposed,
            "urgency": decision.urgency.value,
            "facts": facts,
        }
        for decision, facts in led_to
    ]
