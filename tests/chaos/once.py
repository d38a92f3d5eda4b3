"""What must hold after any fault, looked up in Kafka and PostgreSQL themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from shared import topics
from shared.cloudevents import header
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack


async def everything_is_once(stack: Stack, seconds: float = 60) -> None:
    """One receipt and one decision a referral; every copy of an event identical; an audit row a record, no gap."""

    async def published() -> bool:
        return not await stack.fetch("SELECT FROM triage.output WHERE published_at IS NULL")

    await eventually(published, seconds)
    assert not await stack.fetch("SELECT referral_id FROM intake.receipt GROUP BY referral_id HAVING count(*) <> 1")
    assert not await stack.fetch("SELECT referral_id FROM triage.decision GROUP BY referral_id HAVING count(*) <> 1")
    receipts = await stack.fetch("SELECT referral_id FROM intake.receipt")
    assert {tuple(row) for row in receipts} == {
        tuple(row) for row in await stack.fetch("SELECT referral_id FROM triage.decision")
    }
    records = await stack.records(topics.RECEIVED, *topics.ROUTED.values())
    copies: dict[str, set[Any]] = {}
    for record in records:
        copies.setdefault(str(header(record.headers, "ce_id")), set()).add(
            (record.key, record.value, tuple(record.headers))
        )
    assert all(len(same) == 1 for same in copies.values())
    assert len(copies) == 2 * len(receipts)

    async def audited() -> bool:
        """Counted anew each time: a repeat may still be on its way."""
        places = Counter((r.topic, r.partition) for r in await stack.records(topics.RECEIVED, *topics.ROUTED.values()))
        rows = await stack.fetch(
            'SELECT topic, partition, count(*) AS n, max("offset") + 1 AS ends FROM audit.record GROUP BY 1, 2'
        )
        found = {(row["topic"], row["partition"]): (row["n"], row["ends"]) for row in rows}
        return all(found.get(place) == (count, count) for place, count in places.items())

    await eventually(audited, seconds)
