"""Counting: how many possible referrals come to each outcome under one or two rule sets, exactly, without a solver.

The inputs are gone through in turn. What is kept of the answers so far is only which rows can still match, rows that can
no longer change anything left out; so what seemed too many referrals to list falls into a few thousand groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple

from services.triage.proof.classes import classes_of
from services.triage.rules import REFERRER_URGENCY, URGENT_SECTIONS, Allowed
from services.triage.rules.rows import CURRENT_TEAM
from shared.codes import Urgency
from shared.errors import FrontDoorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from services.triage.rules import RuleSet

MOST_GROUPS: Final = 300_000
When = "Mapping[str, Allowed]"


class TooMany(FrontDoorError):
    """More groups of referrals than can be counted in reasonable time and memory."""


class Outcome(NamedTuple):
    """What comes of a group of referrals; of all but the destination only what was asked for; `nowhere` is one too."""

    destination: str
    urgency: str
    also: frozenset[str]
    hold: bool


class Asked(NamedTuple):
    """What of an outcome is to be told apart beside the destination."""

    urgency: bool = True
    also: frozenset[str] = frozenset()
    hold: bool = False


@dataclass(slots=True)
class _Block:
    """Rows of one kind at neighbouring bits: of `first` only the first that surely matches counts, else any of them."""

    bits: int
    less: int = 0  # bits that say nothing once a row of this block surely matches


class _Side:
    """One rule set's rows at the bits from `start` on."""

    def __init__(self, rules: RuleSet, asked: Asked, start: int) -> None:
        self.whens: list[Mapping[str, Allowed]] = []
        self._start, self._asks_urgency = start, asked.urgency
        self.routes = [(to, row) for row in rules.rows.routes for to in self._each(row.when, row.outcome.destination)]
        self.route_bits = self._bits_from(start)
        self.urgency: list[tuple[Urgency, int]] = list(self._urgency(rules)) if asked.urgency else []
        self.also = {name: self._adding(rules, name) for name in sorted(asked.also)}
        holding = [row.when for row in rules.rows.overlays if row.outcome.hold] if asked.hold else []
        self.holds = self._add(holding)

    def _bits_from(self, place: int) -> int:
        end = self._start + len(self.whens)
        return (1 << end) - (1 << place)

    def _add(self, whens: Iterable[Mapping[str, Allowed]]) -> int:
        place = self._start + len(self.whens)
        self.whens += whens
        return self._bits_from(place)

    def _each(self, when: Mapping[str, Allowed], destination: str) -> Iterator[str]:
        """The destinations of a row, one for each team where it sends to the current one; each has a bit."""
        if destination != CURRENT_TEAM:
            self.whens.append(when)
            yield destination
            return
        for team in sorted(map(str, when[CURRENT_TEAM])):
            self.whens.append({**when, CURRENT_TEAM: Allowed(frozenset((team,)))})
            yield team

    def _urgency(self, rules: RuleSet) -> Iterator[tuple[Urgency, int]]:
        """The bits of the rows that make it as urgent as each code, the most urgent first; the referrer's word is a row."""
        for code in Urgency:
            own = Allowed(frozenset((str(code),)))
            whens = [row.when for row in rules.rows.urgency if row.outcome == code]
            asks = REFERRER_URGENCY in rules.inputs and own <= rules.inputs[REFERRER_URGENCY]
            yield code, self._add([*whens, {REFERRER_URGENCY: own}] if asks else whens)

    def _adding(self, rules: RuleSet, name: str) -> int:
        """The bits of the overlays that add a destination."""
        whens = [row.when for row in rules.rows.overlays if row.outcome.add == name]
        own = Allowed(frozenset((name,)))
        team = [row.when for row in rules.rows.overlays if row.outcome.add == CURRENT_TEAM]
        whens += [{**when, CURRENT_TEAM: own} for when in team if name in when.get(CURRENT_TEAM, own)]
        return self._add(whens)

    def settled(self, alive: int, sure: int) -> int:
        """The rows that can still match, without those that say nothing beside the rows that surely do."""
        first = sure & self.route_bits
        if first:
            alive &= ~self.route_bits | ((first & -first) << 1) - 1
        rest = 0
        for _, bits in reversed(self.urgency):
            rest |= bits
        for _, bits in self.urgency:
            if found := sure & bits:
                alive = alive & ~rest | found & -found
                break
            rest &= ~bits
        for bits in (*self.also.values(), self.holds):
            if found := sure & bits:
                alive = alive & ~bits | found & -found
        return alive

    def outcome(self, matching: int) -> Outcome:
        """What comes of the rows that match."""
        first = matching & self.route_bits
        destination, row = self.routes[(first & -first).bit_length() - 1 - self._start] if first else ("nowhere", None)
        urgent = next((code for code, bits in self.urgency if matching & bits), Urgency.ROUTINE)
        own = row.outcome.priority if row and self._asks_urgency else None
        also = frozenset(name for name, bits in self.also.items() if matching & bits and name != destination)
        hold = bool(matching & self.holds) and not (row and row.table in URGENT_SECTIONS)
        return Outcome(destination, min(urgent, own or urgent, key=lambda code: code.severity), also, hold)


def counts(sets: tuple[RuleSet, ...], asked: Asked) -> dict[tuple[Outcome, ...], int]:
    """How many possible referrals come to each outcome, one outcome a rule set; raises `TooMany`.

    The sets must declare the same inputs.
    """
    sides: list[_Side] = []
    for rules in sets:
        sides.append(_Side(rules, asked, sum(len(side.whens) for side in sides)))
    counted: dict[tuple[Outcome, ...], int] = {}
    for matching, number in _groups(sets[0].inputs, sides).items():
        key = tuple(side.outcome(matching) for side in sides)
        counted[key] = counted.get(key, 0) + number
    return counted


def _groups(inputs: Mapping[str, Allowed], sides: list[_Side]) -> dict[int, int]:
    """How many referrals there are for each set of rows that match (rows that say nothing beside them left out)."""
    whens = [when for side in sides for when in side.whens]
    first = {name: place for place, when in reversed(list(enumerate(whens))) for name in when}
    order = sorted(first, key=lambda name: first[name])
    classes = classes_of(inputs, (cell for when in whens for cell in when.items()))
    groups = {(1 << len(whens)) - 1: _free(inputs, order)}
    for place, name in enumerate(order):
        later = set(order[place + 1 :])
        sure = sum(1 << bit for bit, when in enumerate(whens) if not later & when.keys())
        masks: dict[int, int] = {}
        for known in classes[name]:
            bits = sum(1 << bit for bit, when in enumerate(whens) if name not in when or known.value in when[name])
            masks[bits] = masks.get(bits, 0) + known.size
        groups = _step(groups, masks, sure, sides)
    return groups


def _step(groups: dict[int, int], masks: dict[int, int], sure: int, sides: list[_Side]) -> dict[int, int]:
    after: dict[int, int] = {}
    for alive, number in groups.items():
        for mask, size in masks.items():
            left = alive & mask
            for side in sides:
                left = side.settled(left, left & sure)
            after[left] = after.get(left, 0) + number * size
    if len(after) > MOST_GROUPS:
        raise TooMany("too-many", "too many kinds of referral to count")
    return after


def _free(inputs: Mapping[str, Allowed], order: list[str]) -> int:
    """How many ways there are to answer what no row asks."""
    return possible_referrals({name: domain for name, domain in inputs.items() if name not in order})


def possible_referrals(inputs: Mapping[str, Allowed]) -> int:
    """How many possible referrals there are: every value of each input with every value of the others."""
    return prod(sum(1 for _ in domain) for domain in inputs.values())
