"""What becomes of a file as it is sent: counts, the refused rows as a file to mend, emergencies said at once, progress."""

from __future__ import annotations

import csv
import os
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

from services.intake.sources.csv import FAULT
from services.intake.sources.csv.formulas import harmless

if TYPE_CHECKING:
    from pathlib import Path

    from services.intake.commands.sending import Answered
    from services.intake.sources.csv import Head, Row

MOST_LISTED: Final = 1000  # refused rows in the report; all of them are in the file
SHOWN: Final = 20
_BETWEEN: Final = 0.2  # seconds, of progress


class Report:
    """The one report of a file. Within it files are open; outside, it can be read."""

    def __init__(self, file: Path, head: Head, total: int, ids: Path | None) -> None:
        self._file, self._head, self._total, self._ids_file = file, head, total, ids
        self.taken = self.repeated = self.refused = self.warned = 0
        self._emergencies: dict[int, dict[str, Any]] = {}
        self.faults: list[dict[str, Any]] = []
        self.mend: Path | None = None
        self._rows: Any = None
        self._ids: Any = None
        self._open, self._began, self._told = ExitStack(), time.monotonic(), 0.0

    def __enter__(self) -> Self:
        if self._ids_file:
            self._ids = self._writer(self._ids_file, ",", os.O_TRUNC)
            self._ids.writerow(("line", "referral_id", "repeat"))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        if self._told:
            print(file=sys.stderr)

    def note(self, answered: Answered) -> None:
        """Adds a row. Whoever runs this hears at once that they must phone."""
        row, kind, told = answered
        if kind == "emergencies":
            if row.line not in self._emergencies:
                print(f"line {row.line}: {told['phone_now']}", file=sys.stderr)
            self._emergencies[row.line] = {**told, "line": row.line}
        elif kind == "refused":
            self._refused(row, told)
        else:
            self.taken, self.repeated = self.taken + (not told["repeat"]), self.repeated + told["repeat"]
            self.warned += bool(told["warnings"])
            if self._ids:
                self._ids.writerow((row.line, told["referral_id"], "yes" if told["repeat"] else "no"))
        self._progress()

    def _refused(self, row: Row, told: dict[str, Any]) -> None:
        self.refused += 1
        if len(self.faults) < MOST_LISTED:
            self.faults.append({"line": row.line, "code": told["code"], "errors": told["errors"]})
        if self._rows is None:
            self.mend = _free(self._file)
            self._rows = self._writer(self.mend, self._head.separator, os.O_EXCL)
            self._rows.writerow(
                (FAULT, *map(harmless, [column.head for column in self._head.columns][self._head.mended :]))
            )
        self._rows.writerow((_words(told), *map(harmless, row.cells[self._head.mended :])))

    def _writer(self, file: Path, separator: str, how: int) -> Any:
        """Writes rows that only this user may read; with the mark by which spreadsheets know UTF-8."""
        opened = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | how, 0o600), "w", encoding="utf-8-sig", newline="")
        return csv.writer(self._open.enter_context(opened), delimiter=separator)

    def _progress(self) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._told > _BETWEEN:
            self._told = now
            done = self.taken + self.repeated + self.refused
            rate = done / max(now - self._began, 0.001)
            print(f"\r{done:,} of {self._total:,} rows, {rate:,.0f} a second", end="", file=sys.stderr, flush=True)

    def as_json(self) -> dict[str, Any]:
        """The report for a program; emergencies first."""
        return {
            "emergencies": [*self._emergencies.values()],
            "rows": self._total,
            "taken": self.taken,
            "repeated": self.repeated,
            "refused": self.refused,
            "with_warnings": self.warned,
            "faults": self.faults,
            "mend": str(self.mend) if self.mend else None,
            "unknown_columns": self._unknown(),
        }

    def lines(self) -> list[str]:
        """The report in words; emergencies first."""
        said = [
            f"PHONE NOW, line {one['line']}: {one['referral_id'] or 'not taken'}" for one in self._emergencies.values()
        ]
        counts = f"{self.taken:,} taken, {self.repeated:,} taken before, {self.refused:,} refused"
        said.append(f"{self._total:,} rows: {counts}; {self.warned:,} of those taken with warnings")
        said += [f"  line {row['line']}: {_words(row)}" for row in self.faults[:SHOWN]]
        if self.refused > SHOWN:
            said.append(f"  and {self.refused - SHOWN:,} more")
        if self.mend:
            said.append(f"the refused rows are in {self.mend}: mend them there, and import that file")
        if unknown := self._unknown():
            said.append(f"columns that are not of the contract, kept as they are: {', '.join(unknown)}")
        return said

    def _unknown(self) -> list[str]:
        return [f"{column.number} {column.head.strip()}" for column in self._head.unknown]


def _words(told: dict[str, Any]) -> str:
    """Why a row is refused, in one line."""
    return "; ".join(
        f"{error['path']}: {error['detail']}" if error["path"] else error["detail"] for error in told["errors"]
    )


def _free(file: Path) -> Path:
    """A name that no file has: one that somebody is mending is left alone."""
    number, name = 1, file.with_suffix(".refused.csv")
    while name.exists():
        number += 1
        name = file.with_suffix(f".refused-{number}.csv")
    return name
