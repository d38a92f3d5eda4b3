"""Messages about what was disposed of: nobody can compare any more, so nobody is answered as if it were the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.intake.problems import Refused
from services.intake.sources.told import Told
from tests.intake import a_body, intake
from tests.telling import message, referral_in, take

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Database


async def dispose(database: Database) -> None:
    """Removes the content of everything, as the role that may."""
    disposer = await asyncpg.connect(database.dsn("frontdoor_disposer"))
    await disposer.execute(
        "UPDATE intake.receipt SET original = NULL, salt = NULL, document = NULL, content = NULL, unmapped = NULL"
    )
    await disposer.close()


async def test_other_content_under_its_id_is_a_conflict_and_no_repeat(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await desk.post("/referrals", a_body(), Idempotency_Key="1")
        await dispose(database)
        other = await desk.post("/referrals", a_body(risk={"life_in_danger": "yes"}), Idempotency_Key="1")
        assert (other.status_code, other.json()["emergency"]) == (409, True)
        (_, conflicting) = await desk.events(first.json()["referral_id"])
        assert conflicting["referral"]["risk"]["life_in_danger"] == "yes"


async def test_the_same_content_without_an_id_is_a_repeat_still(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await desk.post("/referrals", a_body())
        await dispose(database)
        assert (await desk.post("/referrals", a_body())).content == first.content
        assert len(await desk.events()) == 1


async def test_a_new_referral_under_its_name_is_a_conflict_that_a_person_looks_at(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1"))
        await dispose(database)
        with pytest.raises(Refused, match="conflict") as refused:
            await take(desk, message("2", risk={"life_in_danger": "yes"}))
        assert refused.value.members["emergency"] is True
        assert "conflicts_with" in (await desk.events(referral_in(first)))[-1]


async def test_it_can_be_cancelled_and_no_longer_changed(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1"))
        await dispose(database)
        with pytest.raises(Refused, match="not-found"):
            await take(desk, message("2", does="amend", presentation={"phq9": 21}))
        gone = Told("hl7v2", "cancel", {"message_id": "3"}, names=("GP-REF-1",))
        assert referral_in(await take(desk, gone)) == referral_in(first)
