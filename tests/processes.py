"""Processes that a test owns: the services, and the embedded broker and database where no engine answers.

Each is on a leash: it ends with the test run, however that ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from services.frontdoor.embedded import broker, postgres
from services.frontdoor.embedded.folder import Folder
from services.frontdoor.embedded.part import LEASH, Part
from tests.engine import free_port

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 60


class Owned:
    """A part that a test starts, kills, freezes and stops."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process, f"{self.part.name} was never started"
        return self._process.pid

    def begin(self) -> None:
        """Starts it and does not wait."""
        part = self.part
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(signal.SIGKILL)), part.user or "-"]
        with part.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*leash, *part.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | part.environment,
                start_new_session=True,
            )

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        self.begin()
        self.until_ready()

    def until_ready(self, seconds: float = START_SECONDS) -> None:
        """Waits until it is ready; fails with its log when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while why := _now(self.part):
            assert self.runs, f"{self.part.name} ended:\n{self.log()[-3000:]}"
            assert time.monotonic() < deadline, f"{self.part.name} is not ready ({why}):\n{self.log()[-3000:]}"
            time.sleep(0.02)

    @property
    def runs(self) -> bool:
        """Whether the process is there (frozen or not)."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to its whole group: no clean-up of any kind."""
        if self._process:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self, seconds: float = 40) -> int:
        """Asks it to stop and waits; its exit code."""
        if not self._process:
            return 0
        if self.runs:
            self.signal(signal.SIGCONT)
            self.signal(self.part.stop_signal)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.part.name} did not stop:\n{self.log()[-3000:]}") from None

    def pause(self) -> None:
        """Freezes it: connections stay open and nothing answers."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        self.signal(signal.SIGCONT)

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll() if self._process else None

    def log(self) -> str:
        """All that it wrote, over all its starts."""
        return self.part.log.read_text(errors="replace") if self.part.log.exists() else ""


def _now(part: Part) -> str:
    """Why a part is not ready; asked in a thread of its own, since the test's own loop may be the caller."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _not_ready(part)).result()


async def _not_ready(part: Part) -> str:
    return await part.not_ready()


class EmbeddedKafka(Owned):
    """The embedded broker; what is claimed on it is claimed of the embedded system alone."""

    kind = "embedded"

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        super().__init__(broker.part(_made(folder), port))

    def halt(self, seconds: float = 10) -> None:
        """Stops it in order; its data stays."""
        self.stop(seconds)

    def again(self) -> None:
        """Starts it after `halt` or a kill."""
        self.start()


class EmbeddedPostgres(Owned):
    """The embedded PostgreSQL server."""

    def __init__(self, folder: Path) -> None:
        self._folder = _made(folder)
        asyncio.run(postgres.initialise(self._folder))
        super().__init__(postgres.part(self._folder))

    def dsn(self, role: str, database: str) -> str:
        """How to connect."""
        return postgres.dsn(self._folder, role, database)

    def halt(self, seconds: float = 10) -> None:
        """Stops it in order; its data stays."""
        self.stop(seconds)

    def again(self) -> None:
        """Starts it after `halt` or a kill."""
        self.start()


def _made(folder: Path) -> Folder:
    made = Folder(folder)
    made.logs.mkdir(parents=True, exist_ok=True)
    return made
