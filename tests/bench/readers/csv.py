"""CSV against Python's csv.DictReader over the same file of a thousand rows."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from services.intake.contract.reading import read
from services.intake.sources.csv import opened, row_told

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "person.name.family,person.name.given,person.born,postcode,reason.code,reason.text,phq9,gad7,urgency,risk.suicidal\r\n"
FILE = (
    HEAD + "".join(f'Example,Ada {n},17/03/1984,SW9 8AA,4,"Low, since May",14,9,3,none\r\n' for n in range(1000))
).encode()


def pairs() -> list[tuple[str, Callable[[], Any], Callable[[], Any], float]]:
    """What a row tells, and its whole reading."""
    return [
        ("1,000 rows told, against csv.DictReader", _told, _bare, 0.02),
        ("1,000 rows told and read, against csv.DictReader", _read, _bare, 0.01),
    ]


def _told() -> list[Any]:
    head, rows = opened(io.BytesIO(FILE))
    return [row_told(head, row) for row in rows]


def _read() -> list[Any]:
    head, rows = opened(io.BytesIO(FILE))
    return [read(row_told(head, row)[0].document) for row in rows]


def _bare() -> list[Any]:
    return list(csv.DictReader(io.StringIO(FILE.decode())))
