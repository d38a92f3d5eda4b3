"""One part of the embedded system: a process in a group of its own, on a leash, with a log file."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LEASH: Final = Path(__file__).with_name("leash.py")
POLL: Final = 0.05  # seconds between two looks at a part that is not ready


@dataclass(frozen=True)
class Part:
    """What to start, how to see why it is not ready ("" when it is), and how to stop it.

    `stop_signal` asks for a clean stop; after `stop_seconds` the whole group is killed. `user` is whom it runs as
    (None: as we do). `where` is what a person is told when it is ready.
    """

    name: str
    command: tuple[str, ...]
    where: str
    not_ready: Callable[[], Awaitable[str]]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    user: str | None = None


class Process:
    """A part that was started. `lock` is a file descriptor that it inherits: the folder is held while it lives."""

    def __init__(self, part: Part, lock: int) -> None:
        self.part, self._lock = part, lock
        self._process: asyncio.subprocess.Process | None = None
        self._why = ""

    async def start(self) -> None:
        """Starts it, on a leash; its output is appended to its log."""
        part = self.part
        leash = (sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(part.stop_signal)), part.user or "-")
        with part.log.open("ab") as log:
            starting = asyncio.ensure_future(
                asyncio.create_subprocess_exec(
                    *leash,
                    *part.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=os.environ | part.environment,
                    pass_fds=(self._lock,),
                    start_new_session=True,
                )
            )
            try:
                self._process = await asyncio.shield(starting)
            except asyncio.CancelledError:
                self._process = await starting  # it runs by now: whoever stops us must find it
                raise

    async def until_ready(self, seconds: float) -> None:
        """Waits until it is ready; `Usage` when it ends before, or takes longer than `seconds`."""
        waiting = asyncio.create_task(self._ready())
        ending = asyncio.create_task(self.ended())
        try:
            done, _ = await asyncio.wait({waiting, ending}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            ending.cancel()
        if waiting not in done:
            what = (
                f"ended with code {ending.result()}"
                if ending in done
                else f"was not ready after {seconds:.0f} s ({self._why})"
            )
            raise Usage("part-failed", f"{self.part.name} {what}; {self.last_words()}")

    async def _ready(self) -> None:
        while why := await self.part.not_ready():
            self._why = why
            await asyncio.sleep(POLL)

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def ended(self) -> int:
        """Waits for its end; its exit code, negative for a signal."""
        return await self._process.wait() if self._process else 0

    async def stop(self, *, hurry: bool = False) -> bool:
        """Asks it to stop and waits; kills its group at the deadline (at once in a `hurry`). True: it stopped itself."""
        process = self._process
        if process is None:
            return True
        clean = process.returncode is not None
        if not clean and not hurry:
            with suppress(ProcessLookupError):
                process.send_signal(self.part.stop_signal)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.part.stop_seconds)
                clean = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what it left behind, too
        await process.wait()
        return clean

    def last_words(self) -> str:
        """Where its log is, and what it last says: of an error, if of any."""
        try:
            lines = self.part.log.read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        said = [line.strip() for line in reversed(lines) if line.strip()]
        last = next((line for line in said if '"level": "error"' in line), said[0] if said else "")
        return f"{self.part.log} says: {last[:300]}" if last else f"{self.part.log} is empty"
