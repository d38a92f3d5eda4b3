"""What comes by MESH and can never be taken: kept first, told to its sender, then acknowledged; a person settles it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import orjson
import pytest
from prometheus_client import REGISTRY

from services.intake.transports import delivery
from tests.bars import changed
from tests.intake import a_body
from tests.meshed import UNSETTLED, at_rest, polled, polling
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mesh_sandbox import MeshSandbox
    from tests.stack import Database

MARKED = "Marked-Family-Name"
BOMB = gzip.compress(b"{" + b" " * 3_000_000)
READABLE = orjson.dumps(a_body(person={"name": {"given": "Ada", "family": MARKED}}))


class Case(NamedTuple):
    """What is sent and how, and what becomes of it."""

    content: bytes
    status: int
    code: str
    how: dict[str, Any] = {}  # noqa: RUF012  (nobody changes it)


CASES = {
    "no JSON": Case(b"MSH|^~\\&|" + MARKED.encode(), 400, "unreadable"),
    "no text": Case(bytes(range(128, 256)), 400, "unreadable"),
    "blank": Case(b" ", 400, "unreadable"),
    "empty once unpacked": Case(b"", 400, "unreadable", {"compress": True}),
    "a key twice": Case(b'{"person": {}, "person": {}}', 400, "duplicate-key"),
    "no person": Case(b'{"reason": {"code": "04"}}', 422, "incomplete"),
    "no reason": Case(
        orjson.dumps({"person": a_body(person={"name": {"family": MARKED}})["person"]}), 422, "incomplete"
    ),
    "another workflow": Case(READABLE, 403, "not-allowed", {"workflow_id": "SOMETHING-ELSE"}),
    "a workflow that is no id": Case(READABLE, 403, "not-allowed", {"workflow_id": f"for {MARKED}"}),
    "gzip, cut short": Case(gzip.compress(READABLE)[:-9], 400, "unreadable"),
    "gzip, broken": Case(gzip.compress(READABLE)[:30] + bytes(40), 400, "unreadable"),
    "gzip in gzip in gzip": Case(gzip.compress(gzip.compress(READABLE)), 400, "unreadable"),
    "too large": Case(b"{" + b" " * 1_100_000, 413, "too-large"),
    "too large in chunks": Case(b"{" + b" " * 1_100_000, 413, "too-large", {"max_chunk_size": 400_000}),
    "too large once unpacked": Case(BOMB, 413, "too-large"),
    "too large once unpacked twice": Case(BOMB, 413, "too-large", {"compress": True}),
    "encrypted": Case(bytes(range(1, 200)), 400, "unreadable", {"encrypted": True}),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_is_kept_told_to_its_sender_and_acknowledged(
    name: str, mesh: MeshSandbox, database: Database, tmp_path: Path
):
    case = CASES[name]
    async with polled(mesh, database, tmp_path, mesh_max_body=1_000_000) as post:
        message_id = post.send(case.content, **case.how)
        (answer,) = await post.answered()
        (kept,) = await post.fetch(UNSETTLED)
        assert (kept["message_id"], kept["sender"], kept["source"]) == (message_id, post.gp, "gp")
        assert (kept["status"], kept["code"]) == (case.status, case.code)
        assert (answer["local_id"], answer["subject"]) == (message_id, str(case.status))
        assert answer["content"]["errors"] == json.loads(kept["problem"])["errors"]
        assert answer["content"]["code"] == case.code
        assert case.status == 422 or "in an emergency phone" in answer["content"]["detail"]
        assert await post.counts() == (0, 1)
        everywhere = [answer, *(dict(row) for row in await post.fetch("SELECT * FROM intake.invalid_messages"))]
        assert MARKED not in str(everywhere) + str(post.logs), "an answer, a log and an account name no one"
    assert {line["mesh_id"] for line in post.logs if line["event"] == "mesh message invalid"} == {message_id}


@pytest.mark.parametrize("name", ["no JSON", "another workflow", "gzip, broken", "too large", "too large in chunks"])
async def test_its_bytes_are_kept_as_far_as_they_are_taken(
    name: str, mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path, mesh_max_body=1_000_000) as post:
        post.send(CASES[name].content, **CASES[name].how)
        await post.emptied()
        (kept,) = await post.fetch("SELECT original FROM intake.invalid")
        assert kept["original"] == CASES[name].content[: len(kept["original"])]
        assert len(kept["original"]) > min(len(CASES[name].content) - 1, 900_000)


async def test_a_message_whose_chunk_is_missing_is_not_taken_in_part(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        lines = b"\n".join([READABLE, b" " * 900])
        message_id = post.send(lines, max_chunk_size=len(READABLE))
        mesh.lose_chunk(post.ours, message_id, 2)
        async with polling(post):
            (answer,) = await post.answered()
        assert (answer["subject"], answer["content"]["code"]) == ("400", "unreadable")
        assert await post.counts() == (0, 1)


async def test_what_a_strangers_mailbox_sends_is_kept_and_the_stranger_is_told_to_phone(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        message_id = post.send(READABLE, sender=post.stranger)
        (answer,) = await post.answered(post.stranger)
        assert (answer["local_id"], answer["subject"], answer["content"]["code"]) == (message_id, "401", "unauthorised")
        assert "in an emergency phone" in answer["content"]["detail"]
        (kept,) = await post.fetch(UNSETTLED)
        assert (kept["sender"], kept["source"], kept["original"]) == (post.stranger, None, READABLE)
        await eventually(lambda: REGISTRY.get_sample_value("frontdoor_invalid_unsettled") == 1)
        assert await post.counts() == (0, 1)


async def test_other_content_under_a_known_id_is_a_conflict_that_a_person_sees(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        post.send(a_body(message_id="gp-1"))
        await post.answered()
        post.send(a_body(message_id="gp-1", presentation={"phq9": 20}))
        first, second = await post.answered()
        assert (first["subject"], second["subject"]) == ("202", "409")
        assert second["content"]["referral_id"] == first["content"]["referral_id"]
        kinds = await post.fetch("SELECT kind FROM intake.receipt ORDER BY sequence")
        assert [row["kind"] for row in kinds] == ["received", "conflicting"]
        assert await post.counts() == (1, 1)


async def test_an_emergency_that_is_refused_is_marked_and_answered_so(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        post.send({"risk": {"life_in_danger": "yes"}})
        post.send({"risk": {"life_in_danger": "no"}})
        post.send(b"?")
        answers = await post.answered()
        assert [answer["content"].get("emergency") for answer in answers] == [True, None, None]
        assert [row["emergency"] for row in await post.fetch(UNSETTLED)] == [True, False, False]
        assert "phone now" in answers[0]["content"]["phone_now"]


async def test_of_an_emergency_that_cannot_be_read_the_sender_is_told_to_phone(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    bundle = json.loads(changed("new-referral.json", ServiceRequest={"priority": "stat"}))
    bundle["entry"][0]["resource"]["focus"][0]["reference"] = "urn:uuid:nothing-in-it"
    async with polled(mesh, database, tmp_path, mesh_workflows="REFERRALS=bars FORMS=json LETTERS=hl7v2") as post:
        post.send(bundle)
        post.send(b"?", workflow_id="FORMS")
        post.send(b"?", workflow_id="LETTERS")
        broken, form, letter = await post.answered()
        assert (broken["subject"], "phone now" in str(broken["content"])) == ("422", True)
        assert (form["subject"], "phone now" in form["content"]["phone_now"]) == ("400", True)
        assert b"phone now" in letter["content"]
        assert await post.counts() == (0, 3)


async def test_what_is_itself_an_answer_is_kept_and_never_answered(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        for workflow in ("ANSWERS", "REFERRALS_ACK"):
            post.send(b"thank you", workflow_id=workflow)
        mesh.undelivered(post.ours)
        async with polling(post):
            assert await post.answered() == []
        rows = await post.fetch("SELECT code FROM intake.invalid ORDER BY code")
        assert [row["code"] for row in rows] == ["not-allowed", "not-allowed", "undelivered"]


async def test_a_bad_message_holds_nobody_up(mesh: MeshSandbox, database: Database, tmp_path: Path):
    async with at_rest(mesh, database, tmp_path) as post:
        for case in CASES.values():
            post.send(case.content, **case.how)
        post.send(a_body())
        async with polling(post):
            answers = await post.answered()
        assert len(answers) == len(CASES) + 1
        assert answers[-1]["subject"] == "202"


async def test_one_that_comes_again_before_it_is_acknowledged_is_kept_once(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        found = post.mailbox.retrieve(post.send(b"?"))
        assert found is not None
        first, second = [await delivery.dealt_with(post.desk, post.mailbox, found, set()) for _ in range(2)]
        assert first == second
        assert await post.counts() == (0, 1)


async def test_a_person_settles_a_message_with_a_reason_and_its_bytes_may_go_then(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        message_id = post.send(b"?")
        await post.emptied()
    service, disposer = [await asyncpg.connect(database.dsn(f"frontdoor_{role}")) for role in ("intake", "disposer")]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("SELECT intake.settle($1, 'no reason')", message_id)
    with pytest.raises(asyncpg.RaiseError, match="with a reason"):
        await disposer.execute("SELECT intake.settle($1, ' ')", message_id)
    assert await disposer.fetchval("SELECT intake.settle($1, 'the practice sent it again')", message_id) == 1
    assert await disposer.fetchval("SELECT original FROM intake.invalid") == b"?"
    settled_at = await disposer.fetchval("SELECT settled_at FROM intake.invalid")
    assert await disposer.fetchval("SELECT intake.settle($1, 'its bytes may go', dispose => true)", message_id) == 1
    assert await database.fetch("SELECT intake.settle('" + message_id + "', 'another reason')")
    assert await disposer.fetchval("SELECT settled_at FROM intake.invalid") == settled_at
    row = await disposer.fetchrow("SELECT settled_by, settled_reason, original FROM intake.invalid")
    assert tuple(row or ()) == ("frontdoor_disposer", "the practice sent it again", None)
    for connection in (service, disposer):
        await connection.close()
