"""Past referrals under two rule sets: who moves, whose urgency changes, and how that falls on groups of people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from services.triage.facts import with_blanks
from services.triage.proof.explaining import undeclared
from services.triage.proof.outcomes import outcome_of
from services.triage.rules import REFERRER_URGENCY
from services.triage.rules.rows import CURRENT_TEAM
from shared.codes import NOT_RECORDED
from shared.errors import Bug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    from services.triage.proof.outcomes import Outcome
    from services.triage.rules import RuleSet, Value

FEWEST: Final = 5  # people in a cell about age or ethnicity that a report shows (promise 8)
AGES: Final = ((18, "under 18"), (26, "18 to 25"), (65, "26 to 64"), (121, "65 or over"))
# NHS Data Dictionary, ETHNIC CATEGORY: groups of the 2001 census; what is not among them is a local code.
ETHNIC_GROUPS: Final = {
    **dict.fromkeys("ABC", "White"),
    **dict.fromkeys("DEFG", "Mixed"),
    **dict.fromkeys("HJKL", "Asian or Asian British"),
    **dict.fromkeys("MNP", "Black or Black British"),
    **dict.fromkeys("RS", "Other ethnic groups"),
    **dict.fromkeys(("Z", "99", "unmapped", NOT_RECORDED), "not stated or not known"),
}
LOCAL_CODES: Final = "local codes"
AGE_BANDS: Final = (*(name for _, name in AGES), NOT_RECORDED)
ETHNICITIES: Final = (*dict.fromkeys(ETHNIC_GROUPS.values()), LOCAL_CODES)


class Past(NamedTuple):
    """One referral as its newest decision by rules saw it: the facts that were recorded."""

    referral_id: UUID
    facts: Mapping[str, Value]
    ethnic_category: str


class Change(NamedTuple):
    """One referral that comes out otherwise."""

    referral_id: UUID
    before: Outcome
    after: Outcome

    @property
    def falls(self) -> bool:
        """Whether its urgency falls."""
        return self.after.urgency.severity > self.before.urgency.severity

    @property
    def rises(self) -> bool:
        """Whether its urgency rises."""
        return self.after.urgency.severity < self.before.urgency.severity

    @property
    def moves(self) -> bool:
        """Whether it goes to another destination."""
        return self.after.destination != self.before.destination


class LeftOut(NamedTuple):
    """One referral that one of the two rule sets cannot read: facts whose values it does not declare."""

    referral_id: UUID
    version: str
    facts: Mapping[str, Value]


class Group(NamedTuple):
    """Some of the people compared; None where a number might give someone away."""

    name: str
    people: int | None
    moved: int | None
    rose: int | None
    fell: int | None


class Comparison(NamedTuple):
    """What came of it. Those whose urgency falls are the first of `changes`."""

    compared: int
    changes: tuple[Change, ...]
    left_out: tuple[LeftOut, ...]
    never_recorded: tuple[str, ...]
    by_age: tuple[Group, ...]
    by_ethnicity: tuple[Group, ...]


def compare(old: RuleSet, new: RuleSet, past: Iterable[Past]) -> Comparison:
    """All that is past, under both rule sets; what either cannot read is left out by name, never guessed."""
    compared: list[Past] = []
    changes, left_out = {}, []
    under_old, under_new = _remembering(old), _remembering(new)
    for each in past:
        facts = with_blanks(each.facts)
        try:
            before, after = under_old(facts), under_new(facts)
        except Bug:
            left_out.append(_left_out(old, new, each.referral_id, facts))
            continue
        compared.append(each)
        if before[:-1] != after[:-1]:  # another row for the same end is nothing that a person notices
            changes[each.referral_id] = Change(each.referral_id, before, after)
    return Comparison(
        len(compared),
        tuple(sorted(changes.values(), key=lambda change: (not change.falls, not change.rises, not change.moves))),
        tuple(left_out),
        _never_recorded(old, new, compared),
        _groups(compared, changes, AGE_BANDS, lambda each: age_band(each.facts.get("age", NOT_RECORDED))),
        _groups(compared, changes, ETHNICITIES, lambda each: ETHNIC_GROUPS.get(each.ethnic_category, LOCAL_CODES)),
    )


def counted(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """From, to and how many, the most first."""
    return [(before, after, count) for (before, after), count in Counter(pairs).most_common()]


def age_band(age: Value) -> str:
    """The band that an age in years is in, or `not recorded`."""
    if isinstance(age, str):
        return age
    return next(name for below, name in AGES if age < below)


def _remembering(rules: RuleSet) -> Callable[[Mapping[str, Value]], Outcome]:
    """What comes of facts, worked out once for each group of rows that match: thousands of people match few."""
    known: dict[tuple[object, ...], Outcome] = {}

    def outcome(facts: Mapping[str, Value]) -> Outcome:
        matched = rules.decider.masks.matching(facts)
        group = (matched, facts.get(REFERRER_URGENCY), facts.get(CURRENT_TEAM))
        if group not in known:
            known[group] = outcome_of(rules.propose(facts))
        return known[group]

    return outcome


def _left_out(old: RuleSet, new: RuleSet, referral_id: UUID, facts: Mapping[str, Value]) -> LeftOut:
    rules = new if undeclared(new, facts) else old
    return LeftOut(referral_id, rules.version, undeclared(rules, facts))


def _never_recorded(old: RuleSet, new: RuleSet, compared: Sequence[Past]) -> tuple[str, ...]:
    """Facts that the new rules alone ask for and of which no decision holds a value: they may be newer than these."""
    asked_before = {name for row in old.rows for name in row.when}
    asked = {name: None for row in new.rows for name in row.when if name not in asked_before}
    if not asked or not compared:
        return ()
    recorded = {name for each in compared for name in each.facts}
    return tuple(name for name in asked if name not in recorded)


def _groups(
    compared: Iterable[Past], changes: Mapping[UUID, Change], order: Iterable[str], group_of: Callable[[Past], str]
) -> tuple[Group, ...]:
    """People by group, and what changes for how many of them; small numbers hidden."""
    people, moved, rose, fell = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for each in compared:
        group = group_of(each)
        people[group] += 1
        if change := changes.get(each.referral_id):
            moved[group] += change.moves
            rose[group] += change.rises
            fell[group] += change.falls
    names = [name for name in order if people[name]]
    columns = [shown({name: column[name] for name in names}) for column in (people, moved, rose, fell)]
    return tuple(Group(name, *(column[name] for column in columns)) for name in names)


def shown(counts: Mapping[str, int]) -> dict[str, int | None]:
    """The counts of one column without those under five, nought too; never one alone, which the sum would give away."""
    hidden = {name for name, count in counts.items() if count < FEWEST}
    if len(hidden) == 1 and len(counts) > 1:
        hidden.add(min(counts.keys() - hidden, key=lambda name: counts[name]))
    return {name: None if name in hidden else count for name, count in counts.items()}
