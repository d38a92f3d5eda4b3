"""`frontdoor rules export`: the tables of a rule file as a spreadsheet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from services.triage.commands.check import contents, tell
from shared.command_line import CLEAN, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse

    from services.triage.rules.layout import Cells
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules export deploy/rules/lambeth/ruleset.yaml --xlsx lambeth.xlsx     one book, a sheet for each table
frontdoor rules export deploy/rules/lambeth/ruleset.yaml --to lambeth-tables     a folder, a CSV file for each table
frontdoor rules import deploy/rules/lambeth/ruleset.yaml --from lambeth.xlsx     and back, once it is edited
"""


def register(commands: Commands) -> None:
    """Adds `export` to the command line."""
    parser = add_command(commands, "export", "write the tables of a rule file as a spreadsheet", EXAMPLES)
    parser.add_argument("file", type=Path)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--to", type=Path, metavar="DIR", help="a new or empty folder, for CSV files")
    target.add_argument("--xlsx", type=Path, metavar="BOOK.xlsx", help="a new book; all its cells are text")
    parser.add_argument("--json", action="store_true", help="the tables and their sheets as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where the tables were written, 1 where the file has no tables that can be told apart."""
    from services.triage.rules import Refused
    from services.triage.rules.layout import read_layout
    from services.triage.rules.sheets import sheet_names

    try:
        layout = read_layout(contents(arguments.file), arguments.file.name)
    except Refused as refused:
        return tell(refused, as_json=arguments.json)
    names = sheet_names([table.name for table in layout.tables])
    sheets = {name: table.cells for name, table in zip(names, layout.tables, strict=True)}
    target = arguments.to or arguments.xlsx
    (_write_folder if arguments.to else _write_book)(target, sheets)
    told = [
        {"sheet": name, "table": table.name, "rows": len(table.cells) - 1}
        for name, table in zip(names, layout.tables, strict=True)
    ]
    if arguments.json:
        print(json.dumps({"findings": [], "tables": told}))
    else:
        print("\n".join("{sheet:31}  {table}, rows: {rows}".format_map(table) for table in told))
        print(f"edit them in {target}, then: frontdoor rules import {arguments.file} --from {target}")
    return CLEAN


def _write_folder(folder: Path, sheets: dict[str, Cells]) -> None:
    from services.triage.rules.sheets import to_csv

    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Usage("not-empty", f"{folder} is not empty, and edits may lie there: name a new folder")
    for name, cells in sheets.items():
        (folder / f"{name}.csv").write_bytes(to_csv(cells))


def _write_book(book: Path, sheets: dict[str, Cells]) -> None:
    from services.triage.workbook import book_of

    if book.exists():
        raise Usage("exists", f"{book} is there, and edits may lie in it: name a new book")
    book.write_bytes(book_of(sheets))
