"""Chains of a few made-up records in a real database, and what a verification finds in them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from services.audit import store as audit_store
from services.audit.chain import Place
from services.audit.columns import entry
from services.audit.verify import Verified, verify
from shared.cloudevents import Envelope
from tests.builders import ARecord, an_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.audit.chain import Entry
    from services.audit.store import Store
    from shared.operations import AuditHeads
    from tests.stack import Database

STREAM: Final = "stream.1"
PLACE: Final = Place(STREAM, "referrals.received", 3)
NOW: Final = dt.datetime(2026, 11, 23, 10, 2, 11, 123456, tzinfo=dt.UTC)
ADA: Final = an_id("ada")


def a_record(offset: int, value: bytes | None = None, referral: UUID = ADA) -> ARecord:
    envelope = Envelope(an_id(f"event {offset}"), "urn:test", "frontdoor.referral.received.v1", NOW, str(referral))
    key = str(referral).encode()
    return ARecord(offset=offset, key=key, value=value or b"value %d" % offset, headers=envelope.headers(), timestamp=7)


def some(*offsets: int) -> list[Entry]:
    return [entry(a_record(offset)) for offset in offsets]


async def append(store: Store, entries: Sequence[Entry], place: Place = PLACE, log_start: int = 0) -> None:
    await store.append(STREAM, {place: entries}, NOW, {place: log_start})


async def looked_over(database: Database, *kept: AuditHeads) -> Verified:
    connection = await audit_store.connect(database.dsn("frontdoor_auditor"))
    try:
        return await verify(connection, kept, lambda _: None)
    finally:
        await connection.close()


async def findings(database: Database, *kept: AuditHeads) -> list[str]:
    return [str(finding) for finding in (await looked_over(database, *kept)).findings]
