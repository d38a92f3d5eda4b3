"""Senders are told what became of their referrals: none lost, in order, at listed addresses alone, and given up in sight."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from services.frontdoor.cli import call, parser_of
from services.intake.store import SQL
from services.intake.transports import replies
from services.intake.transports.replies import Replies
from shared.health import Health
from tests.bars import Ids, changed, parsed, post, request_id
from tests.bars_replies import ACCEPTED, CLOSED, listening, refer, sending, superseded, unsent
from tests.receiver import Receiver
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.intake import Desk
    from tests.stack import Database


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"FIRST_PAUSE": 0.05, "LAST_PAUSE": 0.1, "STANDBY": 0.05}.items():
        monkeypatch.setattr(replies, name, seconds)


async def test_an_accepted_referral_is_told_to_its_sender_in_the_same_conversation(database: Database, tmp_path: Path):
    ids = Ids.new()
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            referral_id = await refer(desk, f"{receiver.url}/fhir/R4", ids)
            await desk.decide(referral_id, "talking-therapies-step-2")
            decision = await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
            async with sending(desk):
                await eventually(lambda: receiver.got)
                await eventually(lambda: _all_sent(desk))
    (got,) = receiver.got
    assert got.path == "/fhir/R4/$process-message"
    assert got.headers["x-correlation-id"] == ids.correlation
    assert got.headers["x-request-id"] != ids.request
    told = json.loads(got.body)
    assert parsed(got.body).type == "message"
    header, request, encounter = (entry["resource"] for entry in told["entry"])
    assert header["eventCoding"]["code"] == "servicerequest-response"
    assert header["response"]["identifier"] == json.loads(changed("new-referral.json"))["id"]
    assert (request["id"], request["status"], encounter["status"]) == (referral_id, "active", "in-progress")
    assert decision is not None
    assert not [word for word in (b"Ada", b"Example", b"9990000018", b"Low mood") if word in got.body]


async def _all_sent(desk: Desk) -> bool:
    return not await unsent(desk)


async def test_a_reply_is_tried_again_with_the_same_ids_and_bytes_until_it_is_taken_and_a_duplicate_is_taken(
    database: Database, tmp_path: Path
):
    duplicate = json.dumps({"issue": [{"code": "duplicate"}]}).encode()
    with Receiver((503, b""), (307, b""), (422, b"no"), (409, duplicate)) as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            referral_id = await refer(desk, f"{receiver.url}/fhir")
            await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
            async with sending(desk):
                await eventually(lambda: _all_sent(desk))
    assert len(receiver.got) == 4
    assert {got.path for got in receiver.got} == {"/fhir/$process-message"}  # no redirect is followed
    assert len({(got.body, got.headers["x-request-id"]) for got in receiver.got}) == 1


async def test_news_of_one_referral_come_in_order_though_the_first_fails(database: Database, tmp_path: Path):
    with Receiver((500, b""), (500, b"")) as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            referral_id = await refer(desk, f"{receiver.url}/fhir")
            await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
            await desk.decide(referral_id, "talking-therapies-step-2", **CLOSED)
            async with sending(desk):
                await eventually(lambda: _all_sent(desk))
    statuses = [json.loads(got.body)["entry"][1]["resource"]["status"] for got in receiver.got]
    assert statuses == ["active", "active", "active", "completed"]


async def test_news_that_is_noted_after_newer_news_was_sent_is_never_sent(database: Database, tmp_path: Path):
    before = superseded()
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            referral_id = await refer(desk, f"{receiver.url}/fhir")
            async with sending(desk):
                await desk.decide(referral_id, "talking-therapies-step-2", sequence=3, **CLOSED)
                await eventually(lambda: _all_sent(desk))
                await desk.decide(referral_id, "talking-therapies-step-2", sequence=2, **ACCEPTED)
                await eventually(lambda: superseded() == before + 1)
                assert [row["outcome"] for row in await unsent(desk) if row["superseded_at"]] == ["accepted"]
    (got,) = receiver.got
    assert json.loads(got.body)["entry"][1]["resource"]["status"] == "completed"


async def test_a_source_with_many_replies_due_leaves_the_others_their_turn(database: Database, tmp_path: Path):
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            for number in range(4):
                await refer_anew(desk, receiver, number)
            newest = await database.fetch("SELECT max(next_at) AS at FROM intake.reply")
            await database.fetch("UPDATE intake.reply SET source = 'other' WHERE next_at = $1", newest[0]["at"])
            due = await database.fetch(SQL.replies_due, dt.datetime.now(dt.UTC), 2)
    assert {row["source"] for row in due} == {"gp", "other"}


async def test_a_decision_that_is_noted_again_is_told_once(database: Database, tmp_path: Path):
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            referral_id = await refer(desk, f"{receiver.url}/fhir")
            await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
            desk._decided -= 1
            await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
            assert len(await unsent(desk)) == 1


async def test_two_instances_send_one_reply_once_and_the_second_goes_on_where_the_first_ends(
    database: Database, tmp_path: Path
):
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            mine = [await refer_anew(desk, receiver, number) for number in range(12)]
            async with sending(desk):
                async with sending(desk):
                    await eventually(lambda: _all_sent(desk))
                await desk.decide(mine[0], "talking-therapies-step-2", **CLOSED)
                await eventually(lambda: _all_sent(desk))
    assert len(receiver.got) == 13


async def refer_anew(desk: Desk, receiver: Receiver, number: int) -> str:
    identifier = [{"system": "https://gp.example/referral", "value": f"REF-{number}"}]
    source = {"name": "Example Surgery", "endpoint": f"{receiver.url}/fhir"}
    body = changed("new-referral.json", MessageHeader={"source": source}, ServiceRequest={"identifier": identifier})
    referral_id = request_id((await post(desk, body)).content)
    await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
    return referral_id


async def test_what_nobody_takes_is_given_up_and_listed(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    with Receiver(*[(500, b"")] * 50) as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            referral_id = await refer(desk, f"{receiver.url}/fhir")
            await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
            monkeypatch.setenv("FRONTDOOR_READER_DSN", database.dsn("frontdoor_reader"))
            assert await listed() == 0
            assert "1 waiting, 0 given up" in capsys.readouterr().out
            async with sending(desk, reply_for=0.2):
                await eventually(lambda: _given_up(desk))
            assert await listed() == 1
            shown = capsys.readouterr().out
            assert referral_id in shown
            assert "http-500" in shown
            assert await listed("--json") == 1


async def listed(*arguments: str) -> int:
    parsed_arguments = parser_of(()).parse_args(["replies", *arguments])
    return await asyncio.to_thread(call, parsed_arguments)


async def _given_up(desk: Desk) -> list[Any]:
    return [row for row in await unsent(desk) if row["given_up_at"]]


async def test_an_address_that_is_not_listed_is_told_to_the_sender_and_never_written_to(
    database: Database, tmp_path: Path
):
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            source = {"endpoint": f"{receiver.url}/other"}
            answer = await post(desk, changed("new-referral.json", MessageHeader={"source": source}))
            assert "source.endpoint" in answer.text
            await desk.decide(request_id(answer.content), "talking-therapies-step-2", **ACCEPTED)
            assert await unsent(desk) == []


async def test_an_address_that_the_settings_list_no_more_is_not_written_to(database: Database, tmp_path: Path):
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            referral_id = await refer(desk, f"{receiver.url}/fhir")
            await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
            await database.fetch(
                "UPDATE intake.reply SET reply_to = jsonb_set(reply_to, '{endpoint}', '\"http://127.0.0.1:9/x\"')"
            )
            async with sending(desk):
                await eventually(lambda: _tried(desk))
            (row,) = await unsent(desk)
            assert row["last"] == "not-allowed"
            assert receiver.got == []


@pytest.mark.parametrize("spoilt", ["{}", '{"endpoint": 7}', "[]"])
async def test_a_reply_that_cannot_be_made_is_noted_and_holds_up_no_other(
    database: Database, tmp_path: Path, spoilt: str
):
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            await refer_anew(desk, receiver, 1)
            await database.fetch("UPDATE intake.reply SET reply_to = $1", spoilt)
            await refer_anew(desk, receiver, 2)
            async with sending(desk):
                await eventually(lambda: receiver.got)
                await eventually(lambda: _tried(desk))
            (row,) = await unsent(desk)
            assert row["last"] in {"KeyError", "TypeError"}


async def _tried(desk: Desk) -> bool:
    return bool((await unsent(desk))[0]["tries"] > 0)


async def test_a_sender_that_is_killed_while_it_sends_leaves_the_reply_to_the_next(database: Database, tmp_path: Path):
    """The receiver has it and our note is lost: it comes again, with the ids by which it is known."""
    with Receiver() as receiver:
        async with listening(database, tmp_path, receiver) as desk:
            referral_id = await refer(desk, f"{receiver.url}/fhir")
            await desk.decide(referral_id, "talking-therapies-step-2", **ACCEPTED)
            holder = await asyncpg.connect(database.dsn())
            await holder.execute("BEGIN; SELECT * FROM intake.reply FOR UPDATE")
            stop = asyncio.Event()
            task = asyncio.create_task(
                Replies(desk.settings, desk.store._pool, desk.whole.senders, Health(30)).run(stop)
            )
            await eventually(lambda: receiver.got)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await holder.close()
            async with sending(desk):
                await eventually(lambda: _all_sent(desk))
    assert len(receiver.got) >= 2
    assert len({(got.body, got.headers["x-request-id"]) for got in receiver.got}) == 1
