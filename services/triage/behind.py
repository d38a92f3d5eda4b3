"""Triage decides nothing on a database that lacks what triage published: it would decide otherwise, and nobody would know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.triage.document import decision_id
from shared.behind import behind, newest_records
from shared.cloudevents import Unreadable, from_json
from shared.events import Decision
from shared.topics import ROUTED

if TYPE_CHECKING:
    from services.triage.store import Store
    from shared.consumer import Batch, Handle, Stops
    from shared.settings import ServiceSettings


def only_if_whole(settings: ServiceSettings, store: Store, handle: Handle) -> Handle:
    """`handle`, once it was seen that the database knows the newest decision of each partition; else `Bug`."""
    seen = False

    async def handled(batch: Batch) -> Stops | None:
        nonlocal seen
        if not seen:
            await _demand_whole(settings, store)
            seen = True
        return await handle(batch)

    return handled


async def _demand_whole(settings: ServiceSettings, store: Store) -> None:
    records = await newest_records(settings, ROUTED.values())
    newest = {decision.cause_id: record.topic for record in records if (decision := _decision(record))}
    for cause in newest.keys() - await store.known(newest):
        raise behind(newest[cause], cause)


def _decision(record: Any) -> Decision | None:
    """The decision in a record, where it is one of triage's own: its id is the one that triage derives."""
    try:
        decision = from_json(Decision, record.value or b"")
    except Unreadable:
        return None
    return decision if decision.decision_id == decision_id(decision.cause_id) else None
