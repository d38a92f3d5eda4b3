"""MESH, with the NHS's own sandbox and client: what comes to our mailbox is taken once, answered, and then forgotten there."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from services.intake.transports import delivery
from tests.intake import a_body
from tests.meshed import at_rest, polled
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesh_client import MeshClient

    from tests.mesh_sandbox import MeshSandbox
    from tests.stack import Database

LONG = a_body(reason={"code": "04", "text": "Low for months. " * 400})


async def test_a_referral_is_taken_answered_and_then_acknowledged(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        message_id = post.send(a_body(message_id="gp-1"))
        (answer,) = await post.answered()
        (receipt,) = await post.fetch("SELECT referral_id, sender, standard FROM intake.receipt")
        assert (receipt["sender"], receipt["standard"]) == ("gp", "json")
        assert answer["content"]["referral_id"] == str(receipt["referral_id"])
        assert answer["content"]["emergency"] is False
        told = {name: answer[name] for name in ("local_id", "workflow_id", "subject", "sender")}
        assert told == {"local_id": message_id, "workflow_id": "ANSWERS", "subject": "202", "sender": post.ours}


def _compressed_then_cut(client: MeshClient, to: str, body: bytes) -> None:
    """One gzip stream over all chunks, as a sender that compresses a file and cuts it then."""
    packed = gzip.compress(body)
    _upload(client, to, {1: packed[:50], 2: packed[50:90], 3: packed[90:]}, (2, 3), {"Content-Encoding": "gzip"})


def _out_of_order(client: MeshClient, to: str, body: bytes) -> None:
    """The last chunk before the one in the middle; MESH wants it again at the end."""
    third = len(body) // 3
    _upload(client, to, {1: body[:third], 2: body[third : 2 * third], 3: body[2 * third :]}, (3, 2, 3), {})


def _upload(
    client: MeshClient, to: str, chunks: dict[int, bytes], order: tuple[int, ...], headers: dict[str, str]
) -> None:
    """Chunks as they are, the first one first, the others in an order of the test's."""
    url, post = f"{client.mailbox_url}/outbox", client._session.post
    first = {**headers, "Mex-To": to, "Mex-WorkflowID": "REFERRALS", "Mex-Chunk-Range": f"1:{len(chunks)}"}
    url += "/" + post(url, data=chunks[1], headers=first).json()["message_id"]
    for number in order:  # one that comes too early is an error of the sandbox's, which hangs up then
        told = {**headers, "Mex-Chunk-Range": f"{number}:{len(chunks)}", "Connection": "close"}
        post(f"{url}/{number}", data=chunks[number], headers=told)


def _by(**more: Any) -> Callable[[MeshClient, str, bytes], Any]:
    return lambda client, to, body: client.send_message(to, body, workflow_id="REFERRALS", **more)


WAYS: dict[str, Callable[[MeshClient, str, bytes], Any]] = {
    "whole": _by(),
    "gzip": _by(compress=True),
    "chunks": _by(max_chunk_size=1000),
    "chunks, each gzip": _by(max_chunk_size=1000, compress=True),
    "one gzip, then chunks": _compressed_then_cut,
    "chunks out of order": _out_of_order,
    "a file .gz": lambda client, to, body: _by()(client, to, gzip.compress(body)),
    "a file .gz of two parts": lambda client, to, body: _by()(
        client, to, gzip.compress(body[:99]) + gzip.compress(body[99:])
    ),
    "a file .gz, again gzip, in chunks": lambda client, to, body: _by(max_chunk_size=60, compress=True)(
        client, to, gzip.compress(body)
    ),
}


@pytest.mark.parametrize("way", WAYS)
async def test_however_the_bytes_come_they_are_the_same_referral(
    way: str, mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        body = orjson.dumps(LONG)
        with mesh.client(post.gp) as client:
            WAYS[way](client, post.ours, body)
        (answer,) = await post.answered()
        assert answer["subject"] == "202"
        (receipt,) = await post.fetch("SELECT original FROM intake.receipt")
        assert receipt["original"] == body


async def test_the_documents_own_id_finds_a_repeat_and_the_first_answer_comes_again(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        sent = [post.send(a_body(message_id="gp-1")) for _ in range(2)]
        first, second = await post.answered()
        assert first["content"] == second["content"]
        assert [first["local_id"], second["local_id"]] == sent
        assert await post.counts() == (1, 0)


async def test_without_an_id_of_its_own_a_message_is_known_by_its_id_in_mesh_however_late_it_comes_again(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        found = post.mailbox.retrieve(post.send(a_body()))
        assert found is not None
        first = await delivery.dealt_with(post.desk, post.mailbox, found, set())
        await post.fetch(
            "UPDATE intake.seen SET expires_at = expires_at - interval '2 days' WHERE expires_at < 'infinity'"
        )
        assert await delivery.dealt_with(post.desk, post.mailbox, found, set()) == first
        assert await post.counts() == (1, 0)


async def test_an_emergency_is_answered_with_phone_now(mesh: MeshSandbox, database: Database, tmp_path: Path):
    async with polled(mesh, database, tmp_path) as post:
        post.send(a_body(risk={"life_in_danger": "yes"}))
        (answer,) = await post.answered()
        assert answer["content"]["emergency"] is True
        assert "phone now" in answer["content"]["phone_now"]


async def test_mesh_is_told_that_the_mailbox_is_in_use(mesh: MeshSandbox, database: Database, tmp_path: Path):
    async with polled(mesh, database, tmp_path) as post:
        await eventually(lambda: f'"POST /messageexchange/{post.ours} HTTP/1.1" 200' in mesh.log())


async def test_what_mesh_will_not_carry_to_the_sender_is_taken_all_the_same(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        found = post.mailbox.retrieve(post.send(a_body()))
        assert found is not None
        nowhere = found._replace(sender="NOWHERE")
        assert not post.mailbox.send("NOWHERE", b"{}", "1", "202")
        await delivery.answer(
            post.mailbox, nowhere, await delivery.dealt_with(post.desk, post.mailbox, found, set()), "1"
        )
        assert await post.counts() == (1, 0)


async def test_while_mesh_is_away_nothing_is_lost(own_mesh: MeshSandbox, database: Database, tmp_path: Path):
    async with polled(own_mesh, database, tmp_path) as post:
        post.send(a_body(message_id="gp-1"))
        await post.answered()
        own_mesh.kill()
        own_mesh.start()
        post.send(a_body(message_id="gp-2"))
        assert len(await post.answered()) == 2
        assert await post.counts() == (2, 0)


async def test_whoever_lost_the_connection_that_holds_the_lock_takes_it_again(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        post.send(a_body(message_id="gp-1"))
        await post.answered()
        await post.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'frontdoor_intake' AND datname = current_database()"
        )
        post.send(a_body(message_id="gp-2"))
        assert len(await post.answered()) == 2
