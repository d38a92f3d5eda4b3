"""Audit vouches for the bytes of every receipt, which it never sees: by the digest that travelled with the event."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from services.audit.chain import Place
from services.audit.columns import entry
from services.audit.store import Store
from shared import events, topics
from shared.cloudevents import Envelope, to_json
from shared.operations import DeadLetterWorked
from tests.builders import MONDAY_10AM, ARecord, an_id

if TYPE_CHECKING:
    from uuid import UUID

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


async def edited(database: Database, *edits: tuple[str, str | None], steps: bool = True, of: str = "cal") -> None:
    """Audits edited records, each a name and that of the event it came from (None: of one without an id), and their steps."""
    received, operations = [], []
    digest = hashlib.sha256(SALT + f"what {of}'s GP wrote".encode()).hexdigest()
    for offset, (name, cause) in enumerate(edits):
        letter = an_id(f"the dead letter behind {name}")
        envelope = Envelope(
            an_id(name),
            "urn:frontdoor:operator",
            events.RECEIVED,
            MONDAY_10AM,
            subject=str(an_id(f"{of}'s referral")),
            causation_id=an_id(cause) if cause else letter,
            receipt_digest=digest,
        )
        received.append(entry(ARecord(topics.RECEIVED, 1, offset, None, b"{}", envelope.headers())))
        step = to_json(a_step(letter, an_id(cause) if cause else None, an_id(name)))
        told = Envelope(an_id(f"step {name}"), "urn:frontdoor:operator", events.DEAD_LETTER_WORKED, MONDAY_10AM)
        operations.append(entry(ARecord(topics.OPERATIONS, 0, offset, None, step, told.headers())))
    places: dict[Place, Any] = {Place("stream.1", topics.RECEIVED, 1): received}
    if steps:
        places[Place("stream.1", topics.OPERATIONS, 0)] = operations
    async with asyncpg.create_pool(database.dsn("frontdoor_audit"), min_size=1, max_size=2) as pool:
        await Store(pool).append("stream.1", places, MONDAY_10AM, {})


def a_step(letter: UUID, event_id: UUID | None, sent_as: UUID) -> DeadLetterWorked:
    """What audit keeps of an edit."""
    return DeadLetterWorked(
        entry=letter,
        step="edited",
        by="Sam Operator",
        why="a date was written as a number",
        at=MONDAY_10AM,
        group=topics.TRIAGE_GROUP,
        code="unreadable",
        topic=topics.RECEIVED,
        partition=0,
        offset=3,
        event_id=event_id,
        sent_as=sent_as,
    )


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


EDITS = [
    [("mended", "cal")],
    [("mended", "cal"), ("mended again", "mended")],
    [("of one without an id", None)],
]


@pytest.mark.parametrize("edits", EDITS)
async def test_an_edited_record_is_held_against_the_receipt_of_what_was_edited(
    audited: Database, edits: list[tuple[str, str | None]]
) -> None:
    await edited(audited, *edits)
    done = verify(audited)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout.splitlines()[-1] == f"compared {4 + len(edits)} audited digests with intake's receipts: all stand"
    )


@pytest.mark.parametrize("edits", EDITS)
async def test_an_altered_receipt_is_found_whatever_was_edited(
    audited: Database, edits: list[tuple[str, str | None]]
) -> None:
    await edited(audited, *edits)
    await audited.fetch("UPDATE intake.receipt SET original = 'something else' WHERE event_id = $1", an_id("cal"))
    done = verify(audited)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [
        "altered stream.1 referrals.received 0 3",
        f"compared {4 + len(edits)} audited digests with intake's receipts: {1 + len(edits)} not as audited",
    ]


async def test_a_record_that_says_it_is_an_edit_is_missing_where_audit_has_no_step_of_a_person(
    audited: Database,
) -> None:
    await edited(audited, ("forged", "cal"), steps=False)
    done = verify(audited)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1] == "missing stream.1 referrals.received 1 0"


async def test_an_edit_of_a_receipt_with_another_digest_is_altered(audited: Database) -> None:
    await edited(audited, ("forged", "cal"), of="ada")
    assert verify(audited).stdout.splitlines()[1] == "altered stream.1 referrals.received 1 0"


async def test_what_is_missing_hides_nothing_that_is_altered(audited: Database) -> None:
    await edited(audited, ("forged", "cal"), steps=False)
    await audited.fetch("UPDATE intake.receipt SET original = 'something else' WHERE event_id = $1", an_id("ada"))
    done = verify(audited)
    assert sorted(done.stdout.splitlines()[1:3]) == [
        "altered stream.1 referrals.received 0 0",
        "missing stream.1 referrals.received 1 0",
    ]
    found = json.loads(verify(audited, "--json").stdout)["receipts"]["findings"]
    assert {each["finding"] for each in found} == {"altered", "missing"}
