"""Classes: the values of an input that nothing asked can tell apart, so that one stands for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.triage.rules import REFERRER_URGENCY, Allowed
from services.triage.rules.rows import CURRENT_TEAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.triage.rules import RuleSet, Value

Asked = tuple[str, Allowed]
APART = frozenset((REFERRER_URGENCY, CURRENT_TEAM))  # each of their values is an outcome of its own


@dataclass(frozen=True, slots=True)
class Class:
    """Values that match the same cells."""

    value: Value
    size: int
    values: Allowed


def classes_of(inputs: Mapping[str, Allowed], asked: Iterable[Asked]) -> dict[str, tuple[Class, ...]]:
    """The classes of each input that something asks, by what is asked of it; an input never asked is left out."""
    sets: dict[str, dict[Allowed, None]] = {name: {} for name in inputs}
    for name, allowed in asked:
        sets[name][allowed] = None
    return {
        name: _split(domain, tuple(sets[name]), apart=name in APART)
        for name, domain in inputs.items()
        if sets[name] or name in APART
    }


def _split(domain: Allowed, sets: tuple[Allowed, ...], *, apart: bool) -> tuple[Class, ...]:
    groups: dict[object, list[Value]] = {}
    for value in domain:
        groups.setdefault(value if apart else tuple(value in allowed for allowed in sets), []).append(value)
    return tuple(Class(values[0], len(values), Allowed.of(values)) for values in groups.values())


def cells(*rule_sets: RuleSet) -> Iterable[Asked]:
    """What the rows of some rule sets ask."""
    return (cell for rules in rule_sets for row in rules.rows for cell in row.when.items())
