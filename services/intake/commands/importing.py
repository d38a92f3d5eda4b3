"""`frontdoor import`: sends a file of referrals to intake, row by row answered, and nothing twice however often it runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared import running
from shared.command_line import CLEAN, FINDING, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from services.intake.sources.csv import Head, Row
    from shared.command_line import Commands

EXAMPLES: Final = """
frontdoor import referrals.csv --source practices-north                     to the system that runs here
frontdoor import referrals.csv --url https://intake.example --key-file KEY  to another; or with FRONTDOOR_KEY
frontdoor import referrals.refused.csv --source practices-north             the refused rows, once they are mended
frontdoor import old.csv --source S --encoding windows-1252 --separator semicolon

A referral a row; the heads of the columns are the JSON model's names: person.nhs_number, person.born, reason.code,
presentation.phq9, risk.suicidal, reason.others[0], or the last part where it is like no other (born, postcode, phq9). What
other columns say is kept with the referral. Good rows are taken. The bad ones are written to referrals.refused.csv with a
column `fault` in front, which is not read: mend the rows there and import that file. Run again after whatever happened:
a row that was taken is not taken twice, today or next year. Exit code 0: all taken. 1: rows were refused. 2: not reached.
"""
PORTION: Final = 100  # rows


def register(commands: Commands) -> None:
    """Adds `import` to the command line."""
    parser = add_command(commands, "import", "send a file of referrals (CSV), a referral a row", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--source", metavar="S", help="whose referrals these are; its key must fit")
    parser.add_argument("--url", help="intake's address (default: what runs here)")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="a file that holds the key (or FRONTDOOR_KEY)")
    parser.add_argument("--encoding", choices=["utf-8", "windows-1252", "utf-16"], help="if it cannot be told")
    parser.add_argument("--separator", choices=["comma", "semicolon", "tab", "bar"], help="if it cannot be told")
    parser.add_argument("--day-first", action="store_true", help="though some dates can only be month first")
    parser.add_argument("--portion", type=int, default=PORTION, metavar="ROWS", help=f"rows a request ({PORTION})")
    parser.add_argument("--patience", type=float, default=300, metavar="S", help="seconds without an answer (300)")
    parser.add_argument("--ids", type=Path, metavar="FILE", help="writes `line,referral_id,repeat` of each row taken")
    running.add_data_argument(parser)
    parser.add_argument("--json", action="store_true", help="the report for a program")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where every row was taken, now or before, else 1."""
    from services.intake.commands.portions import portions
    from services.intake.commands.report import Report
    from services.intake.commands.sending import Sending, client_of
    from services.intake.problems import Refused
    from services.intake.sources import csv

    how = (arguments.encoding, arguments.separator)
    try:
        url, key = _access(arguments)
        with arguments.file.open("rb") as file:
            total = _looked_through(*csv.opened(file, *how), day_first=arguments.day_first)
        with arguments.file.open("rb") as file, client_of(url, key) as client:
            head, rows = csv.opened(file, *how)
            said = {name: value for name, value in zip(("encoding", "separator"), how, strict=True) if value}
            sending = Sending(client, arguments.source, arguments.patience, said)
            with Report(arguments.file, head, total, arguments.ids) as report:
                for portion in portions(head, rows, arguments.portion):
                    for answered in sending.send(portion):
                        report.note(answered)
    except OSError as error:
        raise Usage("file", f"{error.filename or arguments.file}: {error.strerror}") from error
    except Refused as refused:
        raise Usage(refused.code, f"{arguments.file}: {refused.detail}") from refused
    print(json.dumps(report.as_json()) if arguments.json else "\n".join(report.lines()))
    return FINDING if report.refused else CLEAN


def _access(arguments: argparse.Namespace) -> tuple[str, str]:
    """Intake's address and a key: as told, else of the system that runs here."""
    key = arguments.key_file.read_text().strip() if arguments.key_file else os.environ.get("FRONTDOOR_KEY")
    if arguments.url and key:
        return arguments.url, key
    runs = running.find(arguments.data)
    found = key or runs.sources.get(arguments.source or "")
    if not (url := arguments.url or runs.intake) or not found:
        known = f" (there: {', '.join(sorted(runs.sources))})" if runs.sources else ""
        raise Usage("access", f"say --url, and the key with --key-file or FRONTDOOR_KEY; or --source{known}")
    return url, found


def _looked_through(head: Head, rows: Iterable[Row], *, day_first: bool) -> int:
    """How many rows a file has. Where one date can only be month first, nobody can tell 03/04 from 04/03 in the others."""
    from services.intake.sources import csv

    total = 0
    for total, row in enumerate(rows, 1):  # noqa: B007  (it is the count)
        if not day_first and csv.month_first(head, [row]):
            detail = f"line {row.line} has a date with the month first: is the whole file so? Write dates as 2025-12-31, or say"
            raise Usage("which-day", f"{detail} --day-first, and the rows that cannot be so are refused")
    return total
