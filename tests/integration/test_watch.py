"""The watch over real services: whoever is not through is named, alarmed at the time of their urgency, and cleared."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from services.frontdoor.watch.differences import Kind
from services.frontdoor.watch.look import Look
from shared.errors import Transient
from shared.postgres import open_pool
from tests.builders import an_id
from tests.waiting import eventually
from tests.watching import metric, told, watching

if TYPE_CHECKING:
    from tests.stack import Database, Stack

SECRETS = {"Zephyrine", "Quillfeather", "1971-03-17", "SW2 9ZZ", "07700900317", "thunderclap"}
PERSON = {"name": {"given": "Zephyrine", "family": "Quillfeather"}, "born": "1971-03-17", "postcode": "SW2 9ZZ"}
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)
PUBLISHED = "SELECT 1 FROM intake.outbox HAVING bool_and(published_at IS NOT NULL)"
DECIDED = "SELECT 1 FROM triage.decision WHERE referral_id = $1::uuid"
AUDITED = (
    "SELECT 1 FROM audit.record WHERE referral_id = $1::uuid AND type LIKE 'frontdoor.decision.%' "
    "AND topic LIKE 'referrals.routed.%'"
)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


async def refer(stack: Stack, urgency: str | None = "3", **more: Any) -> str:
    referrer = {"organisation": "Y99001"} | ({"urgency": urgency} if urgency else {})
    body = {
        "message_id": str(uuid4()),
        "person": PERSON,
        "contact": {"phone": "07700900317"},
        "referrer": referrer,
        "reason": {"code": "04", "text": "thunderclap over Brixton"},
        "presentation": {"phq9": 14, "phq9_item9": 0},
        "risk": {"life_in_danger": "no", "suicidal": "none", "self_harm": "none", "to_others": "none"},
    }
    answer = await stack.post("/referrals", body | more, "gp")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["referral_id"])


async def through(stack: Stack, *referrals: str) -> None:
    for referral in referrals:
        await eventually(partial(stack.fetch, AUDITED, referral), 60)


def impersonal(lines: list[dict[str, Any]]) -> bool:
    return not any(secret in json.dumps(lines) for secret in SECRETS)


OPEN, OVERDUE = "frontdoor_not_accounted", "frontdoor_not_accounted_overdue"
ALLOWED = {"4": 1, None: 1, "2": 15, "3": 240}  # minutes, by what the referrer asked


async def test_whom_triage_never_sees_is_named_alarmed_in_the_time_of_their_urgency_and_cleared_once_decided(
    stack: Stack,
) -> None:
    stack.start("intake")
    asked = {await refer(stack, urgency): (urgency or "unknown", minutes) for urgency, minutes in ALLOWED.items()}
    asked[await refer(stack, "3", risk={"life_in_danger": "yes"})] = ("1", 1)  # its sender was told to phone
    await eventually(lambda: stack.fetch(PUBLISHED), 60)
    rows = {
        str(row["referral_id"]): row for row in await stack.fetch("SELECT * FROM intake.accounting WHERE sequence = 1")
    }
    async with watching(stack.database) as watch:
        start = max(row["received_at"] for row in rows.values())
        came = await watch.twice_at(start)
        assert told(came) == [("not accounted for", Kind.NOT_DECIDED)] * 5
        assert {line["referral_id"]: line["urgency"] for line in came} == {r: asked[r][0] for r in asked}
        assert {line["event_id"] for line in came} == {str(row["event_id"]) for row in rows.values()}
        where = {(line["step"], line["owner"], line["locality"]) for line in came}
        assert where == {("Kafka to triage", "hub", "lambeth")}
        assert (metric(OPEN, reason="not decided"), metric(OVERDUE)) == (5, 0)
        overs = {referral: rows[referral]["received_at"] + minutes * MINUTE for referral, (_, minutes) in asked.items()}
        for referral, over in sorted(overs.items(), key=lambda each: each[1]):
            before, after = await watch.at(over - SECOND / 1000), await watch.at(over)
            assert referral not in {line["referral_id"] for line in before}
            assert [line["event"] for line in after if line["referral_id"] == referral] == ["not accounted for in time"]
            assert metric(OVERDUE, urgency=asked[referral][0], owner="hub", locality="lambeth") >= 1
            assert impersonal([*before, *after])
        stack.start("triage", "audit")
        await through(stack, *asked)
        cleared = await watch.at(start + dt.timedelta(days=1))
        assert {line["referral_id"] for line in cleared if line["event"] == "accounted for"} == set(asked)
        assert metric(OPEN) == metric(OVERDUE) == 0
        assert impersonal([*came, *cleared])


async def test_what_says_nothing_of_urgency_is_as_urgent_as_the_person(stack: Stack) -> None:
    stack.start("intake")
    referral = await refer(stack, "3")
    await stack.post(f"/referrals/{referral}/cancellations", {"reason": "moved-away"})
    await eventually(lambda: stack.fetch(PUBLISHED), 60)
    async with watching(stack.database) as watch:
        assert [line["urgency"] for line in await watch.twice_at(now())] == ["3", "3"]


async def test_an_outage_of_audit_and_what_happens_meanwhile_is_followed_to_its_end(stack: Stack) -> None:
    """Also what was taken long before the watch came: a look at everything names it."""
    stack.start("intake", "triage")
    old = await refer(stack)
    await eventually(lambda: stack.fetch(DECIDED, old), 60)
    await stack.fetch("UPDATE intake.receipt SET received_at = received_at - interval '2 hours'")
    await stack.fetch("UPDATE triage.decision SET decided_at = decided_at - interval '2 hours'")
    newer = await refer(stack)
    await eventually(lambda: stack.fetch(DECIDED, newer), 60)
    async with watching(stack.database) as watch:
        new = await refer(stack)
        await eventually(lambda: stack.fetch(DECIDED, new), 60)
        await eventually(
            lambda: stack.fetch("SELECT 1 FROM triage.output HAVING bool_and(published_at IS NOT NULL)"), 60
        )
        lines = await watch.twice_at(now())
        found = {(line["referral_id"], line["kind"]) for line in lines if line["event"] == "not accounted for"}
        assert found >= {(old, Kind.NOT_AUDITED), (new, Kind.NOT_AUDITED)}
        stack.start("audit")
        await through(stack, old, new)
        told_then = told(await watch.at(now()))
        assert ("accounted for", Kind.NOT_AUDITED) in told_then
        assert metric(OPEN) == 0


TWICE = """
ALTER TABLE triage.output DROP CONSTRAINT IF EXISTS output_cause_id_fkey;
ALTER TABLE triage.decision DROP CONSTRAINT IF EXISTS decision_pkey;
INSERT INTO triage.decision
SELECT cause_id, gen_random_uuid(), referral_id, sequence + 1, kind, destination, urgency, ruleset_hash, document, {when}
FROM triage.decision AS d
WHERE EXISTS (SELECT FROM intake.receipt WHERE event_id = d.cause_id)
GROUP BY d.cause_id, d.referral_id, d.sequence, d.kind, d.destination, d.urgency, d.ruleset_hash, d.document
HAVING (SELECT count(*) FROM triage.decision AS other WHERE other.cause_id = d.cause_id) = 1 LIMIT 1
"""


FORGED = (
    """INSERT INTO triage.decision SELECT $1, gen_random_uuid(), referral_id, 99, kind, destination, urgency, ruleset_hash,
    document, now() FROM triage.decision LIMIT 1""",
    "INSERT INTO triage.output SELECT gen_random_uuid(), $1, topic, partition, headers, now(), 0 FROM triage.output LIMIT 1",
)


async def test_decisions_that_cannot_be_are_found_at_once_whoever_planted_them_and_whenever_they_say(
    stack: Stack,
) -> None:
    stack.start("intake", "triage", "audit")
    await through(stack, await refer(stack), await refer(stack))
    async with watching(stack.database) as watch:
        assert await watch.twice_at(now()) == []
        for statement in FORGED:
            await stack.fetch(statement, an_id("forged"))
        lines = [line for line in await watch.twice_at(now()) if line["kind"] == Kind.NO_RECEIPT]
        assert [line["event"] for line in lines] == ["not accounted for", "not accounted for in time"]
        assert {line["event_id"] for line in lines} == {str(an_id("forged"))}
        for when in ("now()", "now() - interval '1 day'"):
            for statement in TWICE.format(when=when).split(";"):
                await stack.fetch(statement)
        await watch.rounds.whole()
        lines = [line for line in await watch.twice_at(now()) if line["kind"] == Kind.DECIDED_TWICE]
        assert sorted(line["event"] for line in lines) == ["not accounted for"] * 2 + ["not accounted for in time"] * 2
        assert metric(OVERDUE, reason="two decisions for one cause") == 2
        assert impersonal(lines)


async def test_nobody_answers_in_half_of_the_time_and_in_all_of_it_until_the_team_accepts(stack: Stack) -> None:
    stack.start("intake", "triage", "audit")
    routed, held = await refer(stack), await refer(stack, risk={"life_in_danger": "no", "suicidal": "unmapped!"})
    await through(stack, routed, held)
    rows = {str(row["referral_id"]): row for row in await stack.fetch("SELECT * FROM triage.standing")}
    assert {rows[routed]["status"], rows[held]["status"]} == {"routed", "held"}
    async with watching(stack.database) as watch:
        for referral in (held, routed):
            began, due = rows[referral]["decided_at"], rows[referral]["due_at"]
            for at, stage in ((began + (due - began) / 2 + SECOND, "half"), (due, "over")):
                lines = [line for line in await watch.at(at) if line.get("referral_id") == referral]
                assert told(lines) == [("not answered", stage)]
                assert (lines[0]["destination"], lines[0]["owner"]) == (rows[referral]["destination"], "hub")
                assert metric("frontdoor_unanswered", stage=stage, destination=rows[referral]["destination"]) >= 1
                assert impersonal(lines)
        by = {"name": "A Clinician", "role": "nurse", "registration": "12A3456E"}
        await stack.post(f"/referrals/{routed}/outcomes", {"kind": "accepted", "by": by}, "team")
        await eventually(lambda: stack.fetch("SELECT 1 FROM triage.standing WHERE status = 'accepted'"), 60)
        answered = [line for line in await watch.at(rows[routed]["due_at"]) if line["event"] == "answered"]
        assert [line["referral_id"] for line in answered] == [routed]
        assert metric("frontdoor_unanswered", status="routed") == 0
        assert metric("frontdoor_unanswered", status="held", stage="over") == 1


async def test_a_parked_person_is_named_as_such_though_neither_event_nor_decision_can_be_read(stack: Stack) -> None:
    stack.start("intake", "triage", "audit")
    await through(stack, whole := await refer(stack))
    stack.stop("intake")
    stack.start("intake", kafka="127.0.0.1:1")  # takes referrals, and its relay reaches nobody
    referral = await refer(stack, "2")
    stack.stop("intake")
    await stack.fetch("UPDATE intake.outbox SET value = '\\xff' WHERE published_at IS NULL")
    stack.start("intake")
    await eventually(lambda: stack.fetch("SELECT 1 FROM triage.parked"), 60)
    await through(stack, referral)
    (row,) = await stack.fetch("SELECT event_id FROM intake.accounting WHERE referral_id = $1::uuid", referral)
    await stack.fetch("UPDATE triage.decision SET document = '{\"status' WHERE referral_id = $1::uuid", whole)
    async with watching(stack.database) as watch:
        lines = await watch.twice_at(now())
        assert [(line["kind"], line["event_id"]) for line in lines if "kind" in line] == [
            (Kind.PARKED, str(row["event_id"]))
        ]
        assert [line["referral_id"] for line in lines if line.get("stage") == "over"] == [whole]
        alarm = await watch.at(now() + 15 * MINUTE)
        assert [line["event"] for line in alarm if "kind" in line] == ["not accounted for in time"]
        assert impersonal([*lines, *alarm])


async def test_it_runs_as_a_process_that_reads_nothing_again_and_stops_when_asked(stack: Stack) -> None:
    stack.start("intake", "triage", "audit", "watch")
    await through(stack, await refer(stack))
    async with watching(stack.database) as watch:
        await watch.at(now())
        await stack.fetch("REVOKE SELECT ON audit.accounting FROM frontdoor_reader")  # so that reading it would fail
        assert await watch.at(now()) == []
        await stack.fetch("GRANT SELECT ON audit.accounting TO frontdoor_reader")
    async with httpx.AsyncClient(base_url=stack.url("watch")) as client:
        for path in ("/live", "/ready", "/metrics"):
            assert (await client.get(path)).status_code == 200
        assert "frontdoor_not_accounted" in (await client.get("/metrics")).text
    assert stack.stop("watch") == 0
    assert json.loads(stack.logs("watch").splitlines()[-1])["event"] == "stopped"


async def test_postgres_away_is_waited_out_and_said(database: Database) -> None:
    pool = await open_pool(database.dsn("frontdoor_reader"), "watch", 2)
    await pool.close()
    with pytest.raises(Transient):
        await Look(pool).at(now())
