"""Runs one service: its HTTP server and its loops, until a signal or the first failure; then a stop with a deadline.

A loop that hangs fails nobody and does nothing; one that ends by itself does nothing either. Both are failures here:
the process ends with exit code 1, and its supervisor starts it anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from shared.errors import Bug, FrontDoorError, Usage
from shared.impatient import Impatient
from shared.log import configure, get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from shared.health import Health
    from shared.settings import ServiceSettings

    Loop = Callable[[asyncio.Event], Awaitable[None]]

WATCH: Final = 1.0  # seconds between two looks at the ages of the ticks
TIDY: Final = 60.0  # seconds between two rounds of the garbage collector over all that came since the start
BLOCKED: Final = 30.0  # seconds beyond the oldest tick's age after which a process that does not even look is ended


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the service's own: it stops its loops as well as this server."""
        yield


def listen(settings: ServiceSettings) -> socket.socket:
    """The listening socket; `Usage` where the port is taken."""
    try:
        return socket.create_server((settings.host, settings.port), backlog=1024)
    except OSError as error:
        raise Usage("port-taken", f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error


async def serve(settings: ServiceSettings, app: Any, loops: Sequence[Loop], health: Health) -> None:
    """Serves `app` and runs `loops` (each gets the stop event) until SIGTERM, SIGINT or the first failure.

    `Bug` where a loop hangs (`health` knows the ages of their ticks), or ends before it is told to.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sock = listen(settings)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
            http=Impatient,
            ws="none",
        )
    )
    tasks = [asyncio.create_task(server.serve(sockets=[sock]), name="http")]
    tasks += [asyncio.create_task(_loop(loop, stop), name=getattr(loop, "__qualname__", "loop")) for loop in loops]
    tasks.append(asyncio.create_task(_watch(health, stop, settings.stop_timeout), name="watch"))
    tasks.append(asyncio.create_task(_tidy(stop), name="tidy"))
    stopping = asyncio.create_task(stop.wait())
    get_logger().info("started", port=sock.getsockname()[1])
    await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    ended = [] if stop.is_set() else [task.get_name() for task in tasks if task.done()]
    stop.set()
    server.should_exit = True
    await _finish(tasks, within=settings.stop_timeout)
    if ended:
        raise Bug("ended", f"{', '.join(ended)} ended without being told to")
    get_logger().info("stopped")


async def _loop(loop: Loop, stop: asyncio.Event) -> None:
    await loop(stop)


async def _finish(tasks: list[asyncio.Task[None]], within: float) -> None:
    done, late = await asyncio.wait(tasks, timeout=within)
    for task in late:
        get_logger().error("stopped late", step=task.get_name())
        task.cancel()
    for task in done:
        if not task.cancelled() and (error := task.exception()):
            raise error


async def _watch(health: Health, stop: asyncio.Event, stop_timeout: float) -> None:
    """Raises `Bug` when a loop has not turned for too long. Where nothing turns at all, the interpreter itself ends it."""
    try:
        while not stop.is_set():
            faulthandler.dump_traceback_later(health.max_tick_age + BLOCKED, exit=True)
            live, ages = health.live()
            if not live:
                hung = {loop: age for loop, age in ages.items() if age > health.max_tick_age}
                raise Bug("hung", ", ".join(f"{loop} has not turned for {age:g} seconds" for loop, age in hung.items()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WATCH)
    finally:  # what hangs in a thread cannot be cancelled, and the interpreter would wait for it
        faulthandler.dump_traceback_later(stop_timeout + BLOCKED, exit=True)


async def _tidy(stop: asyncio.Event) -> None:
    """Frees cycles each minute: by the threshold alone they lie there for an hour, with all that they hold."""
    gc.collect()
    gc.freeze()  # what a service begins with stays: a round is over what came since, and short
    try:
        while not stop.is_set():
            gc.collect()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TIDY)
    finally:
        gc.unfreeze()


def main(run: Callable[[], Awaitable[None]]) -> int:
    """Runs a service's `run` and turns its failure into an exit code: 0 clean, 1 failed, 2 usage.

    The log is set up before the settings are read, which say how it should be: what is wrong with them is logged too.
    """
    configure(Path(sys.argv[0]).resolve().parent.name, socket.gethostname())
    # A batch has some 50,000 objects alive at once, none of them garbage: the default scans them over and over.
    gc.set_threshold(150_000, 20, 20)
    try:
        asyncio.run(run())  # type: ignore[arg-type]  # every `run` is a coroutine function
    except Usage as error:
        get_logger().error("refused to start", code=error.code, why=error.detail)
        return 2
    except FrontDoorError as error:
        get_logger().critical("stopped by a failure", code=error.code, why=error.detail)
        return 1
    except Exception as error:  # noqa: BLE001  (the last line of defence: whatever it is, say so and exit 1)
        get_logger().critical("stopped by a bug", error=type(error).__name__, exc_info=error)
        return 1
    return 0
