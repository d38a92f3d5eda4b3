"""Publishes the heads of the chains on a timer, so that a copy of them lives outside this database.

Not per record: the heads land in an audited topic too. One instance publishes: the one that reads that topic.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Final
from uuid import uuid5

from prometheus_client import Counter

from services.audit.heads import signed
from shared.cloudevents import Envelope, to_json
from shared.errors import Transient
from shared.events import AUDIT_HEADS, NAMESPACE, derived_id
from shared.kafka import Publisher, Record
from shared.log import get_logger
from shared.operations import AuditHead, AuditHeads
from shared.topics import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from services.audit.chain import Head, Place
    from services.audit.handlers import Handler
    from services.audit.store import Store

SOURCE: Final = "urn:frontdoor:audit"
PUBLISHED: Final = Counter("frontdoor_audit_heads_published", "Times that the heads of the chains were published")


class Announcer:
    """Publishes heads that moved since the last time, signed where there is a key."""

    def __init__(
        self, handler: Handler, store: Store, publisher: Publisher, seconds: float, key: Ed25519PrivateKey | None = None
    ) -> None:
        self._handler, self._store, self._publisher, self._seconds = handler, store, publisher, seconds
        self._key = key
        self._last: dict[Place, Head] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Publishes every so many seconds until `stop`."""
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), self._seconds)
            except TimeoutError:
                await self._publish()

    async def _publish(self) -> None:
        if not any(partition.topic == OPERATIONS for partition in self._handler.placed):
            return
        try:
            heads = await self._store.heads(self._handler.stream)
            moved = {place: head for place, head in heads.items() if place.topic != OPERATIONS}
            if moved != self._last:
                record = heads_record(self._handler.stream, heads, dt.datetime.now(dt.UTC), self._key)
                await self._publisher.publish([record])
                self._last = moved
                PUBLISHED.inc()
        except Transient as error:
            get_logger().warning("waiting", step="heads", code=error.code)


def heads_record(
    stream: str, heads: Mapping[Place, Head], now: dt.datetime, key: Ed25519PrivateKey | None = None
) -> Record:
    """The event that tells every head of a stream at one moment."""
    told = tuple(
        AuditHead(**place._asdict(), offset=head.offset, hash=head.hash.hex()) for place, head in heads.items()
    )
    event_id = derived_id(uuid5(NAMESPACE, stream), AUDIT_HEADS, now.isoformat())
    headers = Envelope(id=event_id, source=SOURCE, type=AUDIT_HEADS, time=now).headers()
    event = AuditHeads(at=now, heads=told)
    return Record(OPERATIONS, 0, stream.encode(), to_json(signed(event, key) if key else event), headers)
