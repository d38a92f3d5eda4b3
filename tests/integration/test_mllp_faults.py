"""MLLP under faults, on real sockets: cut, doubled and garbled at any byte; too many, too long, too slow; stopped at work."""

from __future__ import annotations

import asyncio
import random
import socket
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
import psutil

from services.intake import metrics, store
from services.intake.sources.hl7v2.message import messages
from services.intake.transports.mllp import server
from services.intake.transports.mllp.frames import Frames, framed
from tests.garbling import garbled
from tests.mllp import Line, a_message, listening
from tests.waiting import eventually

if TYPE_CHECKING:
    import pytest

    from tests.intake import Desk
    from tests.stack import Database

SAMPLES: Final = sorted((Path(__file__).parents[1] / "samples" / "hl7v2").glob("*.hl7"))
GARBLED: Final = 2000


def block_in(body: bytes) -> bytes:
    """What the receiver finds between a start and an end, where the sender put `body`."""
    frames = Frames()
    frames.feed(framed(body))
    return frames.next() or b""


async def count(desk: Desk, table: str) -> int:
    return int((await desk.database.fetch(f"SELECT count(*) FROM intake.{table}"))[0][0])


async def test_a_message_cut_at_any_byte_is_taken_once_or_not_at_all(database: Database, tmp_path: Path):
    whole = framed(a_message(name=""))
    async with listening(database, tmp_path) as (desk, port):
        for cut in [*range(0, len(whole) - 2, 7), len(whole) - 2]:
            async with Line.open(port) as line:
                await line.write(whole[:cut])
                if cut % 2:
                    line.writer.transport.abort()
        assert await count(desk, "receipt") == 0
        async with Line.open(port) as line:
            await line.write(whole[:-1])
            line.writer.transport.abort()  # the end was sent, the answer never seen
        await eventually(lambda: count(desk, "receipt"))
        async with Line.open(port) as line:
            assert (await line.ask(a_message(name=""))).code == "AA"
        assert (await count(desk, "receipt"), await count(desk, "referral")) == (1, 1)


async def test_a_message_that_begins_anew_at_any_byte_of_itself_is_one_referral(database: Database, tmp_path: Path):
    message = a_message()
    async with listening(database, tmp_path) as (desk, port), Line.open(port) as line:
        for cut in range(1, len(message), 11):
            await line.write(b"\x0b" + message[:cut] + framed(message))
            assert (await line.read()).code == "AA"
        assert (await count(desk, "receipt"), await count(desk, "referral")) == (1, 1)


async def test_every_yes_is_a_receipt_and_every_receipt_one_referral_whatever_breaks(
    database: Database, tmp_path: Path
):
    chance = random.Random(2575)
    sent = {f"C{number}": a_message(control=f"C{number}", name=f"R{number}") for number in range(40)}
    yes: dict[str, str] = {}

    async def sender(port: int, controls: list[str]) -> None:
        for control in controls:
            while control not in yes:
                with suppress(OSError, asyncio.IncompleteReadError):
                    async with Line.open(port) as line:
                        block = framed(sent[control])
                        cut = chance.randrange(len(block) * 2)
                        await line.write(block[:cut])
                        if cut >= len(block) and chance.random() < 0.7:
                            answer = await line.read()
                            assert answer.code == "AA"
                            yes[answer.field("MSA", 2)] = answer.referral_id
                        else:
                            line.writer.transport.abort()

    async with listening(database, tmp_path) as (desk, port):
        controls = list(sent)
        await asyncio.gather(*(sender(port, controls[start::4]) for start in range(4)))
        kept = await desk.database.fetch("SELECT referral_id::text FROM intake.receipt")
        assert sorted(yes.values()) == sorted(row["referral_id"] for row in kept)
        assert await count(desk, "referral") == len(sent)


async def test_one_byte_at_a_time_and_all_at_once_are_the_same(database: Database, tmp_path: Path):
    first, second = (framed(a_message(control=f"C{number}", name=f"R{number}")) for number in (1, 2))
    async with listening(database, tmp_path) as (desk, port), Line.open(port) as line:
        for place in range(len(first)):
            await line.write(first[place : place + 1])
        assert (await line.read()).field("MSA", 2) == "C1"
        await line.write(b"\r\n" + first + b"garbage" + second + second[:9])
        assert [(await line.read()).field("MSA", 2) for _ in range(2)] == ["C1", "C2"]
        assert await count(desk, "receipt") == 2


async def test_thousands_of_garbled_messages_are_each_answered_or_closed_and_nothing_grows(
    database: Database, tmp_path: Path
):
    chance = random.Random(40)
    bodies = [file.read_bytes().replace(b"|A12345|", b"|G85001|") for file in SAMPLES]
    async with listening(database, tmp_path) as (desk, port), AsyncExitStack() as lines:
        line = await lines.enter_async_context(Line.open(port))
        yes, before = set[str](), 0
        for number in range(GARBLED):
            if number == GARBLED // 4:
                before = psutil.Process().memory_info().rss
            own = chance.choice(bodies).replace(b"|C0001|", b"|C%d|" % number).replace(b"R-77", b"R-%d" % number)
            body = garbled(own, chance).replace(b"\x1c", b"?")
            try:
                await line.write(framed(body))
                answers = [await line.read() for _ in messages(block_in(body))]
            except (OSError, asyncio.IncompleteReadError):
                line = await lines.enter_async_context(Line.open(port))
                continue
            assert {answer.code for answer in answers} <= {"AA", "AE", "AR"}
            assert not [answer for answer in answers if "our fault" in answer.field("MSA", 3)]
            yes |= {
                said[said.rindex(" ") + 1 :]
                for answer in answers
                if (said := answer.field("MSA", 3)) and answer.code == "AA"
            }
        kept = await desk.database.fetch("SELECT referral_id::text FROM intake.receipt")
        assert len(yes) > 200
        assert yes <= {row["referral_id"] for row in kept}
        assert (await line.ask(a_message(control="last", name="last"))).code == "AA"
        assert psutil.Process().memory_info().rss - before < 64 * 1024 * 1024


async def test_too_long_a_message_is_rejected_by_its_control_id_and_closed(database: Database, tmp_path: Path):
    async with listening(database, tmp_path, mllp_max_message=20_000) as (desk, port), Line.open(port) as line:
        await line.write(b"\x0b" + a_message() + b"NTE|1||" + b"x" * 30_000)
        answer = await line.read()
        assert (answer.code, answer.field("MSA", 2)) == ("AR", "C1")
        assert await line.closed() == b""
        assert await count(desk, "receipt") == 0


async def test_sixteen_mebibytes_are_taken_with_the_letter_inside(database: Database, tmp_path: Path):
    letter = b"JVBERi0xLjcg" + b"QUJD" * (2_600_000)
    document = b"OBX|2|ED|L^Letter^L||^application^pdf^Base64^" + letter + b"||||||F\r"
    async with listening(database, tmp_path) as (desk, port), Line.open(port) as line:
        answer = await line.ask(a_message() + document)
        assert answer.code == "AA"
        assert (await desk.database.fetch("SELECT length(content) FROM intake.attachment"))[0][0] == len(
            letter
        ) * 3 // 4


async def test_what_says_nothing_is_closed_and_what_does_not_end_is_told_so(database: Database, tmp_path: Path):
    async with listening(database, tmp_path, mllp_first_byte=0.2, mllp_idle=0.6) as (_, port):
        async with Line.open(port) as line:
            assert await line.closed() == b""
        async with Line.open(port) as line:
            await line.write(b"\x0b" + a_message())
            answer = await line.read()
            assert (answer.code, answer.field("MSA", 2)) == ("AR", "C1")
            assert "0x1C" in answer.field("MSA", 3)
            assert await line.closed() == b""


async def test_one_connection_too_many_is_closed_and_the_others_go_on(database: Database, tmp_path: Path):
    async with listening(database, tmp_path, mllp_connections=3) as (_, port), AsyncExitStack() as lines:
        await eventually(lambda: not metrics.MLLP_OPEN._value.get())
        three = [await lines.enter_async_context(Line.open(port, address=f"127.0.0.{n}")) for n in (1, 2, 3)]
        assert [(await line.ask(a_message())).code for line in three] == ["AA"] * 3
        async with Line.open(port) as fourth:
            assert await fourth.closed() == b""
        three[0].writer.close()
        await eventually(lambda: metrics.MLLP_OPEN._value.get() == 2)
        async with Line.open(port) as again:
            assert (await again.ask(a_message())).code == "AA"


async def test_a_sender_that_reads_no_answers_is_cut_off_and_hurts_no_other(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(server, "SEND", 0.3)
    async with listening(database, tmp_path) as (_, port):
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        deaf.setblocking(False)
        with suppress(ConnectionError):
            while True:
                block = framed(a_message(facility="nobody"))
                await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(deaf, block * 200), 30)
        deaf.close()
        async with Line.open(port) as line:
            assert (await line.ask(a_message())).code == "AA"


async def test_what_is_being_taken_when_it_is_told_to_stop_is_answered_first(database: Database, tmp_path: Path):
    stop, locked = asyncio.Event(), await asyncpg.connect(database.dsn())
    async with (
        listening(database, tmp_path, stop=stop) as (desk, port),
        Line.open(port) as idle,
        Line.open(port) as line,
    ):
        async with locked.transaction():
            await locked.execute("LOCK TABLE intake.receipt IN ACCESS EXCLUSIVE MODE")
            await line.write(framed(a_message()))
            await eventually(lambda: locked.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            stop.set()
            assert await idle.closed() == b""
        answer = await line.read()
        assert answer.code == "AA"
        assert await line.closed() == b""
        assert await count(desk, "receipt") == 1
    await locked.close()


async def test_a_database_that_does_not_answer_is_a_rejection_to_try_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "SECONDS", 0.5)
    urgent = "OBX|2|ST|risk.life_in_danger||yes"
    locked = await asyncpg.connect(database.dsn())
    async with listening(database, tmp_path) as (desk, port), Line.open(port) as line:
        async with locked.transaction():
            await locked.execute("LOCK TABLE intake.receipt IN ACCESS EXCLUSIVE MODE")
            refused = await line.ask(a_message())
            assert (refused.code, "try again" in refused.field("MSA", 3)) == ("AR", True)
            danger = await line.ask(a_message(urgent, control="C2", name="REF-2"))
            assert (danger.code, desk.whole.phone_now in danger.field("MSA", 3)) == ("AR", True)
        assert (await line.ask(a_message())).code == "AA"
    await locked.close()
