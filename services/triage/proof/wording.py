"""Rules in words for people: what a cell asks, what a row leads to, and what comes of a referral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.triage.rules import Extra, Route
from services.triage.rules.rows import CURRENT_TEAM
from shared.codes import NOT_RECORDED, Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.triage.rules import Allowed, Proposal, Row, RuleSet, Value

ANYTHING: Final = "anything"
MOST_READ: Final = 10**12
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


def facts_in_words(facts: Mapping[str, Value], given: Mapping[str, Value]) -> str:
    """A referral in the words of an example: what departs from the facts that examples share."""
    return "; ".join(f"{name} = {value}" for name, value in facts.items() if value != given.get(name))


def outcome_in_words(rules: RuleSet, got: Proposal) -> str:
    """What comes of a referral."""
    words = f"{destination_in_words(rules, got.destination)}, {priority_in_words(got.urgency)}"
    also = f", also {', '.join(destination_in_words(rules, name) for name in got.also)}" if got.also else ""
    return f"{words}{also}{', held for a person' if got.hold else ''}"


def share_in_words(number: int, total: int) -> str:
    """How many of all possible referrals, as a plain ratio."""
    if number * 100 >= total:
        return f"{number * 100 // total} in 100"
    one_in = total // number
    for size, words in ((10**12, "fewer than 1 in a million million"), (10**6, "1 in {:,} million")):
        if one_in >= size:
            return words.format(_rounded(one_in // 10**6))
    return f"1 in {_rounded(one_in):,}"


def _rounded(number: int) -> int:
    """A number of two figures and noughts."""
    return int(f"{str(number)[:2]:0<{len(str(number))}}")


def number_in_words(number: int) -> str:
    """A number of possible referrals: in full where a person can read it."""
    return f"{number:,}" if number < MOST_READ else f"about 10^{len(str(number)) - 1}"
