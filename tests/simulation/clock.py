"""Virtual time: an event loop that never waits, but moves its clock on to whatever is due next."""

from __future__ import annotations

import asyncio
from heapq import heappop
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Coroutine

T = TypeVar("T")


class StandsStillError(Exception):
    """Everything waits for something that will never come."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Begins at 0 seconds; opens no socket and starts no thread. The order of what is due at once is that of its making."""

    _ready: deque[Any]
    _scheduled: list[Any]

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        """One turn, as asyncio's own has it, but for the waiting."""
        ready, scheduled = self._ready, self._scheduled
        while scheduled and (not ready or scheduled[0]._when <= self._now):
            timer = heappop(scheduled)
            if not timer._cancelled:
                self._now = max(self._now, timer._when)
                ready.append(timer)
        if not ready:
            raise StandsStillError
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._context.run(handle._callback, *handle._args)

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]  # typed more loosely than asyncio
        """Without asyncio's checks for a loop that is closed or another thread's."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def _timer_handle_cancelled(self, _: asyncio.TimerHandle) -> None:
        """It is left out when its time has come."""

    def call_exception_handler(self, _: Any) -> None:
        """An error of something that nobody waits for any more."""


class Time:
    """Stands for the module `time` in what is simulated."""

    @staticmethod
    def time() -> float:
        return asyncio.get_running_loop().time()

    monotonic = time


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; tasks that it leaves behind are ended."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(_end_others())
        loop.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others)
