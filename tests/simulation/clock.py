"""Virtual time: an event loop that never waits, but moves its clock on to whatever is due next."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class StandsStillError(Exception):
    """Everything waits for something that will never come."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Begins at 0 seconds. It opens no socket and starts no thread; it is its own selector."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = self

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> list[Any]:
        """Instead of waiting for input until something is due."""
        if timeout is None:
            raise StandsStillError
        self._now += timeout
        return []

    def _process_events(self, _: list[Any]) -> None:
        """There are none."""


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
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(_settled(loop))
        loop.close()


async def _settled(loop: VirtualLoop) -> None:
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    if left:
        await asyncio.wait(left)
