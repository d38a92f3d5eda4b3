"""Dead letters: a record that can never work, parked byte for byte with where, why and when in its headers."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from aiokafka import TopicPartition
from prometheus_client import Counter

from shared.cloudevents import header
from shared.errors import FrontDoorError, Poison
from shared.kafka import Record
from shared.log import get_logger
from shared.topics import dead_letters
from shared.traceparent import well_formed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from shared.consumer import Stops
    from shared.kafka import Publisher

WITHIN: Final = (
    5.0  # seconds for a dead letter to be acknowledged; after that its partition stops, and the others go on
)

VERSION: Final = version("frontdoor")  # asked at the start: what does not know it must not fail at the first record

PARKED: Final = Counter("frontdoor_parked", "Records that can never work", ("group", "code"))


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
        "dlq-service-version": VERSION,
    }
    headers = (*record.headers, *((name, str(value).encode()) for name, value in notes.items()))
    return Record(dead_letters(record.topic, group), record.partition, record.key, record.value, headers)


class Unworkable(NamedTuple):
    """A record as it was consumed, and why it can never work."""

    record: Any
    poison: Poison

    @property
    def place(self) -> tuple[TopicPartition, int]:
        """Where it was read."""
        return TopicPartition(self.record.topic, self.record.partition), self.record.offset


class Parking:
    """Writes the dead letters of one group. A batch that is tried again writes none twice."""

    def __init__(self, publisher: Publisher, group: str, clock: Callable[[], dt.datetime]) -> None:
        self._publisher, self._group, self._clock = publisher, group, clock
        self._written: dict[tuple[TopicPartition, int], int | None] = {}

    async def park(
        self, unworkable: Sequence[Unworkable]
    ) -> tuple[Mapping[tuple[TopicPartition, int], int | None], Stops]:
        """Where each dead letter lies, by its record's place; and where partitions stop, since one cannot be written."""
        self._written = {each.place: self._written[each.place] for each in unworkable if each.place in self._written}
        groups: dict[TopicPartition, list[Unworkable]] = {}
        for each in unworkable:
            if each.place not in self._written:
                groups.setdefault(each.place[0], []).append(each)
        letters = [[dead_letter(*each, self._group, self._clock()) for each in found] for found in groups.values()]
        stops: Stops = {}
        for (partition, found), outcome in zip(
            groups.items(), await self._publisher.publish_apart(letters, WITHIN), strict=True
        ):
            if isinstance(outcome, FrontDoorError):
                stops[partition] = found[0].record.offset
                _note_stop(found[0], outcome, self._group)
            else:
                self._written |= {each.place: offset for each, offset in zip(found, outcome, strict=True)}
                for each in found:
                    _note_parked(each, self._group)
        return self._written, stops


def _note_parked(parked: Unworkable, group: str) -> None:
    record, poison = parked
    PARKED.labels(group, poison.code).inc()
    get_logger().error(
        "record parked",
        group=group,
        code=poison.code,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        referral_id=_referral_of(record),
        traceparent=well_formed(header(record.headers, "traceparent")),
    )


def _note_stop(stopped: Unworkable, error: FrontDoorError, group: str) -> None:
    record, why = stopped.record, "its dead letter cannot be written; the other partitions go on"
    place = (record.topic, record.partition, record.offset)
    get_logger().error(
        "partition stopped", group=group, code=error.code, topic=place[0], partition=place[1], offset=place[2], why=why
    )


def _referral_of(record: Any) -> str | None:
    """The referral id that a record's key is, if it is one."""
    try:
        return str(UUID((record.key or b"").decode()))
    except ValueError:
        return None
