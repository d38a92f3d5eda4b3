"""Triage decides nothing on a database that lacks what triage published: it would decide otherwise, and nobody would know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.triage.document import decision_id
from services.triage.store import SQL
from shared.behind import behind, newest_records
from shared.cloudevents import Unreadable, from_json
from shared.events import Decision
from shared.topics import ROUTED

if TYPE_CHECKING:
    from shared.postgres import Connection
    from shared.settings import ServiceSettings


async def demand_whole(settings: ServiceSettings, connection: Connection) -> None:
    """`Bug` where the newest decision of a partition is one that this database does not know."""
    records = await newest_records(settings, ROUTED.values())
    newest = {decision.cause_id: record.topic for record in records if (decision := _decision(record))}
    known = {row["cause_id"] for row in await connection.fetch(SQL.decided, list(newest))}
    for cause in newest.keys() - known:
        raise behind(newest[cause], cause)


def _decision(record: Any) -> Decision | None:
    """The decision in a record, where it is one of triage's own: its id is the one that triage derives."""
    try:
        decision = from_json(Decision, record.value or b"")
    except Unreadable:
        return None
    return decision if decision.decision_id == decision_id(decision.cause_id) else None
