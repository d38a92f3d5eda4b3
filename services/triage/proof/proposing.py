"""The examples that a rule set still lacks: one for each edge and row that none shows, as few as show them all.

One example often shows several edges. That which shows the most is taken first; and because what was found once may not
be needed then, and what it showed by the way is open again, it is asked anew until nothing is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.triage.proof.edges import missing_edges, shown_among
from services.triage.proof.prover import Prover
from services.triage.rules.examples import Example

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from services.triage.proof.edges import Edge, Missing
    from services.triage.rules import Proposal, Row, RuleSet, Value


@dataclass(frozen=True, slots=True)
class Proposed:
    """One example that clinicians are asked for: about which row, what it would come to, and what it shows."""

    row: str
    facts: Mapping[str, Value]
    got: Proposal
    shows: tuple[str, ...]


def proposed_examples(rules: RuleSet, begin: Callable[[str], object] = lambda _: None) -> list[Proposed]:
    """The examples that are missing; each referral must go somewhere. `begin` hears of each step in words."""
    chosen: list[Proposed] = []
    begin("which edges no example shows")
    while missing := _missing(_with(rules, chosen)):
        begin(f"as few examples as show {len(missing)} edges")
        chosen += _fewest(rules, missing)
        begin("whether they show every edge")
    return chosen + list(_for_rows(_with(rules, chosen)))


def _missing(rules: RuleSet) -> list[Missing]:
    """The edges still missing; a referral that is an example already shows what it can."""
    known = [example.facts for example in rules.examples]
    return [each for each in missing_edges(Prover(rules)) if each.facts not in known]


def _fewest(rules: RuleSet, missing: list[Missing]) -> Iterator[Proposed]:
    """Of the referrals found, some that show every edge: each time the one that shows most of what is left."""
    edges = [each.edge for each in missing]
    shows = [{id(edge) for edge in shown_among(rules, each.facts, edges)} | {id(each.edge)} for each in missing]
    left = {id(edge) for edge in edges}
    while left:
        best = max(range(len(missing)), key=lambda place: len(shows[place] & left))
        taken = shows[best] & left
        left -= taken
        words = tuple(_in_words(edge, missing[best].facts) for edge in edges if id(edge) in taken)
        about = next(edge for edge in edges if id(edge) in taken).row.id
        yield Proposed(about, missing[best].facts, missing[best].got, words)


def _in_words(edge: Edge, facts: Mapping[str, Value]) -> str:
    return f"{edge.row.id} at {edge.input} = {facts[edge.input]}"


def _for_rows(rules: RuleSet) -> Iterator[Proposed]:
    """An example for each row that takes part in none: a row that asks nothing has no edges."""
    prover = Prover(rules)
    unused = {row.id: row for row in rules.rows}
    for example in rules.examples:
        _cross_off(unused, rules.propose(example.facts))
    for row in rules.rows:
        if row.id in unused and (facts := _taking_part(prover, row)) is not None:
            got = rules.propose(facts)
            _cross_off(unused, got)
            yield Proposed(row.id, facts, got, (f"{row.id} taking part",))


def _taking_part(prover: Prover, row: Row[object]) -> dict[str, Value] | None:
    """A referral that the row decides, or raises or adds to."""
    return prover.find(prover.does.first.get(row.id, prover.does.rows[row.id]))


def _cross_off(unused: dict[str, Row[object]], got: Proposal) -> None:
    for name in (*got.urgency_rows, got.row, *got.overlay_rows):
        unused.pop(name, None)


def _with(rules: RuleSet, chosen: Iterable[Proposed]) -> RuleSet:
    """The rule set as if these examples were confirmed."""
    return replace(rules, examples=(*rules.examples, *(_example(each) for each in chosen)))


def _example(proposed: Proposed) -> Example:
    got = proposed.got
    also = frozenset(got.also)
    return Example(proposed.row, {}, proposed.facts, got.urgency, got.destination, also, got.hold, "", 0)
