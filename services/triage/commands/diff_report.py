"""Prints the difference between two rule files: who could lose something first, then all others who move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.triage.proof.moving import changes_in_words, redefined_in_words, rows_in_words
from services.triage.proof.wording import facts_in_words, number_in_words, share_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from services.triage.proof.compared import Compared
    from services.triage.proof.difference import Difference, Move

    Marked = tuple[Move, tuple[str, ...]]

MOST_SHOWN: Final = 40  # kinds of move by which nothing is lost that are printed; --json has all


def show(console: Console, found: Compared) -> None:
    """Prints the whole difference."""
    difference, moves = found.difference, found.moves
    line(console, f"\n{found.new.locality} {found.new.version} beside {found.old.version}", "bold")
    if not moves:
        every = number_in_words(difference.possible)
        line(console, f"  proved the same: each of the possible referrals ({every}) goes to the same place, as")
        line(console, "  urgent as before, with the same additions, and is held or not as before")
    losing = [(move, lost) for move, lost in moves if lost]
    others = [(move, lost) for move, lost in moves if not lost]
    if losing:
        line(console, f"\n{_kinds(losing)} by which somebody could lose something", "bold red")
        _moves(console, difference, losing)
    if others:
        line(
            console, f"\n{_kinds(others)} by which nothing of that is lost" if losing else f"\n{_kinds(others)}", "bold"
        )
        _moves(console, difference, others[:MOST_SHOWN])
        if len(others) > MOST_SHOWN:
            line(console, f"  ... and {len(others) - MOST_SHOWN:,} more (--json has all)", "dim")
    if found.redefined:
        line(console, "\nDeclared otherwise", "bold")
        for each in found.redefined:
            mark, style = ("! ", "red") if each.serious else ("", "")
            line(console, f"  {mark}{redefined_in_words(each)}", style)


def _kinds(moves: Sequence[Marked]) -> str:
    return f"{len(moves):,} kind{'s' * (len(moves) > 1)} of referral move{'s' * (len(moves) == 1)}"


def _moves(console: Console, difference: Difference, moves: Sequence[Marked]) -> None:
    for move, lost in moves:
        if lost:
            line(console, f"  ! {', '.join(lost)}", "red")
        for words in _move(difference, move):
            line(console, f"    {words}")
        console.print()


def _move(difference: Difference, move: Move) -> Iterator[str]:
    yield from changes_in_words(move, difference)
    if move.number is not None:
        share = share_in_words(move.number, difference.possible)
        yield f"{share} of all possible referrals (not how many people: see `rules replay`)"
    yield f"one of them: {facts_in_words(move.facts, difference.given) or 'what the examples share'}"
    yield f"before: {rows_in_words(move.before)}"
    yield f"after:  {rows_in_words(move.after)}"


def line(console: Console, words: str, style: str = "") -> None:
    """Prints one line as it is: what a rule file says is no markup, and a command is copied whole."""
    console.print(words, style=style, markup=False, soft_wrap=True)
