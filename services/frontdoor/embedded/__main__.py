"""The supervisor's process: `python -m services.frontdoor.embedded --data DIR`, started by `foreground`.

Its standard input is a pipe from whoever wants the system: a byte asks for a clean stop, a second byte hurries it, and
the pipe's end (that process is gone, however it went) is the first byte. It has a session of its own, so that a
Ctrl-C reaches it by that pipe alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

from services.frontdoor.cli import call
from services.frontdoor.embedded import postgres
from services.frontdoor.embedded.folder import Folder
from services.frontdoor.embedded.ports import choose
from services.frontdoor.embedded.supervisor import Supervisor
from shared.errors import Usage


def main() -> int:
    """Runs one embedded system until it is told to stop; the exit code of `frontdoor up`."""
    parser = argparse.ArgumentParser(prog="frontdoor up")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--temporary", action="store_true")
    parser.add_argument("--passing", action="store_true")
    parser.add_argument("--port-base", type=int)
    parser.set_defaults(run=run)
    return call(parser.parse_args())


def run(arguments: argparse.Namespace) -> int:
    """Claims the folder, then the ports, and supervises. The folder first: what holds its ports may be its own system."""
    folder, was_there = Folder(arguments.data), arguments.data.exists()
    lock = folder.claim()
    try:
        ports = choose(arguments.port_base)
    except Usage:
        if arguments.temporary or not was_there:
            shutil.rmtree(folder.root, ignore_errors=True)
        raise
    try:
        where = "" if arguments.passing else f"; everything is in {folder.root}"
        asyncio.run(supervise(Supervisor(folder, ports, lock, say, where)))
    finally:
        postgres.tidy(folder)
        if arguments.temporary:
            shutil.rmtree(folder.root, ignore_errors=True)
    return 0


async def supervise(supervisor: Supervisor) -> None:
    """Supervises until the pipe or a signal says stop."""
    stop, hurry = asyncio.Event(), asyncio.Event()

    def ask() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)

    def heard() -> None:
        if os.read(sys.stdin.fileno(), 1):
            ask()
        else:
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), heard)
    await supervisor.run(stop, hurry)


def say(line: str) -> None:
    """One line for a person, who may have gone."""
    with suppress(OSError):
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
