"""Kafka loses its topics, and with them records that nobody could read: those were dealt with, and are not dealt with twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from services.frontdoor.reconcile import look
from services.frontdoor.recovery import lost_partitions
from shared.settings import ServiceSettings
from tests.dead_letters import WHO, frontdoor, letters, listed, said
from tests.intake import a_body
from tests.integration.test_republish import lose_every_topic, republish
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(300)]

SPOIL = (
    "CREATE FUNCTION spoil() RETURNS trigger AS $$ BEGIN NEW.value := NEW.value || '!'; RETURN NEW; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER spoil BEFORE INSERT ON intake.outbox FOR EACH ROW EXECUTE FUNCTION spoil()",
)


async def test_whom_people_dealt_with_nobody_holds_again_when_it_is_published_again(small: Stack) -> None:
    """One is edited and decided, one discarded and with the hub still; both come again as they were, unreadable."""
    for statement in SPOIL:
        await small.fetch(statement)
    small.start("intake", "triage", "audit")
    answers = [
        await small.post("/referrals", a_body(message_id=name, risk={"suicidal": "plan"})) for name in ("one", "two")
    ]
    first, second = (answer.json()["referral_id"] for answer in answers)
    rows = {row["referral_id"]: row["id"] for row in await eventually(lambda: waiting(small), 40)}
    (spoilt,) = [record for record in await letters(small) if (record.key or b"").decode() == first]
    file = small.folder / "value.json"
    file.write_bytes((spoilt.value or b"").removesuffix(b"!"))
    await said(small, "edit", rows[first], "--value", file, *WHO)
    await said(small, "discard", rows[second], *WHO)
    before = await stands(small)
    assert [row["hold_reason"] for row in before] == ["parked"]

    for service in ("intake", "triage", "audit"):
        assert await asyncio.to_thread(small.stop, service) == 0
    await lose_every_topic(small)
    assert "2 events of intake" in republish(small).stdout
    small.start("intake", "triage", "audit", topic_generation=2)
    again = {row["referral_id"]: row["id"] for row in await eventually(lambda: waiting(small), 40)}
    assert await eventually(lambda: settled(small), 60)
    assert await stands(small) == before
    settings = ServiceSettings.model_validate({"postgres_dsn": "", **small.settings, "topic_generation": 2})
    assert await lost_partitions(small.database.dsn(), settings) == []
    done = await said(small, "discard", *again.values(), *WHO)
    assert sorted(done["worked"]) == sorted(again.values())
    verified = await asyncio.to_thread(frontdoor, small, "audit", "verify")
    assert verified.returncode == 0, verified.stdout


async def waiting(stack: Stack) -> list[Any] | None:
    """Both, while nobody has done anything about either."""
    rows = [row for row in await listed(stack) if row["state"] == "waiting"]
    return rows if len(rows) == 2 else None


async def stands(stack: Stack) -> list[Any]:
    """Who is held, since when, and by which decision."""
    return list(
        await stack.fetch(
            "SELECT referral_id, decision_id, hold_reason, held_since FROM triage.referral WHERE hold_reason <> ''"
        )
    )


async def settled(stack: Stack) -> bool:
    """Whether nothing is under way and nothing unaccounted for."""
    account = await look(stack.database.dsn("frontdoor_reader"))
    assert (account.taken, account.unaccounted) == (2, [])
    return not account.in_flight
