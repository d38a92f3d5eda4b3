"""Senders that go on while an operator works, and what must hold afterwards of every yes that they saw."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.chaos.seeded.checkers import broken, every_record_is_audited, lag_is_zero
from tests.chaos.seeded.run import NOT_THROUGH, Story
from tests.chaos.seeded.senders import MARK, Yes
from tests.chaos.seeded.witness import Commits, all_seen
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.compose import Compose

PAUSE: Final = 0.2  # seconds between two messages
SECONDS: Final = 90.0  # in which all is through once nobody sends any more


class Practice:
    """A GP system: it sends each message until it has its yes, then takes it back or leaves it."""

    def __init__(self, system: Compose, name: str) -> None:
        self._system, self._name = system, name
        self.yeses: list[Yes] = []
        self.wrong: list[str] = []
        self.stop = asyncio.Event()

    @property
    def referrals(self) -> list[str]:
        """Every referral that was taken."""
        return [yes.referral_id for yes in self.yeses if yes.kind == "received"]

    async def run(self) -> None:
        """Sends until `stop` is set; every fifth referral is cancelled at once."""
        number = 0
        while not self.stop.is_set():
            number += 1
            referral = await self.refer(f"{self._name} {number}")
            if number % 5 == 0:
                await self.tell(referral, "cancelled", f"/referrals/{referral}/cancellations", {"reason": "withdrawn"})
            await asyncio.sleep(PAUSE)

    async def refer(self, message_id: str) -> str:
        """Sends one referral until it is taken; its id."""
        return await self.tell(message_id, "received", "/referrals", a_body(), message_id)

    async def tell(self, about: str, kind: str, path: str, body: dict[str, Any], message_id: str = "") -> str:
        """Sends one message until it has its yes."""
        name = message_id or f"{about} {kind}"

        async def yes() -> dict[str, Any] | None:
            try:
                answer = await asyncio.to_thread(self._system.post, path, body | {"message_id": name})
            except httpx.TransportError:
                return None
            if answer.status_code not in {200, 202, 503}:
                self.wrong.append(f"{name}: {answer.status_code} {answer.text[:200]}")
            return answer.json() if answer.status_code in {200, 202} else None

        said = await eventually(yes, SECONDS)
        self.yeses.append(Yes(kind, said.get("referral_id", about), name, said))
        return str(said.get("referral_id", about))


def a_body() -> dict[str, Any]:
    """A referral of nobody, by a name that no one has."""
    return {
        "person": {"name": {"given": "Ada", "family": MARK}, "born": "1990-05-01", "postcode": "SW9 8AA"},
        "reason": {"text": "Low for three months"},
        "presentation": {"phq9": 12, "phq9_item9": 0},
        "risk": {"suicidal": "none", "life_in_danger": "no", "self_harm": "none", "to_others": "none"},
    }


@asynccontextmanager
async def going_on(system: Compose, name: str) -> AsyncIterator[Practice]:
    """A practice that sends meanwhile; when it has stopped, every yes is kept, decided once, in order, audited."""
    practice, commits, over = Practice(system, name), Commits(system.bootstrap), asyncio.Event()
    tasks = [asyncio.create_task(practice.run()), asyncio.create_task(commits.watch(over))]
    try:
        await eventually(lambda: len(practice.yeses) > 5)
        yield practice
        before = len(practice.yeses)
        await eventually(lambda: len(practice.yeses) > before)
        practice.stop.set()
        await tasks[0]
        over.set()
        await tasks[1]
    finally:
        for task in tasks:
            task.cancel()
    await nothing_is_lost(system, practice, commits.back)


async def nothing_is_lost(system: Compose, practice: Practice, commits_back: list[str]) -> None:
    """Held against what Kafka and PostgreSQL hold, by the checkers of the chaos runs: code that the services do not share."""
    story = Story(0, yeses=practice.yeses, wrong=practice.wrong, commits_back=commits_back)
    story.sent = [(yes.referral_id, yes.kind) for yes in practice.yeses]

    async def through() -> bool:
        (row,) = await system.rows(NOT_THROUGH)
        seen = await all_seen(system.bootstrap, system.dsn)
        assert not row["n"]
        assert not [*every_record_is_audited(story, seen)]
        assert not [*lag_is_zero(story, seen)]
        return True

    await eventually(through, SECONDS)
    assert broken(story, await all_seen(system.bootstrap, system.dsn)) == {}
