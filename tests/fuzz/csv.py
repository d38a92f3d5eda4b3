"""CSV: any file is read or refused, and every row of it is read through."""

from __future__ import annotations

from contextlib import suppress

from services.intake.contract.reading import read
from services.intake.problems import Refused
from services.intake.sources import csv
from tests.garbling import demand_storable


def one(data: bytes) -> None:
    """Reads a file, or learns why not."""
    with suppress(Refused):
        head, rows = csv.rows_of(data, None, None, 100)
        month_first = csv.month_first(head, rows)
        for row in rows:
            demand_storable(read(csv.row_told(head, row, month_first=month_first)[0].document).document)
