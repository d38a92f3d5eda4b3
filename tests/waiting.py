"""Waiting for something to become true, with a deadline and never a blind pause."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 0.05  # seconds


async def eventually(probe: Callable[[], Any], seconds: float = 20, every: float = EVERY) -> Any:
    """What `probe` (a function, or one to await) gives, as soon as that is true; it is asked every so many seconds.

    A probe that asserts is tried again while it fails, and must return something true at its end. At the deadline its
    last failure or value is the test's failure.
    """
    deadline = time.monotonic() + seconds
    while True:
        value, failure = await _look(probe)
        if value:
            return value
        if time.monotonic() > deadline:
            name = getattr(probe, "__name__", "the probe")
            raise AssertionError(f"{name} was still {value!r} after {seconds} s") from failure
        await asyncio.sleep(every)


async def _look(probe: Callable[[], Any]) -> tuple[Any, AssertionError | None]:
    try:
        value = probe()
        return (await value if inspect.isawaitable(value) else value), None
    except AssertionError as failure:
        return None, failure
