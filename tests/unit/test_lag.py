"""Lag is measured apart from commits: it rises while the handler waits, and what is unknown is not shown as zero."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from aiokafka.errors import KafkaConnectionError
from prometheus_client import REGISTRY

from shared import consumer as consuming
from shared import lag as module
from shared.errors import Transient
from shared.lag import Lag
from tests.builders import ARecord
from tests.scripted import P0, P1, Client, Loop, records
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiokafka.structs import TopicPartition

NOON = 1_795_435_200.0


def shown(unit: str, tp: TopicPartition = P0, group: str = "triage") -> float | None:
    labels = {"group": group, "topic": tp.topic, "partition": str(tp.partition)}
    return REGISTRY.get_sample_value(f"frontdoor_lag_{unit}", labels)


@pytest.fixture
async def client() -> Client:
    return Client()


@pytest.fixture
async def lag() -> AsyncIterator[Lag]:
    fresh = Lag("triage")
    fresh.assigned([P0, P1])
    yield fresh
    fresh.forget([P0, P1])


async def test_lag_is_what_lies_between_the_committed_offset_and_the_end(client: Client, lag: Lag) -> None:
    client.stored, client.ends = {P0: 4}, {P0: 10}
    await lag.measure(client, NOON)
    assert shown("records") == 6
    lag.committed({P0: 10})
    await lag.measure(client, NOON + 5)
    assert (shown("records"), shown("seconds")) == (0, 0)


async def test_what_was_never_committed_is_unknown_and_not_zero(client: Client, lag: Lag) -> None:
    client.stored, client.ends = {P0: 4}, {P0: 4, P1: 9}
    await lag.measure(client, NOON)
    assert (shown("records"), shown("records", P1), shown("seconds", P1)) == (0, None, None)
    lag.committed({P1: 2})
    await lag.measure(client, NOON)
    assert shown("records", P1) == 7


async def test_what_is_committed_while_the_ends_are_asked_for_makes_no_lag_negative(client: Client, lag: Lag) -> None:
    client.stored, client.ends = {P0: 4}, {P0: 5}
    client.asked = lambda: lag.committed({P0: 8})
    await lag.measure(client, NOON)
    assert shown("records") == 1
    await lag.measure(client, NOON)
    assert shown("records") == 0


async def test_the_oldest_record_in_flight_says_how_old_what_waits_is(client: Client, lag: Lag) -> None:
    client.stored, client.ends = {P0: 0}, {P0: 3}
    lag.begun(
        {P0: [ARecord(offset=0, timestamp=int((NOON - 60) * 1000)), ARecord(offset=1, timestamp=int(NOON * 1000))]}
    )
    await lag.measure(client, NOON)
    assert shown("seconds") == 60
    await lag.measure(client, NOON + 3600)
    assert shown("seconds") == 3660


async def test_what_is_not_in_flight_is_as_old_as_it_was_seen_to_wait(client: Client, lag: Lag) -> None:
    client.stored, client.ends = {P0: 0}, {P0: 3}
    await lag.measure(client, NOON)
    await lag.measure(client, NOON + 30)
    assert shown("seconds") == 30
    lag.committed({P0: 1})
    await lag.measure(client, NOON + 35)
    assert (shown("records"), shown("seconds")) == (2, 0)


async def test_a_partition_that_is_somebody_elses_shows_no_lag_here(client: Client, lag: Lag) -> None:
    client.stored, client.ends = {P0: 0}, {P0: 3}
    client.asked = lambda: lag.forget([P0])
    await lag.measure(client, NOON)
    assert (shown("records"), shown("seconds")) == (None, None)


async def test_between_a_revoke_and_the_next_assignment_no_partition_counts_though_the_client_still_names_it(
    client: Client, lag: Lag
) -> None:
    client.stored, client.ends, client.mine = {P0: 0}, {P0: 3}, {P0}
    lag.forget([P0])
    await lag.measure(client, NOON)
    lag.assigned([P1])
    await lag.measure(client, NOON)
    assert shown("records") is None


async def test_a_committed_offset_that_was_asked_for_before_a_rebalance_is_not_taken_for_the_newest(lag: Lag) -> None:
    class Rebalancing(Client):
        async def committed(self, partition: TopicPartition) -> int | None:
            found, self.stored = await super().committed(partition), {P0: 3}
            if found == 0:
                lag.forget([P0])
                lag.assigned([P0])
            return found

    client = Rebalancing()
    client.stored, client.ends = {P0: 0}, {P0: 3}
    await lag.measure(client, NOON)
    await lag.measure(client, NOON)
    assert shown("records") == 0


async def test_lag_goes_on_rising_while_the_handler_waits_and_while_kafka_is_away(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def topics_are_there(_: object) -> None:
        """Nothing to look at here."""

    def away() -> None:
        raise KafkaConnectionError

    monkeypatch.setattr(consuming, "AIOKafkaConsumer", client)
    monkeypatch.setattr(consuming, "check_topics", topics_are_there)
    monkeypatch.setattr(consuming, "backoff", lambda _: 0.01)
    monkeypatch.setattr(module, "EVERY", 0.02)
    client.stored, client.ends = {P0: 0}, {P0: 3}
    loop = Loop(client).start()
    loop.trouble = [Transient("postgres-away", "OSError")] * 10_000
    batch = records(0, 2)
    batch[P0][0] = ARecord(offset=0, timestamp=int((time.time() - 60) * 1000))
    client.polls.put_nowait(batch)
    await eventually(lambda: shown("records") == 3 and (shown("seconds") or 0) >= 60)
    client.ends[P0] = 8
    await eventually(lambda: shown("records") == 8)
    client.asked = away
    before = shown("seconds") or 0
    await eventually(lambda: (shown("seconds") or 0) > before)
    loop.trouble.clear()
    client.asked = lambda: None
    client.ends[P0] = 3
    await eventually(lambda: (shown("records"), shown("seconds")) == (0, 0))
    await client.listener.on_partitions_revoked({P0})
    assert shown("records") is None
    await loop.ended()
