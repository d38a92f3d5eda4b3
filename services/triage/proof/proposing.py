"""The examples that a rule set still lacks: one for each edge and row that none shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.triage.proof.edges import missing_edges
from services.triage.proof.prover import Prover
from services.triage.proof.wording import facts_in_words
from services.triage.rules.examples import Example

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from services.triage.proof.edges import Missing
    from services.triage.rules import Proposal, Row, RuleSet, Value

UNCONFIRMED: Final = "a clinician is yet to confirm this"


@dataclass(frozen=True, slots=True)
class Proposed:
    """One example that clinicians are asked for: about which row, what it would come to, and what it shows."""

    row: str
    facts: Mapping[str, Value]
    got: Proposal
    shows: str


def proposed_examples(rules: RuleSet) -> list[Proposed]:
    """The examples that are missing; each referral must go somewhere."""
    missing = (
        Proposed(each.edge.row.id, each.facts, each.got, _in_words(each)) for each in missing_edges(Prover(rules))
    )
    chosen = list(missing)
    return chosen + list(_for_rows(_with(rules, chosen)))


def cells_of(proposed: Proposed, rules: RuleSet) -> dict[str, str]:
    """An example as the cells of its line, by column."""
    got = proposed.got
    return {
        "row": proposed.row,
        "given": facts_in_words(proposed.facts, rules.baseline),
        "priority": str(got.urgency),
        "destination": got.destination,
        "also": ", ".join(sorted(got.also)),
        "hold": "yes" if got.hold else "",
        "why": f"shows {proposed.shows}; {UNCONFIRMED}",
    }


def _in_words(missing: Missing) -> str:
    row, column = missing.edge.row.id, missing.edge.column
    return f"{row} at {column} = {missing.facts[column]}" if missing.edge.values else f"{row} and its {column}"


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
            yield Proposed(row.id, facts, got, f"{row.id} taking part")


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
