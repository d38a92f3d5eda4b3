"""What fails by no fault of the message: it stays in MESH, holds nobody up, is seen to wait, and is taken in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from prometheus_client import REGISTRY

from services.intake.sources.forms import FORMS
from tests.intake import a_body
from tests.meshed import UNSETTLED, at_rest, polling
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.mesh_sandbox import MeshSandbox
    from tests.stack import Database

FAILS = (
    "CREATE FUNCTION intake.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a bug'; END $$",
    """CREATE TRIGGER fail BEFORE INSERT ON intake.receipt FOR EACH ROW
    WHEN (position('this fails'::bytea IN NEW.original) > 0) EXECUTE FUNCTION intake.fail()""",
)


async def test_a_message_that_fails_by_a_fault_of_ours_stays_in_mesh_and_holds_nobody_up(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        for statement in FAILS:
            await database.fetch(statement)
        failing = post.send(a_body(reason={"text": "this fails"}))
        post.send(a_body(message_id="gp-2"))
        async with polling(post):
            await eventually(lambda: mesh.waiting(post.ours) == [failing])
            assert await post.counts() == (1, 0)
            assert REGISTRY.get_sample_value("frontdoor_mesh_messages_total", {"became": "failed"})
            assert await eventually(lambda: REGISTRY.get_sample_value("frontdoor_mesh_oldest_seconds"))
            assert len(mesh.answers(post.gp)) == 1, "nobody is told yes or no of what may still be taken"
            await database.fetch("DROP TRIGGER fail ON intake.receipt")
            assert len(await post.answered()) == 2
        assert await post.counts() == (2, 0)


async def test_a_message_that_postgresql_will_not_take_now_holds_nobody_up_for_long(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        for statement in FAILS:
            await database.fetch(statement.replace("'a bug'", "'out of memory' USING ERRCODE = '53200'"))
        waits = post.send(a_body(reason={"text": "this fails"}))
        post.send(a_body(message_id="gp-2"))
        async with polling(post):
            await eventually(lambda: mesh.waiting(post.ours) == [waits], 60)
            await database.fetch("DROP TRIGGER fail ON intake.receipt")
            assert len(await post.answered()) == 2
        assert await post.counts() == (2, 0)


async def test_in_an_emergency_the_sender_is_told_to_phone_while_the_message_waits(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        for statement in FAILS:
            await database.fetch(statement)
        message_id = post.send(a_body(reason={"text": "this fails"}, risk={"life_in_danger": "yes"}))
        async with polling(post):
            (warning,) = await eventually(lambda: mesh.answers(post.gp))
            assert warning["local_id"] == f"{message_id}.phone-now"
            assert warning["content"]["emergency"] is True
            assert mesh.waiting(post.ours) == [message_id]
            await database.fetch("DROP TRIGGER fail ON intake.receipt")
            _, taken = await post.answered()
        assert (taken["local_id"], taken["subject"]) == (message_id, "202")


async def test_where_reading_fails_by_a_fault_of_ours_the_sender_is_told_to_phone_and_nobody_is_held_up(
    mesh: MeshSandbox, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with at_rest(mesh, database, tmp_path, mesh_workflows="REFERRALS=json LETTERS=hl7v2") as post:
        monkeypatch.setitem(FORMS, "json", FORMS["json"]._replace(read=_fails_to_read))
        unread = post.send(a_body())
        letter = post.send(b"?", workflow_id="LETTERS")
        async with polling(post):
            await eventually(lambda: mesh.waiting(post.ours) == [unread])
            warning, _ = await eventually(lambda: mesh.answers(post.gp)[1:] and mesh.answers(post.gp))
            assert (warning["local_id"], warning["subject"]) == (f"{unread}.phone-now", "500")
            assert "phone now" in warning["content"]["phone_now"]
            assert [row["message_id"] for row in await post.fetch(UNSETTLED)] == [letter]


def _fails_to_read(*_: object) -> NoReturn:
    raise TypeError


async def test_a_message_that_can_never_be_retrieved_counts_among_those_that_wait(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        message_id = post.send(a_body())
        mesh.lose_chunk(post.ours, message_id, 1)
        async with polling(post):
            await eventually(lambda: REGISTRY.get_sample_value("frontdoor_mesh_oldest_seconds") > 2)  # type: ignore[operator]  # it is known
            assert mesh.waiting(post.ours) == [message_id]
            assert await post.counts() == (0, 0)


async def test_nothing_is_acknowledged_while_what_was_not_taken_cannot_be_kept(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with at_rest(mesh, database, tmp_path) as post:
        await database.fetch("REVOKE INSERT ON intake.invalid FROM frontdoor_intake")
        message_id = post.send(b"no referral")
        behind = post.send(a_body())
        async with polling(post):
            await eventually(lambda: mesh.waiting(post.ours) == [message_id])
            assert [answer["local_id"] for answer in mesh.answers(post.gp)] == [behind]
            await database.fetch("GRANT INSERT ON intake.invalid TO frontdoor_intake")
            await post.emptied()
        assert len(await post.fetch(UNSETTLED)) == 1
