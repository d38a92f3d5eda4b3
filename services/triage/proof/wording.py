"""Rules in words for people: what a cell asks, what a row leads to, and what comes of a referral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.triage.rules import Extra, Route
from services.triage.rules.rows import CURRENT_TEAM
from shared.codes import NOT_RECORDED, Urgency

if TYPE_CHECKING:
    from services.triage.rules import Allowed, Row, RuleSet

ANYTHING: Final = "anything"
SPELT_OUT: Final = 3  # words that are named, where `not` and the one that is missing would be shorter


def cell_in_words(allowed: Allowed, domain: Allowed) -> str:
    """A set of an input's values as a cell says it; `anything` for all of them."""
    if allowed == domain:
        return ANYTHING
    missing = domain.words - allowed.words
    if not domain.numbers and len(missing) == 1 and len(allowed.words) > SPELT_OUT and NOT_RECORDED not in missing:
        return f"not {min(missing)}"
    spans = [_span(span, domain.numbers[0]) for span in allowed.numbers]
    words = sorted(allowed.words, key=lambda word: (word == NOT_RECORDED, word))
    return " or ".join((*spans, *words))


def _span(span: range, possible: range) -> str:
    if len(span) == 1:
        return str(span[0])
    if span.stop == possible.stop and span.start != possible.start:
        return f"{span[0]} or more"
    return f"{span[0]} to {span[-1]}"


def priority_in_words(urgency: Urgency) -> str:
    """An urgency for people: its name and its code."""
    return f"{urgency.words} (priority {urgency})"


def destination_in_words(rules: RuleSet, name: str) -> str:
    """A destination for people: its name and its id."""
    if name == CURRENT_TEAM:
        return "the team that has the person"
    known = rules.destinations.get(name)
    return f"{known.name} ({name})" if known else name


def effect_in_words(rules: RuleSet, row: Row[object]) -> str:
    """What follows where a row matches."""
    if isinstance(row.outcome, Urgency):
        return priority_in_words(row.outcome)
    parts = []
    if isinstance(row.outcome, Route):
        parts = [f"to {destination_in_words(rules, row.outcome.destination)}"]
        parts += [priority_in_words(row.outcome.priority)] if row.outcome.priority else []
    if isinstance(row.outcome, Extra):
        parts = [f"adds {destination_in_words(rules, row.outcome.add)}"] if row.outcome.add else []
        parts += ["holds for a person"] if row.outcome.hold else []
    return ", ".join(parts) or "tells people something"
