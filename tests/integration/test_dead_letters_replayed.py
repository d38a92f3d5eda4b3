"""A replay is the record as it was, decided once: parked by a version that could not read it, sent again to one that can."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared import topics
from shared.cloudevents import header
from shared.codes import HoldReason, Urgency
from shared.events import AMENDED, CANCELLED, OUTCOME
from shared.kafka import Record
from shared.parked import without_notes
from tests.builders import Person
from tests.dead_letters import WHO, decisions, letters, listed, ran, said, standing
from tests.feeding import publish, send
from tests.processes import Owned
from tests.waiting import eventually

if TYPE_CHECKING:
    from services.triage.causes import Seen
    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(240)]


def older(stack: Stack, unknown: str) -> None:
    """Starts triage as a version that does not know a type of event."""
    part = stack._part("triage", "triage", "1", stack.settings | {"session_timeout": 6, "fuse_share": 1})
    command = (sys.executable, "-m", "tests.older_triage", unknown)
    environment = part.environment | {"PYTHONPATH": str(Path(__file__).parents[2])}
    stack._owned["triage"] = Owned(dataclasses.replace(part, command=command, environment=environment))
    stack._owned["triage"].start()


async def parked_by_an_older_version(stack: Stack, unknown: str, *causes: Seen) -> list[str]:
    """Sends causes to a triage that does not know one type; the ids of the dead letters, with today's triage running."""
    older(stack, unknown)
    if "audit" not in stack.ports:
        stack.start("audit")
    before = {row["id"] for row in await listed(stack)}
    await send(stack, *causes)
    await eventually(lambda: _decided(stack, len(causes)), 40)
    wanted = sum(cause.type == unknown for cause in causes)
    fresh = await eventually(lambda: _fresh(stack, before, wanted), 40)
    assert await asyncio.to_thread(stack.stop, "triage") == 0
    stack.start("triage", session_timeout=6, fuse_share=1)
    return list(fresh)


async def _decided(stack: Stack, count: int) -> bool:
    return len(await stack.fetch("SELECT FROM triage.decision")) >= count


async def _fresh(stack: Stack, before: set[str], wanted: int) -> list[str] | None:
    fresh = [row["id"] for row in await listed(stack) if row["id"] not in before]
    return fresh if len(fresh) == wanted else None


async def test_a_replay_is_the_record_as_it_was_decided_once_and_ends_the_parking(small: Stack) -> None:
    ada = Person("ada")
    received, amended = ada.received(), ada.amended(reason={"code": "01"})
    (letter,) = await parked_by_an_older_version(small, AMENDED, received, amended)
    assert (await standing(small, ada.referral_id)).hold_reason is HoldReason.PARKED
    done = await said(small, "replay", "--code", "unknown-type", "--yes", *WHO)
    assert (done["worked"], done["parked_again"]) == ([letter], [])
    _, held, last = await decisions(small, ada.referral_id)
    assert (str(held.cause_id), last.cause_id, last.destination) == (letter, amended.cause_id, "focused-support")
    first, again = [r for r in await small.records(topics.RECEIVED) if r.value == amended.value]
    assert (first.key, tuple(first.headers), first.partition) == (again.key, tuple(again.headers), again.partition)
    (row,) = await listed(small)
    assert row["state"] == "replayed"
    shown = await ran(small, "show", letter)
    assert f"replayed by {WHO[1]}: {WHO[3]}, sent to partition {again.partition} offset {again.offset}" in shown.stdout
    once_more = await said(small, "replay", letter, *WHO, code=1)
    assert once_more["already"] == [letter]


async def test_what_is_replayed_twice_from_outside_is_decided_once(small: Stack) -> None:
    ada = Person("ada")
    await parked_by_an_older_version(small, AMENDED, ada.received(), ada.amended(reason={"code": "01"}))
    (letter,) = await letters(small)
    record = Record(topics.RECEIVED, letter.partition, letter.key, letter.value, without_notes(letter.headers))
    await publish(small, [record, record])
    await said(small, "replay", "--code", "unknown-type", "--yes", *WHO)
    assert len(await decisions(small, ada.referral_id)) == 3


async def test_no_replay_lowers_urgency_nor_withdraws_whom_there_is_later_news_of(small: Stack) -> None:
    ada, bea = Person("ada"), Person("bea")
    lowered = (ada.received(referrer={"urgency": "2"}), ada.outcome("urgency-lowered", urgency="3"))
    (first,) = await parked_by_an_older_version(small, OUTCOME, *lowered)
    await said(small, "replay", first, *WHO)
    assert (await standing(small, ada.referral_id)).urgency is Urgency.URGENT
    assert await asyncio.to_thread(small.stop, "triage") == 0
    cancelled = (bea.received(), bea.cancelled(), bea.amended())
    (second,) = await parked_by_an_older_version(small, CANCELLED, *cancelled)
    await said(small, "replay", second, *WHO)
    last = await standing(small, bea.referral_id)
    assert (last.cause_id, str(last.status)) == (cancelled[1].cause_id, "held")


async def test_a_replay_releases_no_hold_but_that_of_the_parking(small: Stack) -> None:
    ada = Person("ada")
    causes = ada.received(), ada.amended(), ada.conflicting()
    (letter,) = await parked_by_an_older_version(small, AMENDED, *causes)
    await said(small, "replay", letter, *WHO)
    last = await standing(small, ada.referral_id)
    assert (last.cause_id, last.hold_reason) == (causes[1].cause_id, HoldReason.CONFLICT)


async def test_many_are_replayed_in_their_order_no_faster_than_asked_and_every_one_is_decided(small: Stack) -> None:
    people = [Person(f"person {n}") for n in range(12)]
    causes = [cause for person in people for cause in (person.received(), person.amended(reason={"code": "01"}))]
    waiting = await parked_by_an_older_version(small, AMENDED, *causes)
    done = await said(small, "replay", "--source", "urn:test", "--yes", "--per-second", 4, *WHO)
    assert (sorted(done["worked"]), done["parked_again"], done["late"]) == (sorted(waiting), [], [])
    for person in people:
        assert (await standing(small, person.referral_id)).destination == "focused-support"
    steps = [
        r for r in await small.records(topics.OPERATIONS) if header(r.headers, "ce_source") == "urn:frontdoor:operator"
    ]
    assert len(steps) == 12
    times = sorted(record.timestamp for record in steps)
    assert all(later - earlier >= 900 for earlier, later in zip(times[1:-4], times[5:], strict=True))
    assert (await ran(small, "list")).returncode == 0
