"""Code maps as data: one CSV file a table, `code,ours,meaning`, below a comment with its source and what it is for.

A code that a table does not know becomes `table|code`, which no list of ours holds: it is read as unmapped, with a
warning, and never as something near it.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

_COMMENTS: Final = ("# source: ", "# for: ")


class Table(NamedTuple):
    """One table: where it is from, the contract's path that it gives values for, and ours by theirs.

    Where the path is a group (`risk`), the values are names of fields in it: the code says which field is meant.
    """

    name: str
    source: str
    path: str
    ours: dict[str, str]

    def read(self, code: str) -> str:
        """Our value of a code of theirs, whatever its case; `table|code` for one that is not in the table."""
        return self.ours.get(code.strip().casefold(), f"{self.name}|{code.strip()}")


@cache
def table(name: str) -> Table:
    """The table of `maps/<name>.csv`. Raises ValueError where the file is no such table."""
    lines = resources.files(__name__).joinpath(f"{name}.csv").read_text().splitlines()
    source, path = (line.removeprefix(start) for line, start in zip(lines, _COMMENTS, strict=False))
    if not all(line.startswith(start) for line, start in zip(lines, _COMMENTS, strict=False)):
        raise ValueError(f"{name}.csv begins with {' and '.join(_COMMENTS)}")
    rows = list(csv.DictReader(lines[2:]))
    ours = {row["code"].strip().casefold(): row["ours"] for row in rows}
    if len(ours) != len(rows):
        raise ValueError(f"{name}.csv has a code twice")
    return Table(name, source, path, ours)


def tables() -> list[Table]:
    """Every table there is."""
    files = sorted(file.name for file in resources.files(__name__).iterdir() if file.name.endswith(".csv"))
    return [table(name.removesuffix(".csv")) for name in files]
