"""Which rows match: one integer per value of each input, one bit per row over all tables.

The bits left after one AND over the inputs are the rows that match. Only inputs that some row asks are looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from services.triage.rules.cells import Allowed
from shared.errors import Bug

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.triage.rules.cells import Value
    from services.triage.rules.rows import Row


@dataclass(frozen=True, slots=True)
class Masks:
    """`by_input` gives, for each input asked and each of its values, the rows that allow it; `every` has all bits set."""

    by_input: tuple[tuple[str, dict[Value, int]], ...]
    every: int

    def matching(self, facts: Mapping[str, Value]) -> int:
        """The rows that match, as bits; raises `Bug` where a fact asked is missing or not as declared."""
        bits = self.every
        try:
            for name, masks in self.by_input:
                bits &= masks[facts[name]]
        except (KeyError, TypeError):
            raise Bug("facts", f"not as the rule set declares them: {', '.join(self._undeclared(facts))}") from None
        return bits

    def _undeclared(self, facts: Mapping[str, Value]) -> list[str]:
        values = ((name, facts.get(name), known) for name, known in self.by_input)
        return [name for name, value, known in values if not isinstance(value, str | int) or value not in known]


def masks_of(rows: Sequence[Row[object]], inputs: Mapping[str, Allowed], apart: Iterable[str] = ()) -> Masks:
    """The masks of rows in this order: row 0 is bit 0. Above them each value of the inputs `apart` has a bit of its own."""
    conditions = [*(row.when for row in rows), *(_only(name, value) for name in apart for value in inputs[name])]
    asked = [name for name in inputs if any(name in when for when in conditions)]
    every = (1 << len(conditions)) - 1
    return Masks(tuple((name, _by_value(name, inputs[name], conditions, every)) for name in asked), every)


def _only(name: str, value: Value) -> Mapping[str, Allowed]:
    return {name: Allowed(frozenset((str(value),)))}


def _by_value(name: str, domain: Allowed, conditions: Iterable[Mapping[str, Allowed]], every: int) -> dict[Value, int]:
    """The rows that allow each value. Numbers are swept from the least: a row's bit turns where its range does."""
    asking = {1 << bit: when[name] for bit, when in enumerate(conditions) if name in when}
    blank = every & ~sum(asking)
    masks: dict[Value, int] = dict.fromkeys(sorted(domain.words), blank)
    turns: dict[int, int] = {}
    for bit, allowed in asking.items():
        for word in allowed.words:
            masks[word] |= bit
        for span in allowed.numbers:
            turns[span.start] = turns.get(span.start, 0) ^ bit
            turns[span.stop] = turns.get(span.stop, 0) ^ bit
    for number in chain.from_iterable(domain.numbers):
        blank ^= turns.get(number, 0)
        masks[number] = blank
    return masks
