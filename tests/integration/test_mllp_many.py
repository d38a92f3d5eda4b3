"""A thousand connections at once, on real sockets: those that say nothing or do not end hurt nobody, and cost little."""

from __future__ import annotations

import resource
import tracemalloc
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from services.intake import metrics
from services.intake.transports.mllp.frames import framed
from services.intake.transports.mllp.server import MOST_HELD
from services.intake.transports.mllp.sockets import CHUNK, OTHER_FILES
from tests.mllp import Line, a_message, listening
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stack import Database

MANY = 1000
LONGEST = 4_000_000
UNFINISHED = 3_000_000  # bytes, of every tenth: far more in all than may be held
ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
MOST_MEMORY = MOST_HELD * LONGEST + MANY * CHUNK  # bytes, of both ends, which are in this process


@contextmanager
def few_files() -> Iterator[None]:
    """As many open files as a shell has by default."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    """Ends what a test began to trace."""
    yield
    tracemalloc.stop()


async def test_of_a_thousand_connections_those_that_do_not_end_hurt_nobody_and_memory_stays_bounded(
    database: Database, tmp_path: Path
):
    with few_files():
        async with listening(database, tmp_path, mllp_max_message=LONGEST) as (_, port), AsyncExitStack() as lines:
            allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            assert allowed >= MANY + OTHER_FILES
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (most, most)
            )  # for the other ends, which are in this process too
            tracemalloc.start()

            async def opened(number: int) -> Line:
                return await lines.enter_async_context(Line.open(port, address=ADDRESSES[number % 3]))

            every = [await opened(number) for number in range(MANY)]
            await eventually(lambda: metrics.MLLP_OPEN._value.get() == MANY)
            async with Line.open(port, address="127.0.0.4") as one_more:
                assert await one_more.closed() == b""
            for line in every[5::10]:
                await _begin(line)
            answers = [
                await line.ask(a_message(control=f"C{n}", name=f"REF-{n}")) for n, line in enumerate(every[::100])
            ]
            assert {answer.code for answer in answers} == {"AA"}
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
        await eventually(lambda: metrics.MLLP_OPEN._value.get() == 0)


async def _begin(line: Line) -> None:
    with suppress(OSError):  # told that it is too much, and closed
        await line.write(b"\x0b")
        for _ in range(UNFINISHED // CHUNK):
            await line.write(b"a" * CHUNK)


async def test_nothing_of_a_message_is_held_once_it_is_answered(database: Database, tmp_path: Path):
    async with listening(database, tmp_path) as (_, port), AsyncExitStack() as lines:
        letter = a_message(f"NTE|1||{'low ' * 200_000}")
        tracemalloc.start()
        for _ in range(20):
            line = await lines.enter_async_context(Line.open(port))
            assert (await line.ask(letter)).code == "AA"
        assert tracemalloc.get_traced_memory()[0] < 5 * len(letter)


async def test_one_address_that_opens_connection_after_connection_keeps_nobody_else_out(
    database: Database, tmp_path: Path
):
    async with listening(database, tmp_path, mllp_connections=8) as (_, port), AsyncExitStack() as lines:
        leaking = [await lines.enter_async_context(Line.open(port)) for _ in range(12)]
        assert [await line.closed() for line in leaking[4:]] == [b""] * 8
        async with Line.open(port, address="127.0.0.2") as other:
            assert (await other.ask(a_message())).code == "AA"
        await leaking[0].write(framed(a_message()))
        assert (await leaking[0].read()).code == "AA"
