"""The group `intake-status`: what triage decided, as far as senders and teams may know it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from shared.dead_letters import dead_letter
from shared.errors import Poison
from shared.events import Decision
from shared.log import get_logger
from shared.topics import STATUS_GROUP

if TYPE_CHECKING:
    from services.intake.store import Store
    from shared.consumer import Batch
    from shared.kafka import Publisher


class StatusHandler:
    """Handles the batches of the routed topics."""

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self._store, self._publisher = store, publisher

    async def __call__(self, batch: Batch) -> None:
        """Returns when every decision is noted and every record that can never work is parked."""
        decisions, letters = [], []
        for record in (record for records in batch.values() for record in records):
            try:
                decisions.append(decision_in(record))
            except Poison as poison:
                letters.append(dead_letter(record, poison, STATUS_GROUP, dt.datetime.now(dt.UTC)))
                get_logger().error(
                    "record parked",
                    code=poison.code,
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                )
        await self._publisher.publish(letters)
        await self._store.note_decisions(decisions)


def decision_in(record: Any) -> Decision:
    """The decision in a record of a routed topic; `Poison` where there is none."""
    try:
        return Decision.model_validate_json(record.value or b"")
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in fault["loc"][:1]) for fault in error.errors()})
        raise Poison("not-a-decision", f"fields: {', '.join(places) or 'none'}") from None
