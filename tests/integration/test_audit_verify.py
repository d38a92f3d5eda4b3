"""Whoever owns the audit tables cannot touch a row unseen; what is disposed of on record is no finding."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.audit.announce import heads_record
from services.audit.chain import Place
from services.audit.columns import entry
from services.audit.store import Store
from shared.cloudevents import from_json
from shared.events import AUDIT_HEADS
from shared.operations import AuditHeads
from shared.topics import OPERATIONS
from tests.builders import ARecord, an_id
from tests.chains import ADA, NOW, PLACE, STREAM, a_record, append, findings, looked_over, some

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stack import Database


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    async with asyncpg.create_pool(database.dsn("frontdoor_audit"), min_size=1, max_size=4) as pool:
        yield Store(pool)


AT = 'partition = {p} AND "offset"'
COLUMNS = (
    "stream, topic, partition, {to}, gap_to, kafka_time, key, headers, value, headers_digest, value_digest, event_id, "
    "referral_id, type, causation_id, at, accepted_time, synthetic, sequence, recorded_at, previous, hash"
)


def changed(assignment: str) -> str:
    return f"UPDATE audit.record SET {assignment} WHERE {AT} = 2;"


def moved(at: int, to: int) -> str:
    return f'UPDATE audit.record SET "offset" = {to} WHERE {AT} = {at};'


def copied(at: int, to: int) -> str:
    return f"INSERT INTO audit.record SELECT {COLUMNS.format(to=to)} FROM audit.record WHERE {AT} = {at};"


def deleted(which: str) -> str:
    return f"DELETE FROM audit.record WHERE {AT} {which};"


TAMPERINGS = [
    (changed("value = 'other'"), "altered"),
    (changed("value = 'other', value_digest = sha256('other')"), "altered"),
    (changed("value = NULL, headers = NULL"), "altered"),
    (changed("key = 'other'"), "altered"),
    (changed("headers = headers || '\\x00'"), "altered"),
    (changed("headers = 'other', headers_digest = sha256('other')"), "altered"),
    (changed("type = 'other'"), "altered"),
    (changed("event_id = gen_random_uuid()"), "altered"),
    (changed("referral_id = gen_random_uuid()"), "altered"),
    (changed("at = at + interval '1 microsecond'"), "altered"),
    (changed("recorded_at = now()"), "altered"),
    (changed("kafka_time = 8"), "altered"),
    (changed("synthetic = true"), "altered"),
    (changed("hash = sha256('other')"), "altered"),
    (deleted("= 2"), "missing"),
    (deleted(">= 2"), "missing"),
    (deleted("= 2") + moved(3, to=2) + moved(4, to=3), "missing"),
    (moved(2, to=99) + moved(3, to=2) + moved(99, to=3), "altered"),
    (moved(4, to=5) + moved(3, to=4) + moved(2, to=3) + copied(1, to=2), "inserted"),
    (moved(4, to=5) + moved(3, to=4) + moved(2, to=3) + copied(0, to=2), "inserted"),
    (
        "ALTER TABLE audit.disposal DROP CONSTRAINT disposal_stream_topic_partition_offset_fkey;"
        "ALTER TABLE audit.record DROP CONSTRAINT record_pkey;" + copied(2, to=2),
        "inserted",
    ),
]


async def test_the_owner_of_the_tables_cannot_touch_a_row_unseen(store: Store, database: Database) -> None:
    owner = await asyncpg.connect(database.dsn("frontdoor_owner"))
    for partition, (tampering, _) in enumerate(TAMPERINGS):
        await append(store, some(*range(5)), PLACE._replace(partition=partition))
        await owner.execute(tampering.format(p=partition))
    await owner.close()
    await append(store, some(*range(5)), PLACE._replace(partition=len(TAMPERINGS)))
    expected = [f"{finding} stream.1 referrals.received {p} 2" for p, (_, finding) in enumerate(TAMPERINGS)]
    assert await findings(database) == expected


async def test_a_row_after_the_head_and_a_head_moved_back_are_found(store: Store, database: Database) -> None:
    await append(store, some(*range(5)))
    await database.fetch('UPDATE audit.head SET "offset" = 3')
    assert await findings(database) == ["inserted stream.1 referrals.received 3 4"]
    await database.fetch("UPDATE audit.head SET \"offset\" = 4, hash = sha256('other')")
    assert await findings(database) == ["altered stream.1 referrals.received 3 4"]


async def made_anew(store: Store, database: Database) -> None:
    await database.fetch("DELETE FROM audit.record WHERE topic = 'referrals.received'")
    await database.fetch("DELETE FROM audit.head WHERE topic = 'referrals.received'")
    await append(store, [entry(a_record(offset, b"forged")) for offset in range(4)])


async def test_a_whole_chain_made_anew_contradicts_the_heads_that_were_published(
    store: Store, database: Database
) -> None:
    await append(store, some(*range(4)))
    published = heads_record(STREAM, await store.heads(STREAM), NOW)
    record = ARecord(OPERATIONS, 0, 0, published.key, published.value, published.headers)
    await append(store, [entry(record)], Place(STREAM, OPERATIONS, 0))
    assert await findings(database) == []
    await made_anew(store, database)
    assert await findings(database) == ["altered stream.1 referrals.received 3 3"]


async def test_a_copy_of_the_heads_kept_elsewhere_tells_what_this_database_no_longer_does(
    store: Store, database: Database
) -> None:
    await append(store, some(*range(4)))
    kept = from_json(AuditHeads, heads_record(STREAM, await store.heads(STREAM), NOW).value or b"")
    await made_anew(store, database)
    assert await findings(database) == []
    assert await findings(database, kept) == ["altered stream.1 referrals.received 3 3"]
    await database.fetch("DELETE FROM audit.record")
    await database.fetch("DELETE FROM audit.head")
    assert await findings(database, kept) == ["missing stream.1 referrals.received 3 0"]


async def test_disposal_empties_one_referral_on_record_and_the_digests_stand(store: Store, database: Database) -> None:
    bob = an_id("bob")
    await append(store, [entry(a_record(offset, referral=ADA if offset % 2 else bob)) for offset in range(4)])
    disposer = await asyncpg.connect(database.dsn("frontdoor_disposer"))
    assert await disposer.fetchval("SELECT audit.dispose($1, 'retention ended')", ADA) == 2
    assert await disposer.fetchval("SELECT audit.dispose($1, 'retention ended')", ADA) == 0
    with pytest.raises(asyncpg.RaiseError, match="needs its reason"):
        await disposer.execute("SELECT audit.dispose($1, ' ')", bob)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await disposer.execute("UPDATE audit.record SET value = NULL")
    await disposer.close()
    left = await database.fetch('SELECT "offset" FROM audit.record WHERE value IS NOT NULL ORDER BY 1')
    assert [row[0] for row in left] == [0, 2]
    seen = await looked_over(database)
    assert (seen.rows, seen.disposed, seen.findings) == (4, {PLACE: 2}, [])
    recorded = await database.fetch("SELECT disposed_by, reason FROM audit.disposal")
    assert [tuple(row) for row in recorded] == [("frontdoor_disposer", "retention ended")] * 2


async def test_a_disposal_on_record_hides_no_other_change_of_the_row(store: Store, database: Database) -> None:
    await append(store, some(*range(4)))
    await database.fetch("SELECT audit.dispose($1, 'retention ended')", ADA)
    await database.fetch(changed("at = NULL").format(p=PLACE.partition))
    assert await findings(database) == ["altered stream.1 referrals.received 3 2"]


def frontdoor(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"FRONTDOOR_AUDITOR_DSN": database.dsn("frontdoor_auditor")}
    command = [sys.executable, "-m", "services.frontdoor", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


async def test_the_command_prints_the_finding_and_tells_by_its_exit_code(
    store: Store, database: Database, tmp_path: Path
) -> None:
    await append(store, some(*range(4)))
    heads = tmp_path / "heads.json"
    heads.write_bytes(heads_record(STREAM, await store.heads(STREAM), NOW).value or b"")
    clean = frontdoor(database, "audit", "verify", "--heads", str(heads))
    assert (clean.returncode, clean.stdout.splitlines()[0]) == (0, "verified 4 rows in 1 chains: all stand")
    await database.fetch(deleted("= 1").format(p=PLACE.partition))
    found = frontdoor(database, "audit", "verify")
    assert (found.returncode, found.stdout.splitlines()[0]) == (1, "missing stream.1 referrals.received 3 1")
    told = json.loads(frontdoor(database, "audit", "verify", "--json").stdout)["findings"]
    assert [(each["finding"], each["topic"], each["offset"]) for each in told] == [("missing", PLACE.topic, 1)]
    assert frontdoor(database, "audit", "verify", "--heads", str(tmp_path / "none.json")).returncode == 2


def test_the_heads_event_is_one_event_of_the_stream_at_a_moment() -> None:
    again, later = heads_record(STREAM, {}, NOW), heads_record(STREAM, {}, NOW + dt.timedelta(seconds=1))
    assert again == heads_record(STREAM, {}, NOW)
    assert dict(again.headers)["ce_type"] == AUDIT_HEADS.encode()
    assert dict(again.headers)["ce_id"] != dict(later.headers)["ce_id"]
