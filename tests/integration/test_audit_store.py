"""The audit tables on a real PostgreSQL: only the next row of a chain is ever accepted, and any record can be one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from aiokafka import TopicPartition

from services.audit.chain import Gap
from services.audit.columns import entry
from services.audit.handlers import Handler
from services.audit.store import Store
from shared.errors import Bug, Usage
from tests.builders import ARecord
from tests.chains import PLACE, STREAM, a_record, append, findings, looked_over, some

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stack import Database


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    async with asyncpg.create_pool(database.dsn("frontdoor_audit"), min_size=1, max_size=4) as pool:
        yield Store(pool)


async def offsets(database: Database) -> list[int]:
    return [row["offset"] for row in await database.fetch('SELECT "offset" FROM audit.record ORDER BY "offset"')]


async def test_what_was_appended_in_batches_stands(store: Store, database: Database) -> None:
    await append(store, some(0, 1, 2))
    await append(store, some(2, 3))
    seen = await looked_over(database)
    assert (seen.chains, seen.rows, seen.findings) == (1, 4, [])
    assert await offsets(database) == [0, 1, 2, 3]
    assert (await store.heads(STREAM))[PLACE].offset == 3


async def test_another_record_at_a_stored_offset_stops_audit_and_writes_nothing(
    store: Store, database: Database
) -> None:
    await append(store, some(0, 1))
    with pytest.raises(Bug, match=r"stream\.1 referrals\.received 3 1"):
        await append(store, [entry(a_record(1, b"other")), *some(2)])
    assert await offsets(database) == [0, 1]


async def test_a_hole_that_kafka_does_not_explain_writes_nothing(store: Store, database: Database) -> None:
    await append(store, some(0))
    with pytest.raises(Gap):
        await append(store, some(1, 3))
    assert await offsets(database) == [0]


async def test_what_kafka_no_longer_has_is_one_row_of_the_chain_and_no_row_of_the_account(
    store: Store, database: Database
) -> None:
    await append(store, some(0))
    await append(store, some(5, 6), log_start=5)
    gaps = await database.fetch('SELECT "offset", gap_to FROM audit.record WHERE gap_to IS NOT NULL')
    assert [tuple(row) for row in gaps] == [(1, 4)]
    assert [row[0] for row in await database.fetch('SELECT "offset" FROM audit.accounting ORDER BY 1')] == [0, 5, 6]
    assert await findings(database) == []
    await append(store, [], log_start=9)
    assert (await store.heads(STREAM))[PLACE].offset == 8


class Broker:
    """A consumer's view of one partition: the first offset that Kafka still has, and the next one it will give."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end, self.sought = start, end, -1

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, self.start)

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, self.end)

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.sought = offset


async def a_stream() -> str:
    return STREAM


async def test_records_that_retention_took_while_audit_lagged_become_a_gap_row_and_other_holes_stop_it(
    store: Store, database: Database
) -> None:
    broker, place = Broker(0, 3), TopicPartition(PLACE.topic, PLACE.partition)
    handle = Handler(store, a_stream)
    await handle.assigned(broker, [place])
    await handle({place: [a_record(0), a_record(1)]})
    broker.start, broker.end = 5, 9
    await handle({place: [a_record(5), a_record(6)]})
    gaps = await database.fetch('SELECT "offset", gap_to FROM audit.record WHERE gap_to IS NOT NULL')
    assert [tuple(row) for row in gaps] == [(2, 4)]
    with pytest.raises(Bug, match="expected offset 7, found 8"):
        await handle({place: [a_record(8)]})
    await handle.assigned(broker, [place])
    assert broker.sought == 7
    broker.end = 6
    with pytest.raises(Usage, match="raise FRONTDOOR_TOPIC_GENERATION"):
        await handle.assigned(broker, [place])


async def test_two_instances_with_the_same_records_make_one_chain(store: Store, database: Database) -> None:
    batches = [some(*range(start, start + 10)) for start in range(0, 50, 5)]

    async def work() -> None:
        for batch in batches:
            await append(store, batch)

    await asyncio.gather(work(), work(), work())
    assert await offsets(database) == list(range(55))
    assert await findings(database) == []


ODD_HEADERS = [
    (),
    (("ce_type", b"a\0b"), ("ce_id", b"?"), ("", b""), ("ce_time", b"9999-12-31T23:59:59+00:00")),
    (("ce_type", b"\xff\xfe"), ("a\0b", None), ("ce_sequence", b"99999999999999999999"), ("ce_subject", None)),
    (("ce_time", b"1900-01-01T00:00:00.000001-12:00"), ("ce_acceptedtime", b"2999-12-31T23:59:59.999999+00:00")),
]


async def test_whatever_a_record_holds_comes_back_as_it_was(store: Store, database: Database) -> None:
    odd: list[Any] = [
        ARecord(offset=offset, key=key, value=value, headers=headers, timestamp=time)
        for offset, (key, value, headers, time) in enumerate(
            zip(
                [None, b"", b"\0\xff", b"k"],
                [None, b"", b"\0\xff{", b"v" * 70_000],
                ODD_HEADERS,
                [-1, 0, 1, 2**53],
                strict=True,
            )
        )
    ]
    await append(store, [entry(record) for record in odd])
    assert await findings(database) == []
    stored = await database.fetch('SELECT key, value FROM audit.record ORDER BY "offset"')
    assert [tuple(row) for row in stored] == [(record.key, record.value) for record in odd]
