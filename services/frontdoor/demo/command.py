"""`frontdoor demo`: a synthetic month, on a system of its own or on a running one."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Final

from shared.command_line import CLEAN, FINDING, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from services.frontdoor.demo.result import Report
    from shared.command_line import Commands
    from shared.running import Running

DEFAULT_SEED: Final = 2026
DEFAULT_PEOPLE: Final = 500
EXAMPLES: Final = """
frontdoor demo                              a month of one borough on a system of its own, gone at the end
frontdoor demo --people 40 --seed 7         fewer people, another month
frontdoor demo --json > month.json          the figures for a program
frontdoor demo --url http://127.0.0.1:8080 --key KEY
                                            the same against a running system; its source must be marked synthetic

With --url, teams and the hub answer only where their keys are given: FRONTDOOR_TEAM_KEY, FRONTDOOR_HUB_KEY; figures and
the account down to audit need FRONTDOOR_READER_DSN and FRONTDOOR_AUDITOR_DSN (or a `frontdoor up` of yours behind that URL).
"""


def register(commands: Commands) -> None:
    """Adds `demo` to the command line."""
    parser = add_command(commands, "demo", "watch a synthetic month of one borough's referrals flow through", EXAMPLES)
    parser.add_argument("--people", type=int, default=DEFAULT_PEOPLE, metavar="N", help=f"(default {DEFAULT_PEOPLE})")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help=f"which month (default {DEFAULT_SEED})")
    parser.add_argument("--url", help="intake of a running system, instead of starting one")
    parser.add_argument(
        "--key", default=os.environ.get("FRONTDOOR_KEY"), help="a synthetic source's key (FRONTDOOR_KEY)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 when every event is accounted for, 1 when one is not or something was answered otherwise than it must be."""
    from rich.console import Console

    from services.frontdoor.demo.people import MOST_PEOPLE
    from services.frontdoor.demo.report import WIDTH

    if not 1 <= arguments.people <= MOST_PEOPLE:
        raise Usage("people", f"--people is a number from 1 to {MOST_PEOPLE:,}")
    console = Console(stderr=arguments.json, highlight=False)
    if not console.is_terminal:
        console = Console(stderr=arguments.json, highlight=False, width=WIDTH)
    return _against(arguments, console) if arguments.url else _on_its_own(arguments, console)


def _against(arguments: argparse.Namespace, console: Console) -> int:
    """Against a running system."""
    from services.frontdoor.demo.access import access_to
    from services.frontdoor.demo.play import play

    if not arguments.key:
        raise Usage("no-key", "--url needs --key: the key of a source that is marked synthetic there")
    access, running = asyncio.run(access_to(arguments.url, arguments.key))
    return _shown(asyncio.run(play(arguments, access, running, console)), console, as_json=arguments.json)


def _on_its_own(arguments: argparse.Namespace, console: Console) -> int:
    """On a system that is started for it, and stays up for who sits at a terminal."""
    from services.frontdoor.demo.access import access_of
    from services.frontdoor.demo.play import play
    from services.frontdoor.embedded.foreground import System

    console.print("[bold]Front Door[/]: starting all of it on this machine")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stays = console.is_terminal and not arguments.json
    with System(port_base=_port_base(), output=2 if arguments.json else None, stays=stays) as system:
        running = system.until_ready()
        report = asyncio.run(play(arguments, access_of(running), running, console, stays=stays))
        if stays:
            _shown(report, console, as_json=False)
            _stay(running, console)
    return _code(report) if stays else _shown(report, console, as_json=arguments.json)


def _port_base() -> int | None:
    """The usual ports where they are free, else any (0)."""
    from services.frontdoor.embedded.ports import choose

    try:
        choose(None)
    except Usage:
        return 0
    return None


def _shown(report: Report, console: Console, *, as_json: bool) -> int:
    from services.frontdoor.demo import report as printed
    from services.frontdoor.demo import result

    if as_json:
        print(result.dumped(report))
    else:
        printed.show(console, report)
    return _code(report)


def _code(report: Report) -> int:
    return CLEAN if report.clean else FINDING


def _stay(running: Running, console: Console) -> None:
    from services.frontdoor.demo.next_steps import next_steps

    console.print("\n[bold]It stays up until Ctrl-C.[/] In another terminal, as pasted:")
    for words, line in next_steps(running):
        console.print(f"\n  [dim]# {words}[/]")
        console.print("  " + line, markup=False, soft_wrap=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("\nstopping")
