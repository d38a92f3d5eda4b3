"""`frontdoor lag` on a whole system with Apache Kafka: each verdict as an operator would come upon it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from prometheus_client.parser import text_string_to_metric_families

from shared import topics
from shared.lagging.measure import Watch
from shared.lagging.verdict import Verdict
from shared.settings import ServiceSettings
from tests.builders import Person
from tests.feeding import send
from tests.stack import DEPLOY
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(300)]

DATA_LOST = DEPLOY / "runbooks" / "data-lost.md"
DECIDED = "SELECT FROM intake.outbox JOIN triage.decision ON cause_id = event_id"
SESSION = 8  # seconds after which Kafka lists a member no more that it has not heard of


async def lag(stack: Stack, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command, as an operator runs it elsewhere."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.frontdoor", "lag", "--every", "0.5", *arguments),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | told(stack),
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def told(stack: Stack) -> dict[str, str]:
    return {
        "FRONTDOOR_KAFKA": stack.kafka.bootstrap,
        "FRONTDOOR_READER_DSN": stack.database.dsn("frontdoor_reader"),
        "FRONTDOOR_AUDIT_URL": stack.url("audit"),
    }


async def of(stack: Stack, group: str) -> dict[str, Any]:
    """What the command says of one group, for a program, with its exit code."""
    code, said = await lag(stack, "--json")
    (found,) = [dict(each) for each in json.loads(said)["groups"] if each["group"] == group]
    return found | {"code": code}


async def becomes(stack: Stack, group: str, verdict: Verdict, seconds: float = 40) -> dict[str, Any]:
    async def is_so() -> dict[str, Any] | None:
        found = await of(stack, group)
        return found if found["verdict"] == verdict else None

    return dict(await eventually(is_so, seconds))


def body(number: int) -> dict[str, Any]:
    return {"person": {"name": {"family": f"Example {number}"}, "born": "1986-05-04"}, "reason": {"code": "04"}}


def people(count: int) -> list[Any]:
    return [Person(f"person {number}").received() for number in range(count)]


@pytest.fixture
async def at_rest(small: Stack) -> AsyncIterator[Stack]:
    """Everything runs, and twelve referrals are done."""
    small.start("intake", "triage", "audit", session_timeout=SESSION)
    await send(small, *people(12))
    await becomes(small, "audit", Verdict.OK)
    yield small
    for name in ("triage", "audit"):
        if small.process(name).runs:
            small.process(name).signal(signal.SIGCONT)


async def test_a_system_at_rest_is_ok_and_one_whose_member_leaves_is_stopped(at_rest: Stack) -> None:
    code, said = await lag(at_rest)
    assert (code, max(map(len, said.splitlines())) <= 80, "\x1b" in said) == (0, True, False)
    triage = await becomes(at_rest, "triage", Verdict.OK)
    assert [member["name"] for member in triage["members"]] == ["triage-1"]
    assert (triage["records"], triage["seconds"], triage["code"]) == (0, 0.0, 0)
    at_rest.stop("triage")
    await send(at_rest, *people(20)[12:])
    listed = await of(at_rest, "triage")
    assert listed["verdict"] in {Verdict.STALLED, Verdict.STOPPED}
    stopped = await becomes(at_rest, "triage", Verdict.STOPPED)
    assert (stopped["code"], stopped["records"], stopped["members"]) == (1, 8, [])
    assert stopped["findings"] == [{"verdict": "stopped", "why": "the group has no member, 8 records wait"}]
    assert stopped["oldest"]["seconds"] > 0
    assert stopped["oldest"]["referral_id"] in {str(each.referral_id) for each in people(20)[12:]}
    assert await eventually(lambda: _metric(at_rest, "triage", Verdict.STOPPED))


async def test_a_member_that_is_frozen_stalls_its_group_and_goes_on_when_it_thaws(at_rest: Stack) -> None:
    at_rest.process("audit").pause()
    await send(at_rest, *people(20)[12:])
    stalled = await becomes(at_rest, "audit", Verdict.STALLED, 6)
    assert stalled["code"] == 1
    assert (
        "audit-1; Kafka lists a static member that is gone until its session has run out"
        in stalled["findings"][0]["why"]
    )
    at_rest.process("audit").resume()
    assert (await becomes(at_rest, "audit", Verdict.OK))["code"] == 0


async def test_records_that_go_before_they_are_done_are_lost_data_and_the_runbook_brings_them_back(
    at_rest: Stack,
) -> None:
    at_rest.stop("triage")
    for number in range(8):
        assert (await at_rest.post("/referrals", body(number))).status_code == 202
    await eventually(lambda: _published(at_rest, 8))
    stopped = await becomes(at_rest, "triage", Verdict.STOPPED)
    waiting = {each["partition"]: each["end"] for each in stopped["partitions"] if each["records"]}
    await _delete_before(waiting, at_rest)
    lost = await becomes(at_rest, "triage", Verdict.DATA_LOST)
    assert (lost["code"], lost["records"]) == (1, 0)
    assert lost["findings"][0]["why"].startswith("8 records went before this group had done them")
    at_rest.start("triage")
    await send(at_rest, *people(40)[12:])  # to every partition: the group goes on where there is something
    await becomes(at_rest, "triage", Verdict.OK)
    (statement,) = re.findall(r"```sql\n(.*?)```", DATA_LOST.read_text(), re.DOTALL)
    assert not await at_rest.fetch(DECIDED)
    await at_rest.fetch(statement.replace("1 minute", "0 seconds"))
    assert await eventually(lambda: _all_decided(at_rest, 8))


async def test_commits_that_are_set_back_are_rewound_until_all_is_read_again(at_rest: Stack) -> None:
    at_rest.stop("triage")
    await becomes(at_rest, "triage", Verdict.STOPPED)
    watch = Watch(ServiceSettings.model_validate({"postgres_dsn": "", **at_rest.settings}))
    look, judged = (await watch.look())[topics.TRIAGE_GROUP]
    assert judged.verdict is Verdict.STOPPED
    await _set_back([place for place, position in look.positions.items() if position.committed], at_rest)
    _, judged = (await watch.look())[topics.TRIAGE_GROUP]
    assert [finding.verdict for finding in judged.findings] == [Verdict.REWOUND, Verdict.STOPPED]
    assert await eventually(lambda: _metric(at_rest, "triage", Verdict.REWOUND))
    (one, other) = (await of(at_rest, topics.TRIAGE_GROUP))["findings"]  # which looked after it was set back
    assert (one["verdict"], "went back to 0 from" in one["why"], other["verdict"]) == ("rewound", True, "stopped")
    at_rest.start("triage")

    async def read_again() -> bool:
        return (await watch.look())[topics.TRIAGE_GROUP][1].verdict is Verdict.OK

    assert await eventually(read_again)
    await watch.close()


async def test_what_waits_before_kafka_and_at_the_hub_is_told_though_kafka_is_away(at_rest: Stack) -> None:
    await eventually(lambda: _all_statuses_are_known(at_rest))
    at_rest.kafka.halt()
    await at_rest.post("/referrals", body(1))
    code, said = await lag(at_rest, "--json")
    told = json.loads(said)
    assert (code, told["groups"], list(told["away"]), told["outbox"]["events"]) == (2, None, ["kafka"], 1)
    code, said = await lag(at_rest)
    assert code == 2
    assert "kafka cannot be reached" in said
    assert "outbox: 1 event waits to be published, the oldest for" in said


async def test_a_watch_measures_until_it_is_interrupted(at_rest: Stack) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.frontdoor", "lag", "--every", "0.2", "--watch", "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | told(at_rest),
    )
    assert process.stdout
    pictures = [json.loads(await process.stdout.readline()) for _ in range(4)]
    process.send_signal(signal.SIGINT)
    _, complained = await process.communicate()
    assert (process.returncode, complained) == (0, b"")
    assert [group["trend"] is None for group in pictures[0]["groups"]] == [True] * 3
    assert pictures[0]["at"] < pictures[3]["at"]


async def test_audit_goes_on_and_shows_nothing_of_the_groups_while_kafka_is_away(at_rest: Stack) -> None:
    assert await eventually(lambda: _metric(at_rest, "triage", Verdict.OK))
    at_rest.kafka.halt()

    async def nothing_is_shown() -> bool:
        return not (await _families(at_rest))["frontdoor_group_verdict"].samples

    assert await eventually(nothing_is_shown)
    failed = (await _families(at_rest))["frontdoor_group_looks_failed"].samples
    assert {sample.labels.get("code") for sample in failed} == {"kafka-away"}
    assert (await at_rest.get("/live", to="audit")).status_code == 200
    at_rest.kafka.again()
    assert await eventually(lambda: _metric(at_rest, "triage", Verdict.OK), 60)


async def _all_statuses_are_known(stack: Stack) -> bool:
    return bool((await of(stack, topics.STATUS_GROUP))["verdict"] == Verdict.OK)


async def _published(stack: Stack, count: int) -> bool:
    return len(await stack.fetch('SELECT FROM intake.outbox WHERE "offset" IS NOT NULL')) == count


async def _all_decided(stack: Stack, count: int) -> bool:
    return len(await stack.fetch(DECIDED)) == count


async def _delete_before(ends: dict[int, int], stack: Stack) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
    await client.start()
    await client.delete_records({TopicPartition(topics.RECEIVED, p): RecordsToDelete(end) for p, end in ends.items()})
    await client.close()


async def _metric(stack: Stack, group: str, verdict: Verdict) -> bool:
    wanted = {"group": group, "verdict": verdict.value}
    shown = (await _families(stack))["frontdoor_group_verdict"].samples
    return any(sample.labels == wanted and sample.value == 1 for sample in shown)


async def _families(stack: Stack) -> dict[str, Any]:
    page = (await stack.get("/metrics", to="audit")).text
    return {family.name: family for family in text_string_to_metric_families(page)}


async def _set_back(places: list[tuple[str, int]], stack: Stack) -> None:
    """As an operator sets them back, with Kafka's own tool."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.kafka.bootstrap, group_id=topics.TRIAGE_GROUP, enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign([TopicPartition(*place) for place in places])
    await consumer.commit({TopicPartition(*place): 0 for place in places})
    await consumer.stop()
