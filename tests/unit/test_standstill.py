"""A partition of which a dead letter cannot be written stands still; what else a member has goes on."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from shared import consumer as module
from shared.standstill import Standstill
from tests.scripted import P0, P1, Client, Loop, records
from tests.waiting import eventually


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    async def topics_are_there(_: Any) -> None:
        """Nothing to look at here."""

    scripted = Client()
    monkeypatch.setattr(module, "AIOKafkaConsumer", scripted)
    monkeypatch.setattr(module, "check_topics", topics_are_there)
    return scripted


async def test_a_partition_that_stops_is_committed_up_to_there_and_the_others_go_on(client: Client) -> None:
    client.mine = {P0, P1}
    loop = Loop(client)
    handled: list[Any] = []

    async def stopping(batch: Any) -> Any:
        handled.append({tp.partition: [record.offset for record in got] for tp, got in batch.items()})
        return {P0: 5} if P0 in batch else None

    loop.handle = stopping
    loop.start()
    client.polls.put_nowait(records(4, 9) | records(20, 21, P1))
    client.polls.put_nowait(records(22, 22, P1))
    await eventually(lambda: {1: 23} in client.did)
    await loop.ended()
    assert client.did[:3] == [{0: 5, 1: 22}, ("pause", 0), ("seek", 0, 5)]
    assert handled == [{0: [4, 5, 6, 7, 8, 9], 1: [20, 21]}, {1: [22]}]


async def test_a_partition_that_stops_at_its_first_record_commits_nothing_of_it(client: Client) -> None:
    loop = Loop(client)

    async def stopping(_: Any) -> Any:
        return {P0: 4}

    loop.handle = stopping
    loop.start()
    client.polls.put_nowait(records(4, 9))
    await eventually(lambda: ("seek", 0, 4) in client.did)
    await loop.ended()
    assert client.did == [("pause", 0), ("seek", 0, 4), "stopped"]


async def test_a_partition_that_stands_still_is_tried_again_after_pauses_that_grow_to_a_minute() -> None:
    now, pauses = 0.0, []
    client = Client()
    standstill = Standstill("triage", lambda: now)
    for _ in range(12):
        standstill.note(client, [P0], {P0: 7})
        client.did.clear()
        began = now
        while not client.did:
            now += 0.05
            standstill.wake(client)
        assert client.did == [("resume", 0)]
        pauses.append(now - began)
    assert pauses[0] < 2
    assert all(30 <= pause <= 61 for pause in pauses[-2:])
    assert all(later > earlier / 2 for earlier, later in pairwise(pauses))
