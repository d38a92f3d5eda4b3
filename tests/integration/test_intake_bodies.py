"""Bodies that are on their way at once: together within a limit, and nobody's large ones keep others out."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
import pytest

from services.intake.transports import bars
from shared.errors import Usage
from tests.bars import grown, issue, post, sample
from tests.intake import a_body, intake, key_of
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from tests.intake import Desk
    from tests.stack import Database

ROOM: dict[str, Any] = {"max_body": 100_000, "bars_max_body": 100_000, "bodies_in_flight": 200_000}
LARGE = orjson.dumps(a_body(reason={"text": "low " * 20_000}))


@asynccontextmanager
async def unfinished(desk: Desk, key: str) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """A large body of which the last byte comes after the block."""
    last, all_but_one = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield LARGE[:-1]
        all_but_one.set()
        await last.wait()
        yield LARGE[-1:]

    headers = {"Authorization": f"Bearer {key_of(key)}"}
    task = asyncio.create_task(desk.client.post("/referrals", content=body(), headers=headers))
    await all_but_one.wait()
    yield task
    last.set()
    await task


async def test_one_sender_has_at_most_half_of_the_room_and_what_is_small_is_never_kept_out(
    database: Database, tmp_path: Path
):
    async with intake(database, tmp_path, **ROOM) as desk:
        async with unfinished(desk, "gp") as first:
            full = await desk.post("/referrals", LARGE)
            assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (503, "busy", "2")
            assert "phone" in full.json()["detail"]
            assert (await desk.post("/referrals", LARGE, "other-gp")).status_code == 202
            assert (await desk.post("/referrals", a_body(reason={"text": "low " * 10_000}))).status_code == 202
        assert first.result().status_code == 202
        assert (await desk.post("/referrals", LARGE, Idempotency_Key="2")).status_code == 202


async def test_all_senders_together_have_no_more_than_the_room(database: Database, tmp_path: Path):
    async with intake(database, tmp_path, **ROOM) as desk:
        async with unfinished(desk, "gp"), unfinished(desk, "other-gp"):
            assert (await desk.post("/referrals", LARGE, "fast")).status_code == 503
            full = await post(desk, sample("new-referral.json") + b" " * 70_000, "fast")
            assert (full.status_code, issue(full.content)) == (503, ("transient", "REC_UNAVAILABLE"))
            assert "999" in full.text
        assert (await desk.post("/referrals", LARGE, "fast")).status_code == 202


async def test_what_goes_on_when_its_answer_is_due_holds_its_share_until_it_is_done(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bars, "SECONDS", 0.5)
    large = sample("new-referral.json") + b" " * 80_000
    async with intake(database, tmp_path, **ROOM) as desk:
        blocking = await asyncpg.connect(database.dsn())
        async with blocking.transaction():
            await blocking.execute("LOCK TABLE intake.receipt IN ACCESS EXCLUSIVE MODE")
            assert (await post(desk, large)).status_code == 408
            assert (await post(desk, large)).status_code == 503
        await blocking.close()

        async def taken() -> bool:
            return (await post(desk, large)).status_code == 200

        await eventually(taken)


async def test_a_large_message_of_bars_is_read_beside_the_requests_of_others(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read, go_on = bars._told, threading.Event()

    def slowly(*message: Any) -> Any:
        assert go_on.wait(30), "nobody else was served"
        return read(*message)

    async with intake(database, tmp_path) as desk:
        monkeypatch.setattr(bars, "_told", slowly)
        large = asyncio.create_task(post(desk, sample("new-referral.json") + b" " * bars.LARGE))
        assert (await desk.post("/referrals", a_body())).status_code == 202
        go_on.set()
        assert (await large).status_code == 200


async def test_more_text_than_can_be_screened_while_others_wait_is_refused(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        words = grown({"resourceType": "Basic", "text": {"div": "low " * 300_000}})
        long = await post(desk, words)
        assert (long.status_code, issue(long.content)) == (422, ("too-long", "REC_UNPROCESSABLE_ENTITY"))
        assert "999" in long.text


async def test_a_room_in_which_the_longest_message_has_no_place_is_no_setting(database: Database, tmp_path: Path):
    with pytest.raises(Usage, match="FRONTDOOR_BODIES_IN_FLIGHT must be at least twice"):
        async with intake(database, tmp_path, bodies_in_flight=20_000_000):
            pass
