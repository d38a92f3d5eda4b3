"""The commands that read, on a running system: what happened to a referral, why, and whether all is accounted for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from services.audit import store as audit_store
from services.audit.verify import verify
from shared import events
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

QUIET = {
    "person": {"name": "Ada Lovelace", "born": "1985-02-03", "postcode": "SW9 8EQ"},
    "referrer": {"organisation": "A Surgery", "urgency": "3"},
    "reason": {"code": "04", "text": "low mood for three months"},
}


def frontdoor(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    roles = {name: stack.database.dsn(f"frontdoor_{name}") for name in ("reader", "auditor")}
    environment = os.environ | {f"FRONTDOOR_{name.upper()}_DSN": dsn for name, dsn in roles.items()}
    command = [sys.executable, "-m", "services.frontdoor", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def told(stack: Stack, *arguments: str) -> Any:
    done = frontdoor(stack, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def taken(stack: Stack, key: str = "gp", **fields: Any) -> str:
    answer = await stack.post("/referrals", QUIET | {"message_id": str(uuid4())} | fields, key)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["referral_id"])


async def audited(stack: Stack, referral: str, kind: str) -> None:
    """Waits until an event of that type about the referral is a row."""
    sql = "SELECT 1 FROM audit.record WHERE referral_id = $1::uuid AND type LIKE $2"
    await eventually(lambda: stack.fetch(sql, referral, kind), 40)


async def test_the_story_of_a_referral_is_told_from_the_sender_to_the_decision_and_its_end(
    shared_stack: Stack,
) -> None:
    referral = await taken(shared_stack)
    await audited(shared_stack, referral, "frontdoor.decision.%")
    cancelled = await shared_stack.post(f"/referrals/{referral}/cancellations", {"reason": "no-longer-needed"})
    assert cancelled.status_code < 300, cancelled.text
    await audited(shared_stack, referral, events.WITHDRAWN)
    story = told(shared_stack, "trace", referral)
    assert story["referral_id"] == referral
    kinds = [event["type"] for event in story["events"]]
    assert kinds[0] == events.RECEIVED
    assert kinds.index(events.CANCELLED) < kinds.index(events.WITHDRAWN)
    ids = [event["event_id"] for event in story["events"]]
    assert len(set(ids)) == len(ids)
    assert {"at", "type", "by", "summary"} <= set(story["events"][0])
    in_words = frontdoor(shared_stack, "trace", referral).stdout
    assert "taken from source gp (sequence 1)" in in_words
    assert "withdrawn from" in in_words
    assert "Ada" not in in_words
    assert told(shared_stack, "trace", ids[0]) == story


async def test_a_record_that_is_repeated_in_kafka_is_two_rows_and_one_event_of_the_story(shared_stack: Stack) -> None:
    referral = await taken(shared_stack)
    await audited(shared_stack, referral, "frontdoor.decision.%")
    before = told(shared_stack, "trace", referral)
    await shared_stack.fetch(
        'UPDATE intake.outbox SET published_at = NULL, partition = NULL, "offset" = NULL WHERE referral_id = $1::uuid',
        referral,
    )
    twice = "SELECT 1 FROM audit.record WHERE referral_id = $1::uuid AND type = $2 HAVING count(*) > 1"
    await eventually(lambda: shared_stack.fetch(twice, referral, events.RECEIVED), 40)
    assert told(shared_stack, "trace", referral) == before


async def test_a_decision_is_explained_by_its_rows_their_words_and_the_facts_they_asked_for(
    shared_stack: Stack,
) -> None:
    referral = await taken(shared_stack)
    await audited(shared_stack, referral, "frontdoor.decision.%")
    why = told(shared_stack, "explain", referral)
    assert set(why) >= {"decision", "rows", "facts", "ruleset", "beaten"}
    assert why["decision"]["referral_id"] == referral
    assert why["rows"]
    assert set(why["ruleset"]) >= {"version", "hash"}
    assert set(why["written"]) >= set(why["rows"])
    in_words = frontdoor(shared_stack, "explain", referral, "--all").stdout
    for row in why["rows"]:
        assert f"row {row} (" in in_words
    assert why["ruleset"]["hash"] in in_words
    assert "All that the rules saw" in in_words


async def test_everything_that_was_taken_is_accounted_for_and_every_chain_stands(shared_stack: Stack) -> None:
    for key in ("gp", "synthetic", "other-gp"):
        await taken(shared_stack, key)

    def through() -> bool:
        account = told(shared_stack, "reconcile")
        assert not account["unaccounted"]
        return bool(account["taken"] >= 3 and account["taken"] == account["decided"] == account["audited"])

    await eventually(through, 60)
    assert frontdoor(shared_stack, "reconcile").stdout.splitlines()[-1] == "unaccounted 0"
    assert frontdoor(shared_stack, "audit", "verify").returncode == 0
    connection = await audit_store.connect(shared_stack.database.dsn("frontdoor_auditor"))
    assert (await verify(connection, [], lambda _: None)).rows > 0
    await connection.close()


async def test_a_referral_that_audit_does_not_know_is_a_usage_error(shared_stack: Stack) -> None:
    for command in ("trace", "explain"):
        unknown = frontdoor(shared_stack, command, str(uuid4()))
        assert unknown.returncode == 2
        assert "audit holds nothing of" in unknown.stderr
        assert frontdoor(shared_stack, command, "ada").returncode == 2


async def test_accepted_to_audited_is_measured(shared_stack: Stack) -> None:
    referral = await taken(shared_stack)
    await audited(shared_stack, referral, "frontdoor.decision.%")
    metrics = (await shared_stack.get("/metrics", to="audit")).text
    assert 'frontdoor_accepted_to_audited_seconds_count{topic="referrals.received"}' in metrics
    assert 'frontdoor_audited_total{topic="referrals.received"}' in metrics
    assert 'frontdoor_audit_head_offset{partition="' in metrics
