"""The command line's frame: sub-commands from modules, help that teaches by example, errors as one clear line."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import os
import sys
import textwrap
from typing import TYPE_CHECKING

from shared.errors import FrontDoorError

if TYPE_CHECKING:
    from collections.abc import Iterable

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  (argparse names it no other way)

CLEAN, FINDING, USAGE = 0, 1, 2

EPILOG = """
examples:
  frontdoor demo                          watch a synthetic month of referrals flow through
  frontdoor up --embedded --data ./data   the whole system on this machine; Ctrl-C stops it, the data stays
and in another terminal, while it runs:
  frontdoor trace ID                      the whole story of one referral
  frontdoor explain ID                    why it went where it went
  frontdoor reconcile                     is everything accounted for?
  frontdoor audit verify                  does the record stand as it was written?

Each command has its own examples: frontdoor COMMAND --help
Exit codes: 0 clean, 1 a finding, 2 wrong usage or what it needs cannot be reached.
"""


def parser_of(commands: Iterable[str]) -> argparse.ArgumentParser:
    """The whole command line, from the modules named in `commands`."""
    parser = argparse.ArgumentParser(
        prog="frontdoor",
        description="Takes mental-health referrals, decides where each goes, and shows what became of it.",
        epilog=EPILOG,
        formatter_class=_OneLineEach,
    )
    registered = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands:
        importlib.import_module(f"services.frontdoor.{name}").register(registered)
    return parser


class _OneLineEach(argparse.RawDescriptionHelpFormatter):
    """Makes room for the longest command's name, which argparse forgets to measure."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = 14


def add_command(commands: Commands, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    """A sub-command with its examples; the caller adds arguments and sets `run` (see `services.frontdoor.__main__`)."""
    return commands.add_parser(
        name,
        help=summary,
        description=summary[:1].upper() + summary[1:] + ".",
        epilog="examples:\n" + textwrap.indent(textwrap.dedent(examples).strip("\n"), "  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def counted(count: int, noun: str) -> str:
    """`1 repeat`, `1,200 repeats`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def call(arguments: argparse.Namespace) -> int:
    """Runs the chosen command; whatever it raises becomes one line on standard error and an exit code."""
    from shared.log import quieten_drivers

    quieten_drivers()
    try:
        result = arguments.run(arguments)
        return int(asyncio.run(result) if inspect.iscoroutine(result) else result)
    except FrontDoorError as error:
        print(f"frontdoor: {error.detail} ({error.code})", file=sys.stderr)
    except KeyboardInterrupt:
        print("frontdoor: interrupted", file=sys.stderr)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except Exception as error:
        if os.environ.get("FRONTDOOR_DEBUG"):
            raise
        print(f"frontdoor: {type(error).__name__}: {error} (FRONTDOOR_DEBUG=1 shows where)", file=sys.stderr)
    return USAGE
