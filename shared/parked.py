"""What a dead letter says of the record that it parks, and by which id that is known."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.cloudevents import header, pack
from shared.events import DEAD_LETTER_WORKED, NAMESPACE, derived_id

if TYPE_CHECKING:
    from uuid import UUID

    from shared.cloudevents import Headers
    from shared.operations import Step

PARKED: Final = "frontdoor.record.parked.v1"
NOTE: Final = "dlq-"  # how the headers begin that parking adds


def parked_id(topic: str, partition: int, offset: int, generation: int = 1) -> UUID:
    """The id of a parked record, and of the cause that it is at triage: derived from the place that it was read from.

    Nothing in the record can be trusted. A topic made anew counts its offsets from 0 again: its generation keeps the
    places apart. A dead letter that was written twice is one; of a topic only one group parks.
    """
    place = f"{topic}/{partition}/{offset}"
    return derived_id(NAMESPACE, PARKED, place if generation == 1 else f"{place}/{generation}")


def digest_of(key: bytes | None, value: bytes | None, headers: Headers) -> bytes:
    """SHA-256 of all that a record is, wherever it lies; each part told from the others, and empty from absent."""
    return sha256(pack((("key", key), ("value", value), *headers))).digest()


def step_id(letter: UUID, step: Step) -> UUID:
    """The id of the event that audit keeps of a step: taken twice it is one."""
    return derived_id(letter, DEAD_LETTER_WORKED, step)


class Letter(NamedTuple):
    """A dead letter by its headers: where the record was read, by whom, and why it cannot be worked."""

    id: UUID
    group: str
    code: str
    message: str
    topic: str
    partition: int
    offset: int
    failed_at: dt.datetime
    version: str


def letter_of(headers: Headers, stream: str) -> Letter | None:
    """The dead letter that these headers are of, in that audit stream; None where parking did not write them."""
    said = {name: header(headers, NOTE + name) or "" for name in _NAMES}
    try:
        partition, offset = int(said["original-partition"]), int(said["original-offset"])
        failed_at = dt.datetime.fromisoformat(said["first-failed-at"])
    except ValueError:
        return None
    if failed_at.tzinfo is None:
        return None
    place = (said["original-topic"], partition, offset)
    return Letter(
        parked_id(*place, generation_of(stream)),
        said["original-group"],
        said["error-code"],
        said["error-message"],
        *place,
        failed_at,
        said["service-version"],
    )


def without_notes(headers: Headers) -> Headers:
    """The headers of the record as it was parked."""
    return tuple((name, value) for name, value in headers if not name.startswith(NOTE))


def generation_of(stream: str) -> int:
    """The topic generation that an audit stream ends with (`shared.topics.stream_name`)."""
    last = stream.rpartition(".")[2]
    return int(last) if last.isascii() and last.isdigit() else 1


_NAMES: Final = (
    *(f"original-{part}" for part in ("topic", "partition", "offset", "group")),
    *("error-code", "error-message", "first-failed-at", "service-version"),
)
