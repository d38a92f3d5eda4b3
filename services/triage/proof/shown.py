"""What examples show: where rows end, and what follows from them."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from typing import TYPE_CHECKING, Final, Self

from services.triage.proof.behaviour import as_urgent
from services.triage.rules import REFERRER_URGENCY, URGENT_SECTIONS
from services.triage.rules.rows import CURRENT_TEAM
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from services.triage.rules import Proposal, Route, Row, RuleSet, Value


PRIORITY: Final = "priority"  # the columns of what follows from a row
DESTINATION: Final = "destination"
ADD: Final = "add"
HOLD: Final = "hold"


class Shown:
    """What the examples of a rule set, and referrals beside them, show of its rows."""

    def __init__(self, rules: RuleSet) -> None:
        self._decider, self._rows = rules.decider, tuple(rules.rows)
        self._urgency = {row.id: row.outcome for row in rules.rows.urgency}
        self._extras = {row.id: row.outcome for row in rules.rows.overlays}
        self._routes = {row.id: row for row in rules.rows.routes}
        self._route_bits = (1 << len(self._routes)) - 1 << len(self._urgency)
        self._values: defaultdict[tuple[str, str], set[Value]] = defaultdict(set)
        self._follows: set[tuple[str, str]] = set()
        for example in rules.examples:
            self.see(example.facts)

    def beside(self) -> Self:
        """The same, to take in more."""
        more = copy(self)
        values = defaultdict(set, {key: set(values) for key, values in self._values.items()})
        vars(more).update(_values=values, _follows=set(self._follows))
        return more

    def counts(self, row: Row[object]) -> bool:
        """Whether some outcome hangs on the row."""
        return not self._follows.isdisjoint((row.id, column) for column in (PRIORITY, DESTINATION, ADD, HOLD))

    def has(self, row: Row[object], column: str, values: Collection[Value]) -> bool:
        """Whether an outcome hangs on the row with the input at one of the values; without values, on what follows."""
        known = (row.id, column)
        return not self._values[known].isdisjoint(values) if values else known in self._follows

    def see(self, facts: Mapping[str, Value]) -> None:
        """Takes in what one referral shows: of each row that matches or is one input short of it."""
        masks = self._decider.masks
        denied = {name: masks.every & ~by_value[facts[name]] for name, by_value in masks.by_input}
        once = twice = 0
        for bits in denied.values():
            twice |= once & bits
            once |= bits
        matching = masks.every & ~once
        if not matching & self._route_bits:
            return  # goes nowhere, which is a finding of its own
        came = self._decider.of(matching, facts)
        near = masks.every & ~twice & ~self._beaten(matching)
        for place, row in enumerate(self._rows):
            bit = 1 << place
            if near & bit and (columns := self._otherwise(row, bit, matching, facts, came)):
                for name in row.when:
                    if not once & bit or denied[name] & bit:
                        self._values[row.id, name].add(facts[name])
                if matching & bit:
                    self._follows.update((row.id, column) for column in columns)
        if _sets_priority(self._routes[came.row], [*self._raised(came, facts)]):
            self._follows.add((came.row, PRIORITY))

    def _beaten(self, matching: int) -> int:
        """The destination rows below the one that decides: whether they match changes nothing."""
        first = matching & self._route_bits
        return self._route_bits & -((first & -first) << 1)

    def _otherwise(
        self, row: Row[object], bit: int, matching: int, facts: Mapping[str, Value], came: Proposal
    ) -> tuple[str, ...]:
        """The columns of a row in which its outcome shows whether it matches; `came` is what came of the facts."""
        if matching & bit:
            return self._differing(row, matching ^ bit, facts, came)
        if urgency := self._urgency.get(row.id):
            return (PRIORITY,) if urgency.severity < came.urgency.severity else ()
        if extra := self._extras.get(row.id):
            added = bool(extra.add) and _place(extra.add, facts) not in {came.destination, *came.also}
            held = extra.hold and not came.hold and came.section not in URGENT_SECTIONS
            return (ADD,) * added + (HOLD,) * held
        if _place(self._routes[row.id].outcome.destination, facts) != came.destination:
            return (DESTINATION,)
        return self._differing(row, matching ^ bit, facts, came)

    def _differing(
        self, row: Row[object], matching: int, facts: Mapping[str, Value], came: Proposal
    ) -> tuple[str, ...]:
        """The columns of a row in which something else comes where these rows match."""
        if not matching & self._route_bits:
            return (DESTINATION,)
        other = self._decider.of(matching, facts)
        urgency, also = came.urgency != other.urgency, set(came.also) != set(other.also)
        hold = came.hold != other.hold
        if row.id in self._urgency:
            return (PRIORITY,) if urgency else ()
        if row.id in self._routes:
            return (DESTINATION,) if urgency or also or hold or came.destination != other.destination else ()
        return (ADD,) * also + (HOLD,) * hold

    def _raised(self, came: Proposal, facts: Mapping[str, Value]) -> Iterator[Urgency]:
        """How urgent a referral is without the priority of the row that decides."""
        yield from (self._urgency[row] for row in came.urgency_rows)
        own = facts.get(REFERRER_URGENCY)
        yield from (code for code in Urgency if code == own)


def _place(destination: str, facts: Mapping[str, Value]) -> Value:
    """The destination that a row's cell stands for."""
    return facts[CURRENT_TEAM] if destination == CURRENT_TEAM else destination


def _sets_priority(row: Row[Route], raised: Collection[Urgency]) -> bool:
    own = row.outcome.priority
    return own is not None and own is not Urgency.ROUTINE and not any(as_urgent(code, own) for code in raised)
