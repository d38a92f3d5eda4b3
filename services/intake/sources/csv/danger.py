"""Whoever sends a row that is not taken is told to phone, where nobody could see whether it is an emergency.

A row that does not fall into its columns may have said so in any of them, and so may an answer or words that a spreadsheet changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake.contract.fields import RISK_ANSWERS
from services.intake.contract.values import URGENCY, YES_NO
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.problems import Fault
    from services.intake.sources.csv.heads import Column
    from services.intake.sources.csv.rows import Head, Row

PHONE: Final = "in an emergency phone, do not wait"


def told_to_phone(fault: Fault, column: Column | None = None) -> Fault:
    """The fault, which says to phone if it is of the whole row (no column), of an answer about risk, or of somebody's own words."""
    if column and not (column.kind.prose or str(column.path).partition("[")[0] in RISK_ANSWERS):
        return fault
    return fault._replace(detail=f"{fault.detail}; {PHONE}")


def seen(head: Head, row: Row) -> bool:
    """Whether a row that does not fall into its columns says that this is an emergency, wherever its cells may have moved.

    The word counts in any place; a mere 1 or yes where the column stands, counted from either end.
    """
    if row.fault is None and len(row.cells) <= len(head.columns):
        return False
    pieces = [piece.strip(" \t\"'") for piece in re.split(f"[{re.escape(head.separator)}\r\n]", row.raw.rstrip("\r\n"))]
    if any(_urgent(text) and any(map(str.isalpha, text)) for text in {*pieces, *row.cells}):
        return True
    return any(
        (path == "referrer.urgency" and _urgent(text)) or (path == "risk.life_in_danger" and YES_NO.read(text) == "yes")
        for some in (pieces, row.cells)
        for path, text in _beside(head, some)
    )


def _urgent(text: str) -> bool:
    return bool(URGENCY.read(text) == Urgency.EMERGENCY)


def _beside(head: Head, some: list[str]) -> Iterator[tuple[str | None, str]]:
    """The paths of the columns with what stands there, counted from either end."""
    paths = [column.path for column in head.columns]
    yield from zip(paths, some, strict=False)
    yield from zip(reversed(paths), reversed(some), strict=False)
