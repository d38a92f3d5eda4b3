"""Every way in which a record can never work: parked, its person held, listed, shown without content, put right."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from shared import topics
from shared.cloudevents import from_json, header
from shared.codes import DecisionKind, HoldReason
from shared.events import DEAD_LETTER_WORKED, RECEIVED, Decision
from shared.operations import DeadLetterWorked
from shared.parked import without_notes
from tests.builders import Person
from tests.dead_letters import WHO, command, decisions, frontdoor, letters, listed, parked, ran, said, standing
from tests.feeding import as_record
from tests.poison import WAYS, WORDS
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def running(shared_stack: Stack) -> Stack:
    """All services, with a fuse that so much poison in one place does not trip."""
    assert shared_stack.stop("triage") == 0
    shared_stack.start("triage", fuse_share=1)
    return shared_stack


def somebody() -> Person:
    return Person(f"ada {uuid4()}")


async def step_of(stack: Stack, letter: str) -> DeadLetterWorked:
    """What audit keeps of the one step that was taken about a dead letter."""

    async def told() -> list[DeadLetterWorked]:
        rows = await stack.fetch("SELECT value FROM audit.record WHERE type = $1", DEAD_LETTER_WORKED)
        steps = [from_json(DeadLetterWorked, row["value"]) for row in rows]
        return [step for step in steps if str(step.entry) == letter]

    (step,) = await eventually(told)
    assert isinstance(step, DeadLetterWorked)
    return step


def written(folder: Path, value: bytes | None) -> Path:
    file = folder / "value.json"
    file.write_bytes(value or b"")
    return file


@pytest.mark.parametrize("way", WAYS)
async def test_it_is_parked_held_listed_shown_edited_and_decided(running: Stack, way: str, tmp_path: Path) -> None:
    code, spoilt = WAYS[way]
    ada = somebody()
    seen = ada.received()
    good = as_record(running, seen)
    poison = spoilt(good)
    (row,) = await parked(running, poison)

    assert (row["code"], row["group"], row["state"]) == (code, topics.TRIAGE_GROUP, "waiting")
    assert row["referral_id"] == str(ada.referral_id)
    (letter,) = [record for record in await letters(running) if _lies(record, row)]
    assert (letter.key, letter.value, without_notes(letter.headers)) == (poison.key, poison.value, poison.headers)
    (held,) = await decisions(running, ada.referral_id)
    assert (held.kind, held.hold_reason, str(held.cause_id)) == (DecisionKind.HOLD, HoldReason.PARKED, row["id"])
    told = [record for record in await running.records(*topics.ROUTED.values()) if record.key == good.key]
    assert [from_json(Decision, record.value).destination for record in told] == [held.destination]

    shown = await ran(running, "show", row["id"])
    assert shown.returncode == 0, shown.stderr
    assert row["id"] in shown.stdout
    assert WORDS not in shown.stdout + shown.stderr

    file = written(tmp_path, good.value)
    kind = ("--type", RECEIVED) if code == "unknown-type" else ()
    done = await said(running, "edit", row["id"], "--value", file, *kind, *WHO)
    assert (done["worked"], done["parked_again"], done["late"]) == ([row["id"]], [], [])
    step = await step_of(running, row["id"])
    assert (step.step, step.by, step.why) == ("edited", WHO[1], WHO[3])
    _, last = await decisions(running, ada.referral_id)
    assert (last.cause_id, last.hold_reason is HoldReason.PARKED) == (step.sent_as, False)
    (sent,) = [r for r in await running.records(topics.RECEIVED) if header(r.headers, "ce_id") == str(step.sent_as)]
    original = row["event_id"] or row["id"]
    assert (sent.value, sent.key, header(sent.headers, "ce_causationid")) == (good.value, good.key, original)
    assert sent.partition == good.partition
    (after,) = await listed(running, "--referral", ada.referral_id)
    assert after["state"] == "edited"


def _lies(record: Any, row: dict[str, Any]) -> bool:
    return bool((record.partition, record.offset) == (row["lies"]["partition"], row["lies"]["offset"]))


async def test_a_value_that_is_none_of_its_type_is_refused_with_path_and_reason_and_nothing_is_sent(
    running: Stack, tmp_path: Path
) -> None:
    ada = somebody()
    good = as_record(running, ada.received())
    (row,) = await parked(running, good._replace(value=b"{"))
    fields = json.loads(good.value or b"")
    file = written(tmp_path, json.dumps(fields | {"sequence": "first"}).encode())
    refused = await ran(running, "edit", row["id"], "--value", file, *WHO)
    assert refused.returncode == 2
    assert "sequence: Expected `int`, got `str`" in refused.stderr
    (still,) = await listed(running, "--referral", ada.referral_id)
    assert still["state"] == "waiting"


async def test_a_value_about_somebody_else_is_refused(running: Stack, tmp_path: Path) -> None:
    ada, bea = somebody(), somebody()
    (row,) = await parked(running, as_record(running, ada.received())._replace(value=b"{"))
    file = written(tmp_path, as_record(running, bea.received()).value)
    refused = await said(running, "edit", row["id"], "--value", file, *WHO, code=1)
    assert [each["id"] for each in refused["refused"]] == [row["id"]]
    assert await decisions(running, bea.referral_id) == []


async def test_what_is_discarded_leaves_its_referral_with_the_hub_and_says_who_and_why(running: Stack) -> None:
    ada = somebody()
    (row,) = await parked(running, as_record(running, ada.received())._replace(value=b"{"))
    done = await said(running, "discard", row["id"], *WHO)
    assert done["worked"] == [row["id"]]
    step = await step_of(running, row["id"])
    assert (step.step, step.by, step.why, step.referral_id) == ("discarded", WHO[1], WHO[3], ada.referral_id)
    last = await standing(running, ada.referral_id)
    assert (last.kind, last.hold_reason) == (DecisionKind.HOLD, HoldReason.PARKED)
    (after,) = await listed(running, "--referral", ada.referral_id)
    assert after["state"] == "discarded"
    story = await asyncio.to_thread(frontdoor, running, "trace", ada.referral_id)
    assert f"dead letter (unreadable) discarded by {WHO[1]}: {WHO[3]}" in story.stdout


async def test_what_is_still_poison_is_parked_again_and_the_others_of_its_kind_stay(running: Stack) -> None:
    people = [somebody() for _ in range(4)]
    odd = [as_record(running, each.received())._replace(value=b'"%d"' % n) for n, each in enumerate(people)]
    rows = [row["id"] for row in await parked(running, *odd)]
    done = await said(running, "replay", *rows, *WHO, code=1)
    assert (len(done["worked"]), done["parked_again"], len(done["not_sent"])) == (1, done["worked"], 3)
    of_them = {str(each.referral_id) for each in people}
    states = [row["state"] for row in await listed(running) if row["referral_id"] in of_them]
    assert sorted(states) == ["replayed", *["waiting"] * 4]


async def test_two_people_at_once_work_a_dead_letter_once(running: Stack) -> None:
    ada = somebody()
    (row,) = await parked(running, as_record(running, ada.received())._replace(value=b"{"))
    both = await asyncio.gather(*(ran(running, "discard", row["id"], *WHO, "--json") for _ in range(2)))
    assert sorted(done.returncode for done in both) == [0, 1]
    first, second = (json.loads(done.stdout) for done in sorted(both, key=lambda done: done.returncode))
    assert (first["worked"], first["already"]) == ([row["id"]], [])
    assert (second["worked"], second["already"]) == ([], [row["id"]])
    assert (await step_of(running, row["id"])).step == "discarded"


async def test_a_dry_run_says_what_would_be_done_and_changes_nothing(running: Stack) -> None:
    ada = somebody()
    (row,) = await parked(running, as_record(running, ada.received())._replace(value=b"{"))
    ends = len(await running.records(topics.RECEIVED, topics.OPERATIONS))
    done = await said(running, "replay", "--referral", ada.referral_id, "--dry-run", *WHO)
    assert (done["worked"], done["dry_run"]) == ([row["id"]], True)
    kinds = [header(r.headers, "ce_type") for r in (await running.records(topics.RECEIVED, topics.OPERATIONS))[ends:]]
    assert DEAD_LETTER_WORKED not in kinds
    assert RECEIVED not in kinds


async def test_what_is_asked_for_by_a_filter_needs_a_yes_a_name_and_a_reason_without_a_person_in_it(
    running: Stack,
) -> None:
    ada = somebody()
    await parked(running, as_record(running, ada.received())._replace(value=b"{"))
    about = ("--referral", ada.referral_id)
    for arguments, code in (
        ((*about, *WHO), "confirm"),
        (WHO, "which"),
        ((*about, "--by", "Sam", "--why", "NHS number 943 476 5919 was wrong"), "personal"),
        ((*about, "--by", "Sam", "--why", "born 4/5/1986"), "personal"),
        ((*about, "--by", " ", "--why", "a reason"), "blank"),
    ):
        refused = await ran(running, "discard", *arguments)
        assert refused.returncode == 2
        assert f"({code})" in refused.stderr
    assert (await ran(running, "discard", *about)).returncode == 2
    assert (await said(running, "discard", *about, "--yes", *WHO))["worked"]


async def test_incidents_are_listed_by_group_and_code_with_their_first_last_and_oldest(running: Stack) -> None:
    ada = somebody()
    first, second = as_record(running, ada.received()), as_record(running, ada.amended())
    await parked(running, first._replace(value=None))
    await parked(running, second._replace(value=None))
    about = ("--referral", ada.referral_id, "--code", "empty", "--group", "triage", "--since", "1h")
    (incident,) = (await said(running, "list", *about, code=1))["incidents"]
    assert (incident["group"], incident["code"], incident["count"], incident["waiting"]) == ("triage", "empty", 2, 2)
    assert incident["oldest_waiting"] == incident["first_seen"] < incident["last_seen"]
    in_words = (await ran(running, "list", *about)).stdout
    assert [line.split()[:3] for line in in_words.splitlines()[1:]] == [["triage", "empty", "2"]]
    assert (await ran(running, "list", *about[:2], "--code", "wrong-key")).returncode == 0
    assert (await ran(running, "list", *about[:2], "--until", "1h")).returncode == 0


async def test_its_value_is_printed_byte_for_byte_to_who_asks_for_it_with_a_warning(running: Stack) -> None:
    ada = somebody()
    odd = f'{{"reason": "{WORDS}'.encode()
    (row,) = await parked(running, as_record(running, ada.received())._replace(value=odd))
    shown = await ran(running, "show", row["id"], "--value")
    assert shown.stdout.encode() == odd
    assert "may hold what a sender put there" in shown.stderr


async def test_where_kafka_cannot_be_asked_nothing_is_worked_and_the_list_says_that_there_may_be_more(
    running: Stack,
) -> None:
    ada = somebody()
    (row,) = await parked(running, as_record(running, ada.received())._replace(value=b"{"))
    nowhere = {"FRONTDOOR_KAFKA": "127.0.0.1:9"}
    away = await asyncio.to_thread(command, running, "discard", row["id"], *WHO, **nowhere)
    assert (away.returncode, "(kafka-away)" in away.stderr) == (2, True)
    seen = await asyncio.to_thread(command, running, "list", "--referral", ada.referral_id, **nowhere)
    assert seen.returncode == 1
    assert "there may be more" in seen.stderr
