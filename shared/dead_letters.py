"""Dead letters: a record that can never work, parked byte for byte with where, why and when in its headers."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from shared.kafka import Record
from shared.topics import dead_letters

if TYPE_CHECKING:
    import datetime as dt

    from shared.errors import Poison


def dead_letter(record: Any, poison: Poison, group: str, now: dt.datetime, stage: str = "read") -> Record:
    """The dead letter of a record: key, value and headers as they were, and the `dlq-*` headers (UTF-8).

    It goes to the partition number that the record came from, so an order is kept among dead letters too.
    """
    notes = {
        "dlq-original-topic": record.topic,
        "dlq-original-partition": record.partition,
        "dlq-original-offset": record.offset,
        "dlq-original-timestamp": record.timestamp,
        "dlq-original-group": group,
        "dlq-error-code": poison.code,
        "dlq-error-message": poison.detail,
        "dlq-stage": stage,
        "dlq-attempts": 1,
        "dlq-first-failed-at": now.isoformat(),
        "dlq-service-version": version("frontdoor"),
    }
    headers = (*record.headers, *((name, str(value).encode()) for name, value in notes.items()))
    return Record(dead_letters(record.topic, group), record.partition, record.key, record.value, headers)
