"""`frontdoor up --embedded` as a person runs it, for the tests that end it in every possible way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from shared.errors import Usage
from shared.running import Running, find

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[..., "Up"]

START_SECONDS = 90


class Up:
    """One `frontdoor up`: its process, everything below it, and what it said."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        home.mkdir(exist_ok=True)
        self._said, self._complained = home / "said", home / "complained"
        with self._said.open("wb") as said, self._complained.open("wb") as complained:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.frontdoor", "up", "--embedded", "--port-base", "0", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=complained,
                env=os.environ | {"XDG_STATE_HOME": str(home), "TMPDIR": str(home)} | environment,
            )

    @property
    def said(self) -> str:
        """Its standard output so far."""
        return self._said.read_text()

    @property
    def complained(self) -> str:
        """Its standard error so far."""
        return self._complained.read_text()

    def below(self) -> dict[str, psutil.Process]:
        """Every process below it, by what it is."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return {_name(process): process for process in found}

    def until_ready(self, data: Path) -> Running:
        """Waits until all of it is ready."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.process.poll() is None, f"it ended:\n{self.said}\n{self.complained}"
            assert time.monotonic() < deadline, f"it is not ready:\n{self.said}\n{self.complained}"
            try:
                return find(data)
            except Usage:
                time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def close(self) -> None:
        """Ends it and everything below it, whatever a test did to it."""
        rest = list(self.below().values()) if self.process.poll() is None else []
        self.process.kill()
        for process in rest:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()


def _name(process: psutil.Process) -> str:
    """`supervisor`, `kafka`, `postgres`, a service's name, or program and pid."""
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        words = []
    if words[-2:] == ["services.frontdoor", "watch"]:
        return "watch"
    if words[-2:-1] == ["-m"]:
        return words[-1].removeprefix("services.")
    if "services.frontdoor.embedded" in words:
        return "supervisor"
    if words and words[0].endswith("/noida-db"):
        return "kafka"
    if words and words[0].endswith("/bin/postgres"):
        return "postgres"
    return f"{' '.join(words[:3])} {process.pid}"
