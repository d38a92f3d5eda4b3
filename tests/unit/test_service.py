"""A service ends when it is told to; ended in any other way it failed, and whoever supervises it starts it anew."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import signal
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette

from shared import consumer as module
from shared import service
from shared.errors import Bug
from shared.health import Health
from shared.service import serve
from shared.settings import ServiceSettings
from tests.scripted import Client, Loop, records
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


HANGS_IN_A_THREAD = """
import asyncio, time
from starlette.applications import Starlette
from shared import service
from shared.health import Health
from shared.settings import ServiceSettings
service.BLOCKED = 2
health = Health(0.5)
async def hangs(_):
    health.tick("rules")
    await asyncio.to_thread(time.sleep, 50)
settings = ServiceSettings(postgres_dsn="", host="127.0.0.1", port=0, stop_timeout=0.5)
service.main(lambda: service.serve(settings, Starlette(), [hangs], health))
"""


class Cycle:
    """Refers to itself: only the garbage collector frees it."""

    itself: Cycle


@pytest.fixture(autouse=True)
def _nothing_is_armed_afterwards() -> Iterator[None]:
    yield
    faulthandler.cancel_dump_traceback_later()


async def served(*loops: Callable[[asyncio.Event], Awaitable[None]], health: Health) -> None:
    settings = ServiceSettings(postgres_dsn="", host="127.0.0.1", port=0, stop_timeout=0.5)
    await serve(settings, Starlette(), loops, health)


async def idles(stop: asyncio.Event) -> None:
    await stop.wait()


async def ends(_: asyncio.Event) -> None:
    """Nothing more to do, says this loop; there always is."""


async def is_cancelled(_: asyncio.Event) -> None:
    raise asyncio.CancelledError


async def is_told_to_stop(stop: asyncio.Event) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()


async def test_a_service_that_is_told_to_stop_ends_without_a_failure():
    await served(idles, is_told_to_stop, health=Health(90))


async def test_a_cycle_is_freed_soon_though_hardly_anything_is_allocated(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "TIDY", 0.01)

    async def leaves_a_cycle(stop: asyncio.Event) -> None:
        await eventually(gc.get_freeze_count)
        cycle = Cycle()
        cycle.itself = cycle
        left = weakref.ref(cycle)
        del cycle
        await eventually(lambda: left() is None)
        await is_told_to_stop(stop)

    gc.disable()
    try:
        await served(leaves_a_cycle, health=Health(90))
    finally:
        gc.enable()


@pytest.mark.parametrize("loop", [ends, is_cancelled])
async def test_a_loop_that_ends_by_itself_is_a_failure(loop: Callable[[asyncio.Event], Awaitable[None]]):
    with pytest.raises(Bug, match=loop.__name__):
        await served(idles, loop, health=Health(90))


async def test_a_loop_that_hangs_ends_the_service():
    health = Health(0.2)

    async def hangs(_: asyncio.Event) -> None:
        health.tick("outbox")
        await asyncio.Event().wait()

    with pytest.raises(Bug, match=r"hung: .*outbox"):
        await served(idles, hangs, health=health)


def test_what_hangs_in_a_thread_ends_with_the_process():
    ended = subprocess.run([sys.executable, "-c", HANGS_IN_A_THREAD], capture_output=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert b"stopped late" in ended.stderr


async def test_a_handler_that_hangs_ends_the_service(monkeypatch: pytest.MonkeyPatch):
    async def topics_are_there(_: object) -> None:
        """Nothing to look at here."""

    client = Client()
    monkeypatch.setattr(module, "AIOKafkaConsumer", client)
    monkeypatch.setattr(module, "check_topics", topics_are_there)
    loop = Loop(client)
    loop.health = Health(1.5)

    async def hangs(_: object) -> None:
        await asyncio.Event().wait()

    loop.handle = hangs
    client.polls.put_nowait(records(0, 1))
    with pytest.raises(Bug, match=r"hung: .*triage"):
        await served(loop.consumer().run, health=loop.health)
    client._fetcher.error_future.cancel()
