"""What an embedded system was given outlives its restarts, and its broker."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services.frontdoor.embedded.folder import Folder
from tests.intake import a_body
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from shared.running import Running
    from tests.integration.embedded import Start


pytestmark = pytest.mark.timeout(300)  # a busy machine starts five processes slowly
NOTHING_LEFT: dict[str, Any] = {"parked": [], "in_flight": [], "unaccounted": []}


async def test_everything_survives_a_restart(up: Start, data: Path):
    first = up("--data", data)
    before = first.until_ready(data)
    status = await post(before)
    assert await eventually(lambda: settled(data, taken=1))
    assert first.interrupt() == 0
    second = up("--data", data)
    after = second.until_ready(data)
    assert (after.keys, after.stream) == (before.keys, before.stream)
    async with as_source(after) as client:
        assert (await client.get(status)).status_code == 200
    await post(after)
    assert await eventually(lambda: settled(data, taken=2))
    assert generation(data) == 1


async def test_records_that_the_broker_lost_are_published_again(up: Start, data: Path):
    first = up("--data", data)
    before = first.until_ready(data)
    await post(before)
    assert await eventually(lambda: settled(data, taken=1))
    await as_if_audit_had_not_come_so_far(before)
    assert first.interrupt() == 0
    (data / "kafka" / "kafka.json").unlink()
    second = up("--data", data)
    running = second.until_ready(data)
    assert "1 events are published again, in generation 2" in second.said
    await post(running)
    assert await eventually(lambda: settled(data, taken=2))


async def test_a_broker_that_is_killed_under_way_loses_nothing(up: Start, data: Path):
    system = up("--data", data)
    running = system.until_ready(data)
    for _ in range(5):
        await post(running)
    await eventually(lambda: audited(data) >= 1)
    system.below()["kafka"].kill()
    await post(running)
    assert await eventually(lambda: settled(data, taken=6), 90), system.said


async def test_a_database_that_is_away_when_the_broker_comes_back_is_waited_for(up: Start, data: Path):
    system = up("--data", data)
    running = system.until_ready(data)
    await post(running)
    assert await eventually(lambda: settled(data, taken=1))
    socket = next(data.parent.rglob(".s.PGSQL.5432"))
    aside = socket.rename(socket.with_name("aside"))
    system.below()["kafka"].kill()
    await eventually(lambda: "postgres-away" in system.said)
    aside.rename(socket)
    await eventually(lambda: system.said.count("kafka     ready") == 2, 40)

    async def taken_again() -> str:
        try:
            return await post(running)
        except httpx.ConnectError:  # the services start anew where the broker lost records
            return ""

    await eventually(taken_again, 40)
    assert await eventually(lambda: settled(data, taken=2), 90), system.said


def as_source(running: Running) -> httpx.AsyncClient:
    assert running.intake
    assert running.keys
    headers = {"Authorization": f"Bearer {running.keys.source}"}
    return httpx.AsyncClient(base_url=running.intake, headers=headers, timeout=30)


async def post(running: Running) -> str:
    """Refers somebody; where to ask for the status."""
    async with as_source(running) as client:
        answer = await client.post("/referrals", json=a_body(), headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["status_url"])


async def as_if_audit_had_not_come_so_far(running: Running) -> None:
    connection = await asyncpg.connect(running.postgres_dsn)
    await connection.execute("DELETE FROM audit.record; DELETE FROM audit.head")
    await connection.close()


def account(data: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "services.frontdoor", "reconcile", "--json", "--data", str(data)]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    return dict(json.loads(said.stdout)) if said.stdout else {}


def audited(data: Path) -> int:
    return int(account(data).get("audited", 0))


def settled(data: Path, *, taken: int) -> bool:
    """Whether everything taken is decided and audited, and nothing is on its way, parked or lost."""
    assert account(data) == {"taken": taken, "decided": taken, "audited": taken, **NOTHING_LEFT}
    return True


def generation(data: Path) -> int:
    return Folder(data).identity().generation
