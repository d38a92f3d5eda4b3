"""Nothing is published from a database that lacks what intake published: it gives ids again that were given already.

Intake does not read back what it published, but what was decided on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.store import SQL
from shared.behind import behind, newest_records
from shared.cloudevents import Unreadable, from_json
from shared.events import Decision, derived_id
from shared.topics import RECEIVED, ROUTED

if TYPE_CHECKING:
    from uuid import UUID

    from shared.postgres import Connection
    from shared.settings import ServiceSettings


async def demand_whole(settings: ServiceSettings, connection: Connection) -> None:
    """`Bug` where the newest decision of a partition is on an event of intake of which this database has no receipt."""
    newest = {event_id for record in await newest_records(settings, ROUTED.values()) if (event_id := _cause(record))}
    known = {row["event_id"] for row in await connection.fetch(SQL.receipts_known, list(newest), timeout=10)}
    for event_id in newest - known:
        raise behind(RECEIVED, event_id)


def _cause(record: Any) -> UUID | None:
    """The event of intake that a decision is on: its id is derived from its referral, type and place."""
    try:
        decision = from_json(Decision, record.value or b"")
    except Unreadable:
        return None
    if decision.referral_id is None or decision.cause_sequence is None:
        return None
    derived = derived_id(decision.referral_id, decision.cause_type, str(decision.cause_sequence))
    return decision.cause_id if decision.cause_id == derived else None
