"""The embedded system as its user holds it: it lives as long as this process, and no longer.

The supervisor is a child with a session of its own, holding the read end of a pipe whose write end is here. Whatever
ends this process ends the pipe, and with it, cleanly, the system. If the supervisor itself is killed, the kernel tells
its parts (see `leash`).
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import ValidationError

from shared.errors import Usage
from shared.running import Running, runs

if TYPE_CHECKING:
    from types import TracebackType

PARTS_END_SECONDS: Final = 60.0
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class System:
    """An embedded system, started; as a context manager it is stopped at the end. `output` takes its lines.

    Unless it `stays`, nobody is told of its folder: it has gone by the time they read of it.
    """

    def __init__(
        self, data: Path | None = None, port_base: int | None = None, output: int | None = None, *, stays: bool = True
    ) -> None:
        self._temporary = data is None
        self.data = data or Path(tempfile.mkdtemp(prefix="frontdoor-"))
        command = [sys.executable, "-m", "services.frontdoor.embedded", "--data", str(self.data)]
        command += ["--temporary"] * self._temporary + ["--passing"] * (not stays)
        command += [] if port_base is None else ["--port-base", str(port_base)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, start_new_session=True, bufsize=0
        )

    def ask_to_stop(self, *_: Any) -> None:
        """Asks for a clean stop; asked again, it hurries."""
        pipe = self._process.stdin
        if pipe and not pipe.closed:
            try:
                pipe.write(b".")
            except OSError:
                return

    def wait(self) -> int:
        """Waits for the end; the exit code: 0 clean, 2 something did not come up (its line is on standard error)."""
        code = self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        if code < 0:
            self._tidy()
            raise Usage("killed", f"the supervisor was killed by signal {-code}; what it had started has ended too")
        return code

    def until_ready(self, seconds: float = 90) -> Running:
        """What runs, once all of it is ready; `Usage` where it does not come up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            if running := self._announced():
                return running
            time.sleep(0.05)
        hint = "the line above says why" if self._temporary else f"see {self.data / 'logs'}"
        raise Usage("not-ready", f"the embedded system did not come up: {hint}")

    def _announced(self) -> Running | None:
        try:
            running = Running.model_validate_json((self.data / "run.json").read_bytes())
        except (OSError, ValidationError):
            return None
        return running if running.pid == self._process.pid else None

    def _tidy(self) -> None:
        deadline = time.monotonic() + PARTS_END_SECONDS
        while runs(self.data) and time.monotonic() < deadline:
            time.sleep(0.1)
        if self._temporary:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ask_to_stop()
        self.wait()


def run(data: Path | None, port_base: int | None) -> int:
    """`frontdoor up --embedded`: stays in the foreground until a signal, then waits for the clean stop."""
    system = System(data, port_base)
    for number in SIGNALS:
        signal.signal(number, system.ask_to_stop)
    return system.wait()
