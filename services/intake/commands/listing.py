"""`frontdoor sources list`: who may refer. Keys are not shown, nor their hashes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.command_line import CLEAN, add_command, counted

if TYPE_CHECKING:
    import argparse

    from services.intake.senders import Source
    from shared.command_line import Commands

DEPLOY: Final = Path(__file__).parents[3] / "deploy"
ALWAYS: Final = ("json", "csv", "bars")  # with any key
_AGREED: Final = {"hl7v2": "hl7", "mesh": "mesh"}  # with settings of their own, under these names
EXAMPLES: Final = """
frontdoor sources list                                  of deploy/sources.yaml
frontdoor sources list --sources /etc/frontdoor/sources.yaml --json

Nothing needs to run. Exit code 0; 2 where the file cannot be read.
"""


def register(commands: Commands) -> None:
    """Adds `list` to the command line."""
    parser = add_command(commands, "list", "say who may refer, and what each may do; no keys", EXAMPLES)
    add_files(parser)
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.set_defaults(run=run)


def add_files(parser: argparse.ArgumentParser) -> None:
    """Adds the files that say who may refer and where."""
    parser.add_argument("--sources", type=Path, metavar="FILE", default=DEPLOY / "sources.yaml", help="who may refer")
    parser.add_argument(
        "--localities", type=Path, metavar="FILE", default=DEPLOY / "localities.yaml", help="the places"
    )


def sources_of(arguments: argparse.Namespace) -> tuple[Source, ...]:
    """Every source of the files; `Usage` says which file and place is wrong."""
    from services.intake.senders import read_sources
    from shared.localities import read_localities

    return read_sources(arguments.sources, read_localities(arguments.localities))


def run(arguments: argparse.Namespace) -> int:
    """Prints them."""
    rows = [_row(source) for source in sources_of(arguments)]
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return CLEAN
    for row in rows:
        print(f"{row['id']}: {row['name']}{' (synthetic)' if row['synthetic'] else ''}")
        print(f"  may {', '.join(row['may'])}; in {', '.join(row['standards'])}; {row['rate_per_minute']} a minute")
        print(f"  locality {row['locality'] or 'found by practice or postcode'}; {counted(row['keys'], 'key')}")
    return CLEAN


def _row(source: Source) -> dict[str, Any]:
    """A source without its keys. A standard that needs settings of its own is spoken where it has them."""
    from services.intake.senders import Sender

    row = source.model_dump(mode="json", include=set(Sender.model_fields) - {"keys"})
    more = [standard for standard, name in _AGREED.items() if getattr(source, name) is not None]
    return {
        **row,
        "may": sorted(source.may),
        "rows_per_minute": source.rows_per_minute,
        "standards": [*ALWAYS, *more],
        "keys": len(source.keys),
    }
