"""Prints what a replay found: whose urgency would fall first, then from where to where, then for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from rich import box
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from services.triage.proof.comparing import FEWEST, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from services.triage.commands.decided import Store
    from services.triage.proof.comparing import Change, Comparison, Group, LeftOut
    from services.triage.proof.outcomes import Outcome
    from services.triage.rules import RuleSet

MOST_NAMED: Final = 40  # referrals that come out otherwise and are printed; --json names all
Columns = tuple[tuple[str, Literal["left", "right"]], ...]


def show(console: Console, new: RuleSet, store: Store, comparison: Comparison, aside: str) -> None:
    """Prints the whole comparison."""
    versions = f"{new.locality} {new.version} beside {store.in_force.version}, which is in force"
    _heading(console, versions, aside)
    changes = comparison.changes
    unlike = f"{len(changes):,} come out otherwise" if changes else "every one comes out the same"
    console.print(f"  {comparison.compared:,} referrals compared: {unlike}")
    _not_compared(console, store, comparison)
    falls = [change for change in changes if change.falls]
    if falls:
        _heading(console, f"[red]Urgency would fall for {len(falls):,}[/]")
        _changes(console, falls, len(falls))
    if comparison.left_out:
        _heading(console, f"[red]{len(comparison.left_out):,} left out: facts that a version does not declare[/]")
        _print(console, (("referral", "left"), ("version", "left"), ("facts", "left")), _unread(comparison.left_out))
        _more(console, len(comparison.left_out), MOST_NAMED)
    if changes:
        _from_to(console, "team", counted((c.before.destination, c.after.destination) for c in changes if c.moves))
        risen = (c for c in changes if c.falls or c.rises)
        _from_to(console, "urgency", counted((c.before.urgency.words, c.after.urgency.words) for c in risen))
        _groups(console, "By age", comparison.by_age)
        _groups(console, "By ethnicity", comparison.by_ethnicity)
    if others := changes[len(falls) :]:
        _heading(console, "All others that come out otherwise")
        _changes(console, others, MOST_NAMED)


def _heading(console: Console, words: str, aside: str = "") -> None:
    console.print(f"\n[bold]{words}[/]" + (f" [dim]({escape(aside)})[/]" if aside else ""))


def _print(console: Console, columns: Columns, rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _not_compared(console: Console, store: Store, comparison: Comparison) -> None:
    """Who is not in the figures, and why."""
    others = "real people" if store.synthetic else "made-up people (--synthetic counts these instead)"
    for count, words in ((store.disposed, "facts were disposed of"), (store.others, others)):
        if count:
            console.print(f"  {count:,} not counted: {words}")
    if names := comparison.never_recorded:
        console.print(f"  [yellow]never recorded in any of these, so taken as not recorded:[/] {', '.join(names)}")


def _unread(left_out: Sequence[LeftOut]) -> Iterable[tuple[str, ...]]:
    for each in left_out[:MOST_NAMED]:
        yield str(each.referral_id), each.version, ", ".join(f"{name} {value}" for name, value in each.facts.items())


def _changes(console: Console, changes: Sequence[Change], most: int) -> None:
    rows = ((str(c.referral_id), _outcome(c.before), _outcome(c.after)) for c in changes[:most])
    _print(console, (("referral", "left"), ("from", "left"), ("to", "left")), rows)
    _more(console, len(changes), most)


def _outcome(outcome: Outcome) -> str:
    also = f" + {', '.join(outcome.also)}" if outcome.also else ""
    held = ", held" if outcome.hold else ""
    return f"{outcome.urgency.words}, {outcome.destination}{also}{held} ({outcome.row})"


def _more(console: Console, count: int, most: int) -> None:
    if count > most:
        console.print(f"  [dim]... and {count - most:,} more (--json names all)[/]")


def _from_to(console: Console, what: str, moves: Sequence[tuple[str, str, int]]) -> None:
    if moves:
        _heading(console, f"By {what}")
        rows = ((before, after, f"{count:,}") for before, after, count in moves)
        _print(console, ((f"from {what}", "left"), (f"to {what}", "left"), ("referrals", "right")), rows)


def _groups(console: Console, heading: str, groups: Sequence[Group]) -> None:
    _heading(console, heading, f"numbers under {FEWEST} are hidden, with others that would give them away")
    columns: Columns = (("", "left"), ("referrals", "right"), ("to another team", "right"))
    columns += (("urgency rises", "right"), ("urgency falls", "right"))
    _print(console, columns, ((group.name, *map(_count, group[1:])) for group in groups))


def _count(count: int | None) -> str:
    return "*" if count is None else f"{count:,}"
