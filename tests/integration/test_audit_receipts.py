"""Audit vouches for the bytes of every receipt, which it never sees: by the digest that travelled with the event."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.audit.chain import Place
from services.audit.columns import entry
from services.audit.store import Store
from shared import events, topics
from shared.cloudevents import Envelope
from tests.builders import MONDAY_10AM, ARecord, an_id

if TYPE_CHECKING:
    from tests.stack import Database

SALT = b"salt"
REFERRAL = "INSERT INTO intake.referral VALUES ($1, 'gp', 'lambeth', true, now(), 1)"
RECEIPT = (
    "INSERT INTO intake.receipt (event_id, referral_id, sequence, kind, sender, synthetic, received_at, original, salt, "
    "digest, answer) VALUES ($1, $2, 1, 'received', 'gp', true, now(), $3, $4, $5, '')"
)


@pytest.fixture
async def audited(database: Database) -> Database:
    """Three receipts, each audited, the second of them twice."""
    place, entries = Place("stream.1", topics.RECEIVED, 0), []
    for offset, name in enumerate(("ada", "bea", "bea", "cal")):
        original = f"what {name}'s GP wrote".encode()
        digest = hashlib.sha256(SALT + original).hexdigest()
        if offset != 2:
            await database.fetch(REFERRAL, an_id(f"{name}'s referral"))
            await database.fetch(RECEIPT, an_id(name), an_id(f"{name}'s referral"), original, SALT, digest)
        headers = Envelope(an_id(name), "urn:test", events.RECEIVED, MONDAY_10AM, receipt_digest=digest).headers()
        entries.append(entry(ARecord(topics.RECEIVED, 0, offset, None, b"{}", headers)))
    async with asyncpg.create_pool(database.dsn("frontdoor_audit"), min_size=1, max_size=2) as pool:
        await Store(pool).append(place.stream, {place: entries}, MONDAY_10AM, {})
    return database


def verify(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"FRONTDOOR_AUDITOR_DSN": database.dsn("frontdoor_auditor")}
    command = [sys.executable, "-m", "services.frontdoor", "audit", "verify", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


async def test_receipts_that_are_as_they_were_audited_stand(audited: Database) -> None:
    done = verify(audited)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "verified 4 rows in 1 chains: all stand",
        "compared 4 audited digests with intake's receipts: all stand",
    ]


@pytest.mark.parametrize("column", ["original = 'something else'", "digest = repeat('0', 64)"])
async def test_a_receipt_that_was_altered_is_named_by_where_its_digest_was_audited(
    audited: Database, column: str
) -> None:
    await audited.fetch(f"UPDATE intake.receipt SET {column} WHERE event_id = $1", an_id("cal"))
    done = verify(audited)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1] == "altered stream.1 referrals.received 0 3"
    assert str(an_id("cal")) in done.stderr
    document = json.loads(verify(audited, "--json").stdout)
    assert document["findings"] == []
    assert document["receipts"]["finding"]["finding"] == "altered"
    assert document["receipts"]["not_as_audited"] == 1


async def test_a_receipt_that_is_gone_is_missing(audited: Database) -> None:
    await audited.fetch("DELETE FROM intake.receipt WHERE event_id = $1", an_id("bea"))
    done = verify(audited)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [
        "missing stream.1 referrals.received 0 1",
        "compared 4 audited digests with intake's receipts: 2 not as audited",
    ]


async def test_of_a_receipt_that_was_disposed_of_the_digest_stands(audited: Database) -> None:
    await audited.fetch("UPDATE intake.receipt SET original = NULL, salt = NULL WHERE event_id = $1", an_id("ada"))
    done = verify(audited)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "disposed, digest stands: 1 receipt"
    await audited.fetch("UPDATE intake.receipt SET digest = '' WHERE event_id = $1", an_id("ada"))
    assert verify(audited).stdout.splitlines()[1] == "altered stream.1 referrals.received 0 0"
