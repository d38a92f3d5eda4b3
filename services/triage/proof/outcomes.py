"""All that can come of a referral of which something is not known yet: exact over every declared value.

Values that no row still open can tell apart are tried once (`services.triage.proof.classes`). The regions found do not
overlap, and together they are every combination.
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from operator import or_
from typing import TYPE_CHECKING, Final, NamedTuple

from services.triage.facts import RISK_QUESTIONS, RISK_UNANSWERED, UNANSWERED, with_risk_unanswered
from services.triage.proof.classes import Asked, Class, classes_of
from services.triage.rules import Allowed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from services.triage.rules import Proposal, RuleSet, Value
    from shared.codes import Urgency

MOST_COMBINATIONS: Final = 200_000


class Outcome(NamedTuple):
    """What comes of a referral, and the row that decided where to."""

    urgency: Urgency
    destination: str
    also: tuple[str, ...]
    hold: bool
    row: str


class Region(NamedTuple):
    """The values of the inputs in question (in their order) for which one outcome comes."""

    outcome: Outcome
    values: tuple[Allowed, ...]


def outcome_of(proposal: Proposal) -> Outcome:
    """What of a proposal a person would notice."""
    return Outcome(proposal.urgency, proposal.destination, tuple(sorted(proposal.also)), proposal.hold, proposal.row)


def classes_in_question(
    rules: RuleSet, facts: Mapping[str, Value], unknown: Collection[str], *, follows: bool
) -> dict[str, tuple[Class, ...]]:
    """The classes of each unknown input, told apart by the rows that the known facts do not rule out.

    With `follows`, whether a question of the risk screen is unanswered follows from the answers.
    """
    open_inputs = {*unknown, *((RISK_UNANSWERED,) if follows else ())}
    classes = classes_of(rules.inputs, _asked(rules, facts, open_inputs, follows=follows))
    return {name: classes.get(name) or (_one(rules.inputs[name]),) for name in unknown}


def outcomes(
    rules: RuleSet, facts: Mapping[str, Value], classes: Mapping[str, tuple[Class, ...]], *, follows: bool
) -> list[Region]:
    """Every outcome that is possible, the most urgent first; raises `Bug` where a known fact is not as declared."""
    found: dict[Outcome, list[Box]] = {}
    for combination in product(*(enumerate(each) for each in classes.values())):
        supposed = {**facts, **{name: each.value for name, (_, each) in zip(classes, combination, strict=True)}}
        outcome = outcome_of(rules.propose(with_risk_unanswered(supposed) if follows else supposed))
        found.setdefault(outcome, []).append(tuple(1 << bit for bit, _ in combination))
    ordered = sorted(found.items(), key=lambda item: (item[0].urgency.severity, item[0][1:]))
    return [Region(outcome, _values(box, classes.values())) for outcome, boxes in ordered for box in _joined(boxes)]


def _asked(rules: RuleSet, facts: Mapping[str, Value], unknown: set[str], *, follows: bool) -> Iterator[Asked]:
    """What is still asked of unknown inputs."""
    for row in rules.rows:
        if all(name in unknown or facts[name] in allowed for name, allowed in row.when.items()):
            yield from ((name, allowed) for name, allowed in row.when.items() if name in unknown)
    if follows:
        for name in unknown & {*RISK_QUESTIONS}:
            yield name, Allowed(frozenset(UNANSWERED))


def _one(domain: Allowed) -> Class:
    """All values of an input that no open row asks for."""
    values = tuple(domain)
    return Class(values[0], len(values), domain)


Box = tuple[int, ...]  # for each unknown input, which of its classes, as bits


def _joined(boxes: Collection[Box]) -> Collection[Box]:
    """The same combinations in fewer boxes: those that differ in one input alone are one."""
    count = 0
    while len(boxes) != count:
        count = len(boxes)
        for place in range(len(next(iter(boxes)))):
            together: dict[tuple[Box, Box], int] = {}
            for box in boxes:
                beside = (box[:place], box[place + 1 :])
                together[beside] = together.get(beside, 0) | box[place]
            boxes = [(*before, bits, *after) for (before, after), bits in together.items()]
    return boxes


def _values(box: Box, classes: Iterable[tuple[Class, ...]]) -> tuple[Allowed, ...]:
    parts = zip(box, classes, strict=True)
    return tuple(
        reduce(or_, (each.values for bit, each in enumerate(known) if bits >> bit & 1)) for bits, known in parts
    )
