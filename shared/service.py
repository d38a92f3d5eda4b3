"""Runs one service: its HTTP server and its loops, until a signal or the first failure; then a stop with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from shared.errors import FrontDoorError, Usage
from shared.impatient import Impatient
from shared.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from shared.settings import ServiceSettings

    Loop = Callable[[asyncio.Event], Awaitable[None]]


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


async def serve(settings: ServiceSettings, app: Any, loops: Sequence[Loop]) -> None:
    """Serves `app` and runs `loops` (each gets the stop event) until SIGTERM, SIGINT or the first failure."""
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
    stopping = asyncio.create_task(stop.wait())
    get_logger().info("started", port=sock.getsockname()[1])
    await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    server.should_exit = True
    await _finish(tasks, within=settings.stop_timeout)


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
    get_logger().info("stopped")


def main(run: Callable[[], Awaitable[None]]) -> int:
    """Runs a service's `run` and turns its failure into an exit code: 0 clean, 1 failed, 2 usage."""
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
