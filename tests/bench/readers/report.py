"""The page that the bench of readers writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.readers.__main__ import Measured


def page_of(found: Sequence[Measured], machine: str, rounds: int) -> str:
    """The whole page."""
    rows = "\n".join(_row(pair) for pair in found)
    return f"""# Benchmarks of the readers

`make bench-readers`: from bytes to what the contract says of them (reader, trail, warnings), against the bare parse of the same
bytes by the library, both sides in turn in one process ({machine}). Messages (rows, of CSV) a second of a core, the
median of {rounds} rounds. Rates differ from machine to machine; the ratios are what to compare.

| standard | ours against what | ours a second | bare a second | ratio | worst, best round | goal |
|---|---|---|---|---|---|---|
{rows}
"""


def _row(pair: Measured) -> str:
    kept = "" if pair.ratio >= pair.goal else " (missed)"
    span = f"{pair.least:.2f}, {pair.most:.2f}"
    return f"| {pair.standard} | {pair.name} | {pair.ours:,.0f} | {pair.bare:,.0f} | {pair.ratio:.2f} | {span} | {pair.goal:g}{kept} |"
