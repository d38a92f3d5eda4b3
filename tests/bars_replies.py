"""Replies to senders of BaRS for tests: an intake whose sender listens, and the task that sends.

async with listening(database, folder, receiver) as desk, sending(desk): ...
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import yaml
from prometheus_client import REGISTRY

from services.intake.transports.replies import Replies
from shared.health import Health
from tests.bars import Ids, changed, post, request_id
from tests.intake import intake, key_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.intake import Desk
    from tests.receiver import Receiver
    from tests.stack import Database

ACCEPTED: dict[str, Any] = {"status": "accepted", "outcome": "accepted"}
CLOSED: dict[str, Any] = {"status": "closed", "outcome": "closed"}


@asynccontextmanager
async def listening(database: Database, folder: Path, receiver: Receiver, **settings: Any) -> AsyncIterator[Desk]:
    """Intake with a source that wants to be told at the receiver's address."""
    told = {"name": "gp", "keys": [hashlib.sha256(key_of("gp").encode()).hexdigest()], "locality": "lambeth"}
    listed = told | {"bars": {"replies": [f"{receiver.url}/fhir"]}}
    (folder / "listening.yaml").write_text(yaml.safe_dump({"sources": {"gp": listed}}))
    async with intake(database, folder, sources=folder / "listening.yaml", reply_poll=0.05, **settings) as desk:
        yield desk


@asynccontextmanager
async def sending(desk: Desk, reply_for: float = 1000) -> AsyncIterator[None]:
    """The task that sends, while the block lasts."""
    stop, settings = asyncio.Event(), desk.settings.model_copy(update={"reply_for": reply_for})
    task = asyncio.create_task(Replies(settings, desk.store._pool, desk.whole.senders, Health(30)).run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def refer(desk: Desk, endpoint: str, ids: Ids | None = None) -> str:
    source = {"name": "Example Surgery", "endpoint": endpoint}
    answer = await post(desk, changed("new-referral.json", MessageHeader={"source": source}), ids=ids)
    assert answer.status_code == 200, answer.text
    return request_id(answer.content)


async def unsent(desk: Desk) -> list[Any]:
    return await desk.database.fetch("SELECT * FROM intake.replies WHERE sent_at IS NULL")


def superseded() -> float:
    """How many replies were left out, since newer news was sent before."""
    return REGISTRY.get_sample_value("frontdoor_replies_total", {"how": "superseded"}) or 0
