"""MLLP's connections: who is heard at all, how much one address may leave unfinished, and where a block ends."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from services.intake.transports.mllp.frames import framed
from tests.mllp import Line, a_message, listening

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Database


async def test_a_message_without_the_last_carriage_return_is_answered_and_one_with_the_mark_inside_is_whole(
    database: Database, tmp_path: Path
):
    marked = a_message("NTE|1||Low.\x1cHas a noose.", control="C2", name="REF-2")
    async with listening(database, tmp_path) as (desk, port), Line.open(port) as line:
        await line.write(framed(a_message())[:-1])
        assert (await line.read()).field("MSA", 2) == "C1"
        assert (await line.ask(marked)).field("MSA", 2) == "C2"
        kept = await desk.database.fetch("SELECT octet_length(original) FROM intake.receipt ORDER BY 1")
        assert [row[0] for row in kept] == [len(a_message()), len(marked)]


async def test_a_stranger_is_closed_before_it_says_anything(database: Database, tmp_path: Path):
    known = {"fast": {"facility": "G85001", "networks": ["127.0.0.1/32"]}}
    async with listening(database, tmp_path, known) as (_, port):
        async with Line.open(port, address="127.0.0.2") as stranger:
            assert await stranger.closed() == b""
        async with Line.open(port) as line:
            assert (await line.ask(a_message())).code == "AA"


async def test_what_one_address_leaves_unfinished_keeps_nobody_elses_large_message_out(
    database: Database, tmp_path: Path
):
    most = 400_000
    large = a_message(f"NTE|1||{'low ' * (most // 5)}")
    async with listening(database, tmp_path, mllp_max_message=most) as (_, port), AsyncExitStack() as lines:
        silent = [await lines.enter_async_context(Line.open(port)) for _ in range(6)]
        for line in silent:
            await line.write(b"\x0b" + b"a" * (most - 1))
        async with Line.open(port, address="127.0.0.2") as other:
            assert (await other.ask(large)).code == "AA"


async def test_what_was_refused_makes_room_at_once(database: Database, tmp_path: Path):
    most = 400_000
    large = a_message(f"NTE|1||{'low ' * (most // 5)}")
    async with listening(database, tmp_path, mllp_max_message=most) as (_, port), AsyncExitStack() as lines:
        for _ in range(3):
            too_long = await lines.enter_async_context(Line.open(port))
            await too_long.write(b"\x0b" + b"a" * (most + 1))
            assert (await too_long.read()).code == "AR"
        async with Line.open(port) as other:
            assert (await other.ask(large)).code == "AA"
