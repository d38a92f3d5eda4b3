"""Migrations while the services run: nobody who sends or decides is held up, whoever holds a table."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.frontdoor.database import SCHEMAS
from shared import migrations
from shared.errors import Transient
from shared.migrations import migrate
from tests.chaos.once import everything_is_once
from tests.intake import a_body
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(300)]

WANTS_A_LOCK = """
SELECT FROM pg_locks WHERE NOT granted AND relation = 'intake.receipt'::regclass AND mode = 'AccessExclusiveLock'
"""
NEXT = {
    "intake": "ALTER TABLE intake.receipt ADD COLUMN form text NOT NULL DEFAULT 'first', ADD COLUMN more jsonb;\n"
    "ALTER TABLE intake.outbox ADD COLUMN form text; ALTER TABLE intake.referral ADD COLUMN form text;\n"
    "ALTER TABLE intake.seen ADD COLUMN form text; ALTER TABLE intake.status ADD COLUMN form text;",
    "triage": "ALTER TABLE triage.decision ADD COLUMN form text NOT NULL DEFAULT 'first';\n"
    "ALTER TABLE triage.output ADD COLUMN form text; ALTER TABLE triage.referral ADD COLUMN form text;\n"
    "CREATE TABLE triage.more (id uuid PRIMARY KEY); GRANT SELECT ON triage.more TO frontdoor_triage;",
    "audit": "ALTER TABLE audit.record ADD COLUMN form text; ALTER TABLE audit.head ADD COLUMN form text;",
}
APART = (
    "-- apart\nDROP INDEX CONCURRENTLY IF EXISTS intake.receipt_kind;\n"
    "CREATE INDEX CONCURRENTLY receipt_kind ON intake.receipt (kind);\n"
)


def next_version(folder: Path) -> dict[str, list[Path]]:
    """What the next version would bring to each schema: a step of each kind that a migration may take."""
    for schema, text in NEXT.items():
        (folder / schema).mkdir()
        (folder / schema / "9001_more.sql").write_text(text)
    (folder / "intake" / "9002_index.sql").write_text(APART)
    return {schema: sorted((folder / schema).iterdir()) for schema in SCHEMAS}


async def sends(stack: Stack, number: int) -> None:
    """Sends one referral once: whoever has to try again was held up."""
    answer = await stack.post("/referrals", a_body(message_id=f"meanwhile {number}"))
    assert answer.status_code == 202, answer.text


async def test_the_next_versions_tables_come_while_referrals_do(small: Stack, tmp_path: Path) -> None:
    (tmp_path / "next").mkdir()
    coming, applied = next_version(tmp_path / "next"), asyncio.Event()
    small.start("intake", "triage", "audit")
    sent = 0

    async def sending() -> None:
        nonlocal sent
        while not applied.is_set() or sent < 60:
            await sends(small, sent)
            sent += 1

    task = asyncio.create_task(sending())
    await eventually(lambda: sent > 20)
    for schema, files in coming.items():
        assert await migrate(small.database.dsn(), schema, files=files) == [file.name for file in files]
        assert await migrate(small.database.dsn(), schema, files=files) == []
    applied.set()
    await task
    await decided(small, sent)
    await everything_is_once(small)
    assert not await small.fetch("SELECT FROM pg_index WHERE NOT indisvalid")


async def test_a_table_that_somebody_reads_for_long_is_waited_for_and_nobody_waits_behind(
    small: Stack, tmp_path: Path
) -> None:
    (tmp_path / "next").mkdir()
    files = next_version(tmp_path / "next")["intake"]
    small.start("intake", "triage")
    await sends(small, 0)
    reader = await asyncpg.connect(small.database.dsn())
    reading = reader.transaction()
    await reading.start()
    await reader.fetch("SELECT count(*) FROM intake.receipt")  # a report, or a dump
    migrating = asyncio.create_task(migrate(small.database.dsn(), "intake", files=files))
    await eventually(lambda: small.fetch(WANTS_A_LOCK))
    for number in range(1, 11):
        await sends(small, number)
    assert not migrating.done()
    await reading.rollback()
    await reader.close()
    assert await migrating == [file.name for file in files]
    await decided(small, 11)


async def test_one_that_cannot_be_applied_says_so_and_changed_nothing(
    small: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "PATIENCE", 0.0)
    (tmp_path / "next").mkdir()
    files = next_version(tmp_path / "next")["intake"]
    reader = await asyncpg.connect(small.database.dsn())
    async with reader.transaction():
        await reader.fetch("SELECT count(*) FROM intake.status")  # the last that the migration touches
        with pytest.raises(Transient, match="in-use"):
            await migrate(small.database.dsn(), "intake", files=files)
    await reader.close()
    assert not await small.fetch("SELECT FROM information_schema.columns WHERE column_name = 'form'")
    assert await migrate(small.database.dsn(), "intake", files=files)


async def decided(stack: Stack, count: int) -> None:
    async def all_of_them() -> bool:
        return len(await stack.fetch("SELECT FROM triage.decision")) == count

    await eventually(all_of_them, 60)
