"""Behaviour: what a rule set makes of a referral, as terms of a formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.triage.proof.formula import FALSE, NOBODY, TRUE, Formula
from services.triage.rules import REFERRER_URGENCY, URGENT_SECTIONS
from services.triage.rules.rows import CURRENT_TEAM
from shared.codes import CareSetting, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.triage.rules import RuleSet

LOOKED_AT: Final = frozenset((CareSetting.SECONDARY_CARE, CareSetting.FRONT_DOOR))
RAISED: Final = tuple(code for code in Urgency if code is not Urgency.ROUTINE)  # the most urgent first


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Terms for one rule set over one referral.

    `rows` tells for each row by its id whether it matches, `first` for each destination row whether it decides,
    `nowhere` whether none does. `urgency` tells for each code but routine whether the urgency is that or more urgent,
    `raised` whether the referrer or an urgency row makes it so; `to`, `section` and `also` are by name;
    `holds` tells whether an overlay holds, `held` whether that counts: not where the route goes at once.
    """

    rows: Mapping[str, str]
    first: Mapping[str, str]
    nowhere: str
    raised: Mapping[Urgency, str]
    urgency: Mapping[Urgency, str]
    to: Mapping[str, str]
    section: Mapping[str, str]
    also: Mapping[str, str]
    holds: str
    held: str

    def outcome(self) -> dict[str, str]:
        """Every term by which one outcome differs from another."""
        terms = {f"urgency {code}": term for code, term in self.urgency.items()}
        terms |= {f"to {name}": term for name, term in self.to.items()}
        terms |= {f"also {name}": term for name, term in self.also.items()}
        return terms | {"held": self.held, "nowhere": self.nowhere}


def behaviour(formula: Formula, rules: RuleSet, other: frozenset[str] = NOBODY) -> Behaviour:
    """What the rules make of a referral; with `other`, of one that has its second values there."""
    rows = {row.id: formula.when(row.when, other) for row in rules.rows}
    first, nowhere = _first(formula, [(row.id, rows[row.id]) for row in rules.rows.routes])
    section = _by(formula, ((row.table, first[row.id]) for row in rules.rows.routes))
    to = destinations(formula, rules, ((row.outcome.destination, first[row.id]) for row in rules.rows.routes), other)
    added = destinations(formula, rules, ((row.outcome.add, rows[row.id]) for row in rules.rows.overlays), other)
    raising = [(row.outcome, rows[row.id]) for row in rules.rows.urgency]
    deciding = [(row.outcome.priority, first[row.id]) for row in rules.rows.routes if row.outcome.priority]
    holds = formula.any_of(rows[row.id] for row in rules.rows.overlays if row.outcome.hold)
    return Behaviour(
        rows=rows,
        first=first,
        nowhere=nowhere,
        raised=_urgency(formula, raising, other),
        urgency=_urgency(formula, [*raising, *deciding], other),
        to=to,
        section=section,
        also={name: formula.all_of((term, formula.no(to.get(name, FALSE)))) for name, term in added.items()},
        holds=holds,
        held=formula.all_of((holds, formula.no(formula.any_of(section.get(name, FALSE) for name in URGENT_SECTIONS)))),
    )


def _first(formula: Formula, rows: Iterable[tuple[str, str]]) -> tuple[dict[str, str], str]:
    """For each row whether it is the first to match, and whether none does."""
    first, none_yet = {}, TRUE
    for name, matches in rows:
        first[name] = formula.all_of((none_yet, matches))
        none_yet = formula.all_of((none_yet, formula.no(matches)))
    return first, none_yet


def _by(formula: Formula, terms: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Any of the terms that share a name, by that name."""
    grouped: dict[str, list[str]] = {}
    for name, term in terms:
        grouped.setdefault(name, []).append(term)
    return {name: formula.any_of(group) for name, group in grouped.items() if name}


def destinations(
    formula: Formula, rules: RuleSet, terms: Iterable[tuple[str, str]], other: frozenset[str] = NOBODY
) -> dict[str, str]:
    """Any of the terms that name a destination, by that; the current team is the one that the fact names."""
    named = _by(formula, terms)
    to_team = named.pop(CURRENT_TEAM, FALSE)
    if to_team != FALSE:
        for place, team in enumerate(formula.classes[CURRENT_TEAM]):
            if team.value in rules.destinations:
                is_team = formula.value(CURRENT_TEAM, place, other=CURRENT_TEAM in other)
                name = str(team.value)
                named[name] = formula.any_of((named.get(name, FALSE), formula.all_of((to_team, is_team))))
    return named


def _urgency(formula: Formula, raising: Iterable[tuple[Urgency, str]], other: frozenset[str]) -> dict[Urgency, str]:
    """Whether the urgency is each code or more urgent: by the referrer, by an urgency row, by the row that decides."""
    known = tuple(raising)
    return {
        code: formula.any_of(
            [term for urgency, term in known if as_urgent(urgency, code)] + [referrers(formula, code, other)]
        )
        for code in RAISED
    }


def as_urgent(one: Urgency, as_another: Urgency) -> bool:
    """Whether one urgency is the other or more urgent."""
    return one.severity <= as_another.severity


def referrers(formula: Formula, code: Urgency, other: frozenset[str] = NOBODY) -> str:
    """Whether the referrer's own urgency is `code` or more urgent."""
    codes = [urgent for urgent in Urgency if as_urgent(urgent, code)]
    known = formula.classes.get(REFERRER_URGENCY, ())
    places = (place for place, one in enumerate(known) if one.value in codes)
    return formula.any_of(formula.value(REFERRER_URGENCY, place, other=REFERRER_URGENCY in other) for place in places)


def exactly(formula: Formula, does: Behaviour, code: Urgency) -> str:
    """Whether the urgency is this code."""
    more = [term for urgent, term in does.urgency.items() if urgent.severity < code.severity]
    return formula.all_of((does.urgency.get(code, TRUE), *(formula.no(term) for term in more)))


def needed_care(formula: Formula, does: Behaviour, rules: RuleSet) -> tuple[str, ...]:
    """What a person is found to need: an emergency route; that or crisis; that or a hold; secondary care."""
    emergency, urgent = _urgent_routes(formula, does)
    secondary = (
        does.to[name] for name in does.to if rules.destinations[name].care_setting is CareSetting.SECONDARY_CARE
    )
    return emergency, urgent, formula.any_of((urgent, does.held)), formula.any_of(secondary)


def given_care(formula: Formula, does: Behaviour, rules: RuleSet) -> tuple[str, ...]:
    """What meets each need of `needed_care`; a person at the front door meets that of secondary care."""
    emergency, urgent = _urgent_routes(formula, does)
    reached = (*does.to.items(), *does.also.items())
    near = (term for name, term in reached if rules.destinations[name].care_setting in LOOKED_AT)
    held = formula.any_of((urgent, does.held))
    return emergency, urgent, held, formula.any_of((held, *near))


def _urgent_routes(formula: Formula, does: Behaviour) -> tuple[str, str]:
    """Whether the route is an emergency's, and whether it is that or a crisis route."""
    emergency = does.section.get("emergency", FALSE)
    return emergency, formula.any_of((emergency, does.section.get("crisis", FALSE)))
