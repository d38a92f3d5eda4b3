"""The page that an assurance run writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.assurance.mutants import KINDS
from tests.assurance.trial import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.assurance.trial import Both, Trials, Tried


@dataclass(frozen=True)
class Run:
    """What was found: of every mutant by the short way, of a sample, by number, by both."""

    trials: Trials
    tried: list[Tried]
    both: dict[int, Both]
    seed: int
    added: int
    machine: str
    seconds: float

    @property
    def survivors(self) -> list[Tried]:
        """The mutants that move a referral and that nothing refuses."""
        return [tried for tried in self.tried if tried.moves and not tried.code]

    @property
    def disagreeing(self) -> list[int]:
        """The mutants of the sample for which the two ways differ."""
        return [number for number, found in self.both.items() if next(iter(found.whole), "") != found.short]


def page_of(run: Run) -> str:
    """The whole page."""
    rules, moving = run.trials.rules, [tried for tried in run.tried if tried.moves]
    formless = sum(tried.moves is None for tried in run.tried)
    return f"""# Rules: what the gate catches

`make assurance` makes every mistake of the kinds below in the rule tables of {rules.locality} {rules.version} and asks the gate
about each, approvals left aside. Seed {run.seed}; {run.machine}; {run.seconds / 60:.0f} minutes.{_added(run)}

{len(run.tried):,} mutants of {len(tuple(rules.rows))} rows. {formless:,} are no rule set any more and are refused as they are read. Of the others
{len(moving):,} change what becomes of some possible referral (decided exactly: an example shows it, or the solver finds a
referral that moves or proves that there is none). **{len(run.survivors)} of them get past the gate.**

## Caught by

By kind, the first check that refuses those that move a referral, in the gate's order. `parse` are those that are no rule
set. Those that move no referral are harmless, and not asked about. Not made: a word added to a cell, a blank cell filled, a
section moved, a fault in the inputs, the destinations, the promises or the examples themselves.

{_table(("kind", "mutants", *ORDER, "survive", "move nothing"), _kinds(run))}

- `parse`: a number or word that its input does not have, a blank where something must stand, an id twice.
- `overlap`: two rows of a section that may match together without saying in `beats` which one wins.
- `example`: an example comes out otherwise, or a row takes part in none.
- `gap`, `dead-row`, `promise`, `edge`: the proofs, asked where the examples noticed nothing.

## What each check would catch alone

{_alone(run)}

## Survivors

{_survivors(run)}
"""


def _added(run: Run) -> str:
    if not run.added:
        return ""
    return f" {run.added} examples that the gate still asked for were taken as it proposes them."


def _kinds(run: Run) -> Iterator[tuple[object, ...]]:
    counted: Counter[tuple[str, bool | None, str]] = Counter()
    for tried in run.tried:
        for kind in (run.trials.mutants[tried.number].kind, "all"):
            counted[kind, tried.moves, tried.code] += 1
    for kind in (*KINDS, "all"):
        caught = [counted[kind, True, code] + counted[kind, None, code] for code in ORDER]
        rest = (counted[kind, True, ""], counted[kind, False, ""])
        yield (kind, sum(caught) + sum(rest), *caught, *rest)


def _alone(run: Run) -> str:
    moving = [found for number, found in run.both.items() if run.tried[number].moves]
    counted = Counter(code for found in moving for code in found.whole)
    disagree = ", ".join(str(run.trials.mutants[number]) for number in run.disagreeing) or "none"
    return f"""{len(run.both)} mutants chosen by the seed went through the gate as files, and all its findings were kept. The short way of
asking differed in its verdict for: {disagree}. {len(moving)} of them move a referral; each check finds so many of those:

{_table(ORDER[1:], [[counted[code] for code in ORDER[1:]]])}"""


def _survivors(run: Run) -> str:
    return "\n".join(_survivor(run, tried) for tried in run.survivors) or "None."


def _survivor(run: Run, tried: Tried) -> str:
    mutant = run.trials.mutants[tried.number]
    return f"- {mutant.kind}: {mutant.table}, {mutant}. {run.trials.moved(mutant)}"


def _table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = tuple(header)
    lines = [names, ("---",) * len(names), *rows]
    return "\n".join(
        f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else str(cell) for cell in line)} |" for line in lines
    )
