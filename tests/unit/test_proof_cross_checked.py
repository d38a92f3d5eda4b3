"""The proof against brute force: on small rule sets drawn at random, both say the same of every possible referral.

`python -m tests.unit.test_proof_cross_checked 1000` goes through as many seeds; the test itself through fewer.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from services.triage.proof.counting import Asked, counts
from services.triage.proof.difference import Difference
from services.triage.proof.edges import missing_edges
from services.triage.proof.promises import check_promises
from services.triage.proof.prover import Prover
from services.triage.proof.rows import check_complete, check_rows_alive
from services.triage.rules import Place
from shared.errors import Bug, Usage
from tests.enumerated import Came, Enumerated, allows
from tests.enumerated_edges import Edge, edges, shown, shows, unshown
from tests.small_rules import changed, draft, read_draft, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.triage.rules import Finding, RuleSet, Value
    from services.triage.rules.promises import Promise

SEEDS = 300
GROUPS = 10


def findings(check: Callable[[Prover, Place], None], prover: Prover) -> list[Finding]:
    check(prover, place := Place("drawn"))
    return place.findings


def assert_the_run_time_agrees(all_of: Enumerated) -> None:
    for facts, came in zip(all_of.facts, all_of.came, strict=True):
        if came.section:
            got = all_of.rules.propose(facts)
            assert (got.destination, got.urgency, frozenset(got.also), got.hold, got.section) == came
        else:
            with pytest.raises(Bug, match="no destination row"):
                all_of.rules.propose(facts)


def assert_gaps_agree(prover: Prover, all_of: Enumerated) -> None:
    found = findings(check_complete, prover)
    assert len(found) == bool(all_of.gaps())
    assert all(json.loads(gap.referral)["facts"] in all_of.gaps() for gap in found)


def assert_dead_rows_agree(prover: Prover, all_of: Enumerated) -> None:
    assert {found.row for found in findings(check_rows_alive, prover)} == all_of.dead()


def assert_promises_agree(prover: Prover, all_of: Enumerated) -> None:
    found = {int(finding.row): finding for finding in findings(check_promises, prover)}
    for number, promise in enumerate(all_of.rules.promises, 1):
        broken = [pair for pair in all_of.about(promise) if all_of.breaks(promise, *pair)]
        says = found[number].message if number in found else "kept"
        assert says.startswith("broken: ") == bool(broken), (promise.text, says)
        assert says.startswith("can never apply: ") != all_of.applies(promise), (promise.text, says)
        if promise.worsening and all_of.applies(promise):
            assert says.startswith("says nothing: ") != all_of.tells_apart(promise.worsening.input), (
                promise.text,
                says,
            )
        if broken:
            assert_broken_by(all_of, promise, json.loads(found[number].referral)["facts"])


def assert_broken_by(all_of: Enumerated, promise: Promise, found: dict[str, str | int]) -> None:
    """The referral shown breaks the promise; where that is about worsening, it is what a better one came to."""
    if promise.worsening is None:
        assert allows(promise.when, found) and all_of.breaks(promise, found, all_of.of(found))
        return
    better = [found | {promise.worsening.input: step} for step in promise.worsening.steps]
    assert any(
        found in list(all_of.worse(promise, facts, all_of.of(facts)))
        for facts in better
        if allows(promise.when, facts) and all_of.of(facts).section
    )


def assert_counts_agree(all_of: Enumerated) -> None:
    asked = Asked(also=frozenset(all_of.rules.destinations), hold=True)
    counted = {tuple(outcome): number for (outcome,), number in counts((all_of.rules,), asked).items()}
    assert counted == Counter(came.asserted() for came in all_of.came)


def assert_edges_agree(prover: Prover, all_of: Enumerated) -> None:
    """What is missing is not shown; with what the proof proposes added, nothing is."""
    known, missed, proposed = set(edges(all_of)), unshown(all_of), list(missing_edges(prover))
    for missing in proposed:
        edge = Edge(missing.edge.row.id, missing.edge.column, missing.edge.values)
        assert edge in known and not shown(all_of, edge) and shows(all_of, edge, missing.facts), edge
    for edge in missed:
        assert any(shows(all_of, edge, missing.facts) for missing in proposed), edge


def shared(before: RuleSet, after: RuleSet) -> dict[str, list[Value]]:
    """The values that both rule sets declare; of an input that one of them leaves out, all."""
    declared = {**before.inputs, **after.inputs}
    return {name: [v for v in domain if v in before.inputs.get(name, domain)] for name, domain in declared.items()}


def moves(one: Enumerated, other: Enumerated) -> Counter[frozenset[tuple[str, str, str]]]:
    """How many referrals change in each way, both going through the same ones."""
    counted = Counter(changes(*pair) for pair in zip(one.came, other.came, strict=True))
    del counted[frozenset()]
    return counted


def changes(one: Came, other: Came) -> frozenset[tuple[str, str, str]]:
    """What is otherwise: what, before, after."""
    found = {("also", name, "") for name in one.also - other.also} | {("also", "", n) for n in other.also - one.also}
    if one.destination != other.destination:
        found.add(("destination", one.destination, other.destination))
    if one.urgency != other.urgency:
        found.add(("urgency", one.urgency, other.urgency))
    if one.hold != other.hold:
        found.add(("held", "held", "") if one.hold else ("held", "", "held"))
    return frozenset(found)


def assert_moves_agree(before: RuleSet, after: RuleSet) -> None:
    one, other = (Enumerated(rules, shared(before, after)) for rules in (before, after))
    if one.gaps() or other.gaps():
        with pytest.raises(Usage, match="nowhere"):
            Difference(before, after)
        return
    difference, wanted = Difference(before, after), moves(one, other)
    assert difference.same() == (not wanted)
    found = difference.moves()
    assert {frozenset(map(tuple, move.changes)): move.number for move in found} == dict(wanted)
    for move in found:
        assert changes(one.of(move.facts), other.of(move.facts)) == frozenset(map(tuple, move.changes))


def cross_check(seed: int) -> None:
    random = Random(seed)
    before = draft(random)
    after = changed(random, before)
    try:
        one, other = read_draft(before), read_draft(after)
        prover, all_of = Prover(one), Enumerated(one)
        assert_the_run_time_agrees(all_of)
        assert_gaps_agree(prover, all_of)
        assert_dead_rows_agree(prover, all_of)
        assert_promises_agree(prover, all_of)
        assert_counts_agree(all_of)
        assert_edges_agree(prover, all_of)
        assert_moves_agree(*random.sample((one, other), 2))
    except BaseException as error:
        error.add_note(f"seed {seed}:\n{written(before)}\nafter:\n{written(after)}")
        raise


@pytest.mark.parametrize("group", range(GROUPS))
def test_proof_run_time_and_brute_force_say_the_same_of_every_referral(group: int):
    for seed in range(group, SEEDS, GROUPS):
        cross_check(seed)


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        cross_check(number)
    print(f"{sys.argv[1]} rule sets: proof, run-time and brute force agree")
