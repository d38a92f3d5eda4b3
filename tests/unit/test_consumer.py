"""The consuming loop against a client that does what a broker rarely does on demand."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.errors import CommitFailedError, GroupAuthorizationFailedError, RequestTimedOutError

from shared import consumer as module
from shared.errors import Bug, Transient
from tests.scripted import P0, P1, Client, Loop, records
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiokafka.structs import TopicPartition

    from tests.scripted import Records


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    async def topics_are_there(_: Any) -> None:
        """Nothing to look at here."""

    scripted = Client()
    monkeypatch.setattr(module, "AIOKafkaConsumer", scripted)
    monkeypatch.setattr(module, "check_topics", topics_are_there)
    monkeypatch.setattr(module, "backoff", lambda _: 0.01)
    yield scripted
    scripted._fetcher.error_future.cancel()


async def test_exactly_what_was_handled_is_committed(client: Client) -> None:
    loop = Loop(client).start()
    client.polls.put_nowait(records(3, 5) | records(7, 7, P1))  # partition 1 is not ours: a late answer
    await eventually(lambda: client.did == [{0: 6}])
    await loop.ended()
    assert loop.handled == [{0: [3, 4, 5]}]


async def test_a_batch_that_meets_something_away_is_handled_again_until_it_works(client: Client) -> None:
    loop = Loop(client).start()
    loop.trouble = [Transient("postgres-away", "OSError")] * 2
    client.polls.put_nowait(records(0, 1))
    await eventually(lambda: client.did == [{0: 2}])
    await loop.ended()
    assert loop.handled == [{0: [0, 1]}] * 3


async def test_a_batch_that_waits_is_given_back_when_its_partition_is_revoked(client: Client) -> None:
    loop = Loop(client).start()
    loop.trouble = [Transient("postgres-away", "OSError")] * 10_000
    client.polls.put_nowait(records(4, 9))
    await eventually(lambda: loop.handled)
    await client.listener.on_partitions_revoked({P0})
    assert client.did == [("seek", 0, 4)]
    await loop.ended()


async def test_a_revoke_waits_until_what_is_in_flight_is_committed(client: Client) -> None:
    loop, may_go_on = Loop(client), asyncio.Event()

    async def slow(_: Any) -> None:
        loop.handled.append({})
        await may_go_on.wait()

    loop.handle = slow
    loop.start()
    client.polls.put_nowait(records(0, 1))
    await eventually(lambda: loop.handled)
    revoke = asyncio.create_task(client.listener.on_partitions_revoked({P0}))
    assert not (await asyncio.wait({revoke}, timeout=0.1))[0]
    may_go_on.set()
    await asyncio.wait_for(revoke, 5)
    assert client.did == [{0: 2}]
    await loop.ended()


async def test_a_batch_polled_just_before_a_revoke_is_given_back_unhandled(client: Client) -> None:
    async def polled_as_the_revoke_comes() -> Records:
        await client.listener.on_partitions_revoked({P0})
        return records(4, 9)

    loop = Loop(client).start()
    client.polls.put_nowait(polled_as_the_revoke_comes)
    await eventually(lambda: client.did)
    await loop.ended()
    assert (client.did[0], loop.handled) == (("seek", 0, 4), [])


async def test_nothing_of_new_partitions_is_read_before_the_service_has_placed_itself(client: Client) -> None:
    loop = Loop(client)
    trouble = [Transient("postgres-away", "OSError")] * 2

    async def place(_: Any, partitions: list[TopicPartition]) -> None:
        client.did.append(("place", *(tp.partition for tp in partitions)))
        if trouble:
            raise trouble.pop()

    loop.assigned = place
    client.polls.put_nowait(records(0, 0))
    client.mine = {P0, P1}
    loop.start()
    await eventually(lambda: loop.handled)
    await loop.ended()
    assert client.did[:5] == [("pause", 0, 1), *[("place", 0, 1)] * 3, ("resume", 0, 1)]


async def test_while_a_rebalance_takes_long_the_loop_is_alive_and_can_be_stopped(client: Client) -> None:
    client.starting = asyncio.Event().wait()  # type: ignore[assignment]  # the others drain, for ever
    loop = Loop(client).start()
    await eventually(lambda: client.listener)
    first = time.monotonic()
    loop.health.live()
    await eventually(lambda: loop.health.live()[1]["triage"] == 0 and time.monotonic() - first > 1.2, 5)
    await loop.ended()
    assert client.did == ["stopped"]


async def test_a_fetching_task_that_died_stops_the_service_instead_of_an_empty_poll_for_ever(client: Client) -> None:
    loop = Loop(client).start()
    client._fetcher.error_future.set_result(None)
    with pytest.raises(Bug, match="fetching-ended"):
        await asyncio.wait_for(loop.task or asyncio.sleep(0), 5)


async def test_a_client_whose_stop_ends_as_cancelled_hides_no_failure(client: Client) -> None:
    client.stopping = asyncio.CancelledError()
    loop = Loop(client).start()
    loop.trouble = [Bug("impossible", "it happened")]
    client.polls.put_nowait(records(0, 0))
    with pytest.raises(Bug, match="impossible"):
        await asyncio.wait_for(loop.task or asyncio.sleep(0), 5)


async def test_a_commit_that_is_refused_after_a_rebalance_is_no_failure(client: Client) -> None:
    client.refuses = CommitFailedError()
    loop = Loop(client).start()
    client.polls.put_nowait(records(0, 0))
    client.polls.put_nowait(records(1, 1))
    await eventually(lambda: len(loop.handled) == 2)
    await loop.ended()


async def test_a_commit_whose_answer_did_not_come_is_made_again_though_nothing_more_arrives(client: Client) -> None:
    client.refuses = RequestTimedOutError()
    loop = Loop(client).start()
    client.polls.put_nowait(records(0, 1))
    client.polls.put_nowait(records(7, 7, P1))  # not ours: a poll without a batch
    await eventually(lambda: loop.handled and client.polls.empty())
    client.refuses = None
    await eventually(lambda: client.did == [{0: 2}])
    await loop.ended()


async def test_what_was_refused_before_a_revoke_is_not_committed_after_it(client: Client) -> None:
    client.refuses = CommitFailedError()
    loop = Loop(client).start()
    client.polls.put_nowait(records(0, 3))
    await eventually(lambda: loop.handled)
    await client.listener.on_partitions_revoked({P0})
    client.refuses = None
    await client.listener.on_partitions_assigned({P0})
    client.polls.put_nowait(records(9, 9))
    await eventually(lambda: client.did)
    await loop.ended()
    assert client.did[0] == {0: 10}


async def test_what_lies_before_the_place_that_the_service_takes_is_committed_without_a_record(client: Client) -> None:
    loop = Loop(client)

    async def place(consumer: Client, partitions: list[TopicPartition]) -> None:
        consumer.stored = dict.fromkeys(partitions, 7)  # where it stands, as the client is asked

    loop.assigned = place
    loop.start()
    await eventually(lambda: {0: 7} in client.did)
    await loop.ended()


@pytest.mark.parametrize("where", ["poll", "commit"])
async def test_what_waiting_cannot_mend_stops_the_service(client: Client, where: str) -> None:
    loop = Loop(client).start()
    if where == "commit":
        client.refuses = GroupAuthorizationFailedError("triage")
    client.polls.put_nowait(records(0, 0) if where == "commit" else GroupAuthorizationFailedError("triage"))
    with pytest.raises(GroupAuthorizationFailedError):
        await asyncio.wait_for(loop.task or asyncio.sleep(0), 5)


async def test_a_poll_that_fails_for_now_makes_it_unready_only_until_the_next_one(client: Client) -> None:
    loop = Loop(client).start()
    await eventually(lambda: loop.health.ready()[0])
    client.polls.put_nowait(RequestTimedOutError())
    await eventually(lambda: loop.health.ready() == (False, {"triage": "waiting: kafka-away"}))
    await eventually(lambda: loop.health.ready()[0])
    await loop.ended()


async def test_a_broker_that_does_not_answer_makes_it_unready_though_polls_only_come_back_empty(client: Client) -> None:
    loop = Loop(client).start()
    await eventually(lambda: loop.health.ready()[0])
    client.heard = int((time.time() - 20) * 1000)
    await eventually(lambda: loop.health.ready() == (False, {"triage": "waiting: kafka-away"}))
    client.heard = int(time.time() * 1000)
    await eventually(lambda: loop.health.ready()[0])
    await loop.ended()


async def test_a_member_that_is_assigned_again_and_again_says_what_to_look_for(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = Loop(client).start()
    await eventually(lambda: client.listener)
    for _ in range(9):
        await client.listener.on_partitions_assigned({P0})
    await loop.ended()
    assert capsys.readouterr().out.count("FRONTDOOR_INSTANCE") == 1


async def test_each_wait_counts_one_attempt_and_asks_for_a_longer_pause(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def backoff(attempt: int) -> float:
        asked.append(attempt)
        return 0.001

    monkeypatch.setattr(module, "backoff", backoff)
    loop = Loop(client).start()
    loop.trouble = [Transient("postgres-away", "OSError")] * 7
    client.polls.put_nowait(records(0, 1))
    await eventually(lambda: client.did == [{0: 2}])
    await loop.ended()
    assert asked == [1, 2, 3, 4, 5, 6, 7]
    assert len(loop.handled) == 8
