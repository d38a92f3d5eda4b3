"""Whether a database is older than what Kafka holds: it came back from a copy, and nobody may work on it as it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import Bug
from shared.kafka import REFUSALS, away, client_options, log_bounds
from shared.kafka_admin import partitions_of
from shared.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from uuid import UUID

    from shared.postgres import Connection
    from shared.settings import ServiceSettings

READING: Final = 10.0  # seconds for the newest records of all partitions
# What no database has in common with an older one that takes its place: one that was recovered to a moment, or stood by
# and lagged, has a server that started later; one made from a copy, or a copy put into it, other objects.
RUNS: Final = """
SELECT pg_postmaster_start_time(), (SELECT oid FROM pg_database WHERE datname = current_database()), to_regclass($1)::oid
"""


class OnlyIfWhole:
    """Looks, before work in a session, at whether its database lacks what Kafka holds; again once it is another database.

    A service waits out a restore under the same address as it waits out a restart, and finds an older database there.
    """

    def __init__(self, table: str, look: Callable[[Connection], Awaitable[None]]) -> None:
        self._table, self._look = table, look
        self.seen: tuple[Any, ...] | None = None

    async def __call__(self, connection: Connection) -> None:
        """Raises what `look` does: `Bug` where the database is behind, `Transient` where Kafka does not say."""
        runs = tuple(await connection.fetchrow(RUNS, self._table) or ())
        if runs != self.seen:
            await self._look(connection)
            self.seen = runs


async def newest_records(settings: ServiceSettings, names: Collection[str]) -> list[Any]:
    """The last record of each partition of these topics; `Transient` where Kafka is away or does not give them.

    Nothing where it refuses: whoever may not read its own records (an older deploy/kafka/acls.sh) works all the same.
    """
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False)
    try:
        await consumer.start()
        places = [TopicPartition(n, p) for n in names for p in range(partitions_of(n, settings.partitions))]
        bounds = await log_bounds(consumer, places)
        wanted = {place: end - 1 for place, (start, end) in bounds.items() if start < end}
        consumer.assign([*wanted])
        for place, offset in wanted.items():
            consumer.seek(place, offset)
        found: list[Any] = []
        async with asyncio.timeout(READING):
            while len(found) < len(wanted):
                came = await consumer.getmany(timeout_ms=500)
                found += [r for place, records in came.items() for r in records if r.offset == wanted[place]]
    except REFUSALS as error:
        get_logger().warning(
            "not seen whether the database is behind", topics=sorted(names), error=type(error).__name__
        )
        return []
    except (KafkaError, OSError, TimeoutError) as error:
        raise away(error) from error
    finally:
        await consumer.stop()
    return found


def behind(topic: str, event_id: UUID) -> Bug:
    """What to say where Kafka's newest record is one that this database never wrote."""
    return Bug(
        "database-behind",
        f"{topic} holds event {event_id}, of which this database knows nothing: it came back from a copy. Stop the "
        "services and run `frontdoor refill` (deploy/runbooks/restoring-postgresql.md)",
    )
