"""Nothing is published from a database that lacks what intake published: it gives ids again that were given already.

Intake does not read back what it published, but what was decided on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.store import SQL
from shared.behind import behind, newest_records
from shared.cloudevents import Unreadable, from_json, header
from shared.events import Decision, derived_id
from shared.topics import RECEIVED, ROUTED

if TYPE_CHECKING:
    from uuid import UUID

    from shared.postgres import Connection
    from shared.settings import ServiceSettings


async def demand_whole(settings: ServiceSettings, connection: Connection) -> None:
    """`Bug` where the newest decision of a partition is on an event of intake of which this database has no receipt.

    A receipt of another content under the same id is none of it: it was taken since, at the place of one that was lost.
    """
    newest = dict(cause for record in await newest_records(settings, ROUTED.values()) if (cause := _cause(record)))
    known = await connection.fetch(SQL.receipts_known, [*newest], [*newest.values()], timeout=10)
    for event_id in newest.keys() - {row["event_id"] for row in known}:
        raise behind(RECEIVED, event_id)


def _cause(record: Any) -> tuple[UUID, str | None] | None:
    """The event of intake that a decision is on, and its receipt's digest: its id is derived from its referral, type and place."""
    try:
        decision = from_json(Decision, record.value or b"")
    except Unreadable:
        return None
    if decision.referral_id is None or decision.cause_sequence is None:
        return None
    derived = derived_id(decision.referral_id, decision.cause_type, str(decision.cause_sequence))
    return (derived, header(record.headers, "ce_receiptdigest")) if decision.cause_id == derived else None
