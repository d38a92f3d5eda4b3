"""`frontdoor rules import`: an edited spreadsheet back into its rule file.

Whether the rules are sound is for `frontdoor rules check` to say; who approved them is not touched.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from services.triage.commands.check import contents, tell
from services.triage.commands.writing import write_whole
from shared.command_line import CLEAN, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection

    from services.triage.rules.findings import Place
    from services.triage.rules.layout import Cells, Layout
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules import deploy/rules/lambeth/ruleset.yaml --from lambeth.xlsx     into the file itself
frontdoor rules import deploy/rules/lambeth/ruleset.yaml --from lambeth-tables   the same, from a folder of CSV files
frontdoor rules import deploy/rules/lambeth/ruleset.yaml --from lambeth.xlsx --out next.yaml
frontdoor rules check next.yaml                                                  what comes next
"""


def register(commands: Commands) -> None:
    """Adds `import` to the command line."""
    parser = add_command(commands, "import", "take the tables of a rule file back from a spreadsheet", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR|BOOK.xlsx",
        required=True,
        help="what `frontdoor rules export` of this file wrote, edited",
    )
    parser.add_argument("--out", type=Path, metavar="NEW.yaml", help="a new file; without it FILE itself is changed")
    parser.add_argument("--json", action="store_true", help="the tables that changed as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where the tables are in the file, 1 with every cell that no table can hold."""
    from services.triage.rules import Refused
    from services.triage.rules.layout import read_layout

    file: Path = arguments.file
    out: Path = arguments.out or file
    if out.exists() and not out.samefile(file):
        raise Usage("exists", f"{out} is there already: name a new file")
    try:
        layout = read_layout(contents(file), file.name)
        cells = _cells(arguments.source, layout)
    except Refused as refused:
        return tell(refused, as_json=arguments.json)
    changed = {
        table.name: _difference(table.cells, wanted)
        for table, wanted in zip(layout.tables, cells, strict=True)
        if table.cells != wanted
    }
    if changed or arguments.out:
        write_whole(out, layout.with_cells(cells), mode_of=file)
    if arguments.json:
        print(json.dumps({"findings": [], "file": str(out), "changed": changed}))
    else:
        _say(changed, out, of=len(cells))
    return CLEAN


def _cells(source: Path, layout: Layout) -> list[Cells]:
    """The cells of each table in a folder or book; raises `Refused`."""
    from services.triage.rules.findings import Place
    from services.triage.rules.sheets import sheet_names
    from services.triage.workbook import tables_in

    place = Place(str(source))
    names = sheet_names([table.name for table in layout.tables])
    found = _in_folder(source, names, place) if source.is_dir() else tables_in(contents(source), names, place)
    place.refuse_if_faulty()
    return [found[name] for name in names]


def _in_folder(folder: Path, names: Collection[str], place: Place) -> dict[str, Cells]:
    """The tables in a folder's CSV files; a spreadsheet's own lock files are passed over."""
    from services.triage.rules.sheets import check_names, from_csv

    seen = [file for file in folder.iterdir() if not file.name.startswith((".", "~$"))]
    files = {file.name.removesuffix(".csv"): file for file in seen}
    check_names(files, names, place)
    return {name: from_csv(contents(files[name]), place.at(table=name)) for name in names if name in files}


def _difference(old: Cells, new: Cells) -> dict[str, int]:
    """How many rows came and how many went; a row with one cell changed is both."""
    before, after = (
        Counter(frozenset(pair for pair in zip(cells[0], row, strict=True) if pair[1]) for row in cells[1:])
        for cells in (old, new)
    )
    return {"rows in": (after - before).total(), "rows out": (before - after).total()}


def _say(changed: dict[str, dict[str, int]], file: Path, *, of: int) -> None:
    for name, rows in changed.items():
        moved = ", ".join(f"{kind}: {count}" for kind, count in rows.items() if count)
        print(f"{name}: {moved or 'the order of rows or columns'}")
    if changed:
        print(f"{len(changed)} of {of} tables changed in {file}")
        print(f"next: frontdoor rules check {file}")
    else:
        print(f"no table changed: {file} is the same, byte for byte")
