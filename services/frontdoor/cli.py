"""The command line: its own commands and those that services bring, errors as one clear line."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import os
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from shared.command_line import CLEAN, USAGE
from shared.errors import FrontDoorError

if TYPE_CHECKING:
    from collections.abc import Iterable

ELSEWHERE: Final = "frontdoor.commands"  # the entry points of commands that a service brings

EPILOG = """
examples:
  frontdoor demo                          watch a synthetic month of referrals flow through
  frontdoor up --embedded --data ./data   the whole system on this machine; Ctrl-C stops it, the data stays
and in another terminal, while it runs:
  frontdoor trace ID                      the whole story of one referral
  frontdoor explain ID                    why it went where it went
  frontdoor reconcile                     is everything accounted for?
  frontdoor lag                           is anything behind, or does it stand still?
  frontdoor audit verify                  does the record stand as it was written?
  frontdoor dead-letters list             does anything wait that could not be read?
and for those who connect a GP system:
  frontdoor sources check FILE --as json  how would a message be read, answered and told to triage?
  frontdoor import FILE --source S        send a file of referrals (CSV)
and for those who change the rules, with nothing running:
  frontdoor rules check FILE              could this version come into force, and why not?

Each command has its own examples: frontdoor COMMAND --help
Exit codes: 0 clean, 1 a finding, 2 wrong usage or what it needs cannot be reached.
"""


def parser_of(commands: Iterable[str]) -> argparse.ArgumentParser:
    """The whole command line: the modules of this folder named in `commands`, then what services bring."""
    parser = argparse.ArgumentParser(
        prog="frontdoor",
        description="Takes mental-health referrals, decides where each goes, and shows what became of it.",
        epilog=EPILOG,
        formatter_class=_OneLineEach,
    )
    registered = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands:
        importlib.import_module(f"services.frontdoor.{name}").register(registered)
    for entry in sorted(entry_points(group=ELSEWHERE)):
        entry.load()(registered)
    return parser


class _OneLineEach(argparse.RawDescriptionHelpFormatter):
    """Makes room for the longest command's name, which argparse forgets to measure."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = 14


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
