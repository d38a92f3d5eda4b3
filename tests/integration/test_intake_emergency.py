"""In an emergency every answer says to phone, whatever becomes of the message."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.intake import Desk, a_body, intake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stack import Database


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with intake(database, tmp_path) as open_desk:
        yield open_desk


@pytest.mark.parametrize("body", [a_body(referrer={"urgency": "1"}), a_body(risk={"life_in_danger": "yes"})])
async def test_an_emergency_is_told_to_phone_now(desk: Desk, body: dict[str, Any]):
    told = (await desk.post("/referrals", body)).json()
    assert told["emergency"] is True
    assert "999" in told["phone_now"]


async def test_an_emergency_is_told_to_phone_even_when_refused(desk: Desk):
    answer = await desk.post("/referrals", {"risk": {"life_in_danger": "yes"}})
    assert answer.status_code == 422
    assert "999" in answer.json()["phone_now"]


async def test_an_emergency_is_told_to_phone_even_when_it_conflicts(desk: Desk):
    await desk.refer(message_id="m1")
    answer = await desk.post("/referrals", a_body(message_id="m1", referrer={"urgency": "1"}))
    assert (answer.status_code, "999" in answer.json()["phone_now"]) == (409, True)


async def test_an_emergency_is_told_to_phone_even_when_we_fail(desk: Desk):
    await desk.database.fetch("ALTER TABLE intake.outbox RENAME TO gone")
    answer = await desk.post("/referrals", a_body(referrer={"urgency": "1"}))
    assert (answer.status_code, "999" in answer.json()["phone_now"]) == (500, True)


@pytest.mark.kafka_real  # the embedded server's own processes go on when it is frozen
async def test_an_emergency_is_told_to_phone_within_20_seconds_even_when_postgresql_is_frozen(desk: Desk):
    body = a_body(referrer={"urgency": "1"})
    began = time.monotonic()
    desk.database.server.pause()
    try:
        answer = await desk.post("/referrals", body)
        waited = time.monotonic() - began
    finally:
        desk.database.server.resume()
    assert (answer.status_code, "999" in answer.json()["phone_now"], waited < 20) == (503, True, True), waited


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [(b"{", "gp", 400), (b"\xff", "gp", 400), (b"{}", "nobody", 401), (b"{}", "hub", 403), (b"{}", "slow", 429)],
)
async def test_whose_message_is_not_read_is_told_to_phone_in_an_emergency(
    desk: Desk, body: bytes, key: str, status: int
):
    await desk.post("/referrals", b"{}", "slow")
    answer = await desk.post("/referrals", body, key)
    assert (answer.status_code, answer.json()["detail"].count("in an emergency phone")) == (status, 1)
