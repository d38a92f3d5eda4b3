"""What every command of `frontdoor` is made of: help that teaches by example, and exit codes.

A command is one module with two functions::

    def register(commands: Commands) -> None:
        parser = add_command(commands, "trace", "tell the whole story of one referral", '''
          frontdoor trace 5d1c6f0e-...            in words, in order
          frontdoor trace 5d1c6f0e-... --json     for a program
        ''')
        parser.add_argument("id")
        parser.set_defaults(run=run)

    def run(arguments: argparse.Namespace) -> int:    # or `async def`: it is awaited
        ...

`run` returns the exit code: 0 clean, 1 a finding; it raises `shared.errors.Usage` for exit code 2 (wrong usage, or
what it needs cannot be reached), and any error it raises becomes one clear line. Import drivers inside `run`, so that
`frontdoor --help` stays quick. How a command finds the system: `shared.running`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import textwrap
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.errors import Usage

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  (argparse names it no other way)

CLEAN, FINDING, USAGE = 0, 1, 2
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def add_command(commands: Commands, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    """A command with its examples; the caller adds arguments and sets `run`."""
    return commands.add_parser(
        name,
        help=summary,
        description=summary[:1].upper() + summary[1:] + ".",
        epilog="examples:\n" + textwrap.indent(textwrap.dedent(examples).strip("\n"), "  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def as_id(text: str) -> UUID:
    """An id as it was typed; `Usage` for anything else."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Usage("no-id", f"{text!r} is not an id: 32 hexadecimal digits with dashes") from error


def since_when(text: str, now: dt.datetime, option: str = "--since") -> dt.datetime:
    """A time, or `now` minus `30m`, `24h`, `7d`; `Usage` for anything else. A time without an offset is UTC."""
    try:
        if ago := re.fullmatch(r"(\d{1,9})([mhd])", text):
            return now - dt.timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        time = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise Usage("since", f"{option} {text!r} is neither a time nor a span like 30m, 24h, 7d") from error
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def counted(count: int, noun: str) -> str:
    """`1 repeat`, `1,200 repeats`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
