"""A rule set's meaning by brute force, straight from the definitions: every possible referral gone through, one by one.

Shares nothing with the masks, the run-time or the proof but the sets that the cells were read to.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from services.triage.rules import Allowed, Promise, Row, RuleSet, Value
    from services.triage.rules.promises import Outcome

    Facts = Mapping[str, Value]

SEVERITY = {"1": 0, "4": 1, "2": 2, "3": 3}
NOWHERE = "nowhere"


class Came(NamedTuple):
    """What comes of a referral."""

    destination: str
    urgency: str
    also: frozenset[str]
    hold: bool
    section: str

    def asserted(self) -> tuple[object, ...]:
        """What an example says."""
        return self[:4]


class Enumerated:
    """All referrals of a rule set, the rows that match each, and what comes of it."""

    def __init__(self, rules: RuleSet, inputs: Mapping[str, Iterable[Value]] | None = None) -> None:
        self.rules = rules
        self.facts = list(referrals(inputs or rules.inputs))
        self.matching = [frozenset(row.id for row in rules.rows if matches(row, facts)) for facts in self.facts]
        self.came = [self.come(*pair) for pair in zip(self.matching, self.facts, strict=True)]

    @cached_property
    def somewhere(self) -> list[tuple[Facts, Came]]:
        """The referrals that some row takes."""
        return [(facts, came) for facts, came in zip(self.facts, self.came, strict=True) if came.section]

    def of(self, facts: Facts) -> Came:
        """What comes of one referral."""
        return self.come([row.id for row in self.rules.rows if matches(row, facts)], facts)

    def come(self, rows: Collection[str], facts: Facts) -> Came:
        """What comes of a referral that these rows match."""
        first = next((row for row in self.rules.rows.routes if row.id in rows), None)
        to = named(first.outcome.destination, facts) if first else NOWHERE
        codes = ["3", *(row.outcome for row in self.rules.rows.urgency if row.id in rows)]
        codes += [first.outcome.priority] if first and first.outcome.priority else []
        codes += [code for code in SEVERITY if facts.get("referrer_urgency") == code]
        overlays = [row.outcome for row in self.rules.rows.overlays if row.id in rows]
        also = frozenset(named(extra.add, facts) for extra in overlays if extra.add) - {to}
        section = first.table if first else ""
        hold = any(extra.hold for extra in overlays) and section not in {"emergency", "crisis"}
        return Came(to, str(min(codes, key=SEVERITY.__getitem__)), also, hold, section)

    def gaps(self) -> list[Facts]:
        """The referrals that no destination row takes."""
        return [facts for facts, came in zip(self.facts, self.came, strict=True) if not came.section]

    def dead(self) -> set[str]:
        """Rows that could be taken out one after the other, the last first, and no referral would come to another end."""
        deciding = {next((row.id for row in self.rules.rows.routes if row.id in rows), "") for rows in self.matching}
        dead = {row.id for row in self.rules.rows.routes if row.id not in deciding}
        for row in reversed((*self.rules.rows.urgency, *(row for row in self.rules.rows.overlays if not row.note))):
            if not self._changes(row, dead):
                dead.add(row.id)
        return dead

    def _changes(self, row: Row[object], dead: set[str]) -> bool:
        """Whether some referral comes to another end without this row, and without those known to be dead."""
        for rows, facts in zip(self.matching, self.facts, strict=True):
            left = rows - dead
            if row.id in left and self.come(left, facts) != self.come(left - {row.id}, facts):
                return True
        return False

    def about(self, promise: Promise) -> list[tuple[Facts, Came]]:
        """The referrals that some row takes and that a promise speaks of."""
        return [(facts, came) for facts, came in self.somewhere if allows(promise.when, facts)]

    def applies(self, promise: Promise) -> bool:
        """Whether some referral is one that the promise speaks of, and could get worse in the way that it says."""
        worsening = promise.worsening
        better = worsening.steps[:-1] if worsening else ()
        return any(allows(promise.when, f) and (not worsening or f[worsening.input] in better) for f in self.facts)

    def tells_apart(self, name: str) -> bool:
        """Whether some row asks for an input, or the outcome is never less urgent than it says."""
        return name == "referrer_urgency" or any(name in row.when for row in self.rules.rows)

    def breaks(self, promise: Promise, facts: Facts, came: Came) -> bool:
        """Whether a referral that a promise speaks of breaks it; where it is about worsening, when it gets worse."""
        if promise.worsening is None:
            return not any(self._keeps(outcome, came) for outcome in promise.outcomes)
        return any(self.worse(promise, facts, came))

    def worse(self, promise: Promise, facts: Facts, came: Came) -> Iterator[Facts]:
        """The worse referrals that come to something less urgent or to lesser care than they must."""
        about = promise.worsening
        assert about
        for one, another in combinations(about.steps, 2):
            if facts[about.input] != one:
                continue
            worse = {**facts, about.input: another}
            then = self.of(worse)
            less = about.urgency and SEVERITY[then.urgency] > SEVERITY[self.person(facts)]
            if then.section and (less or (about.care and self._lessens(came, then))):
                yield worse

    def person(self, facts: Facts) -> str:
        """The urgency but for what the deciding row itself asks for."""
        rows = [row.id for row in self.rules.rows.urgency if matches(row, facts)]
        return self.come(rows, facts).urgency

    def _keeps(self, outcome: Outcome, came: Came) -> bool:
        """Whether an outcome is as a promise says."""
        place = self.rules.destinations[came.destination]
        comes = {
            "priority": {came.urgency},
            "destination": {came.destination},
            "also": came.also,
            "section": {came.section},
            "care setting": {str(place.care_setting)},
            "gate": {str(place.gate)},
            "it is held": set(),
        }[outcome.about]
        if outcome.about == "it is held":
            return came.hold
        return any(word in comes for word in outcome.words) != outcome.never

    def _lessens(self, one: Came, other: Came) -> bool:
        """Whether care lessens: a rung of the ladder down, or secondary care lost with no person at the front door."""
        places = self.rules.destinations
        looked_at = {places[name].care_setting for name in (other.destination, *other.also)}
        lost = places[one.destination].care_setting == "secondary-care" and not looked_at & {
            "secondary-care",
            "front-door",
        }
        return rung(other) < rung(one) or (lost and rung(other) == 0)


def referrals(inputs: Mapping[str, Iterable[Value]]) -> Iterator[Facts]:
    """Every referral that the inputs make possible."""
    return (dict(zip(inputs, values, strict=True)) for values in product(*map(list, inputs.values())))


def matches(row: Row[object], facts: Facts) -> bool:
    """Whether every cell of a row allows the fact."""
    return allows(row.when, facts)


def allows(when: Mapping[str, Allowed], facts: Facts) -> bool:
    """Whether every cell allows the fact."""
    return all(facts[name] in allowed for name, allowed in when.items())


def named(destination: str, facts: Facts) -> str:
    """A destination, or the current team's."""
    return str(facts["current_team"]) if destination == "current_team" else destination


def rung(came: Came) -> int:
    """How much is done at once: an emergency route, a crisis route, a hold for a person, none of these."""
    return 3 if came.section == "emergency" else 2 if came.section == "crisis" else int(came.hold)
