from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import structlog

from tests.intake import ADA, Desk, a_body, intake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stack import Database


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with intake(database, tmp_path) as open_desk:
        yield open_desk


async def test_a_person_and_a_reason_are_enough(desk: Desk):
    answer = await desk.post("/referrals", {"person": ADA, "reason": {"text": "low"}})
    assert answer.status_code == 202
    told = answer.json()
    assert told["status_url"] == f"/referrals/{told['referral_id']}"
    assert (told["emergency"], told["warnings"]) == (False, [])
    assert (await desk.get(told["status_url"])).json()["status"] == "taken"


async def test_what_is_taken_is_kept_with_its_event(desk: Desk):
    body = b' {"person": {"nhs_number": "9434765919", "name": "Ada Example"}, "reason": {"code": "04"}}'
    told = (await desk.post("/referrals", body)).json()
    (receipt,) = await desk.database.fetch("SELECT * FROM intake.receipt")
    assert receipt["original"] == body
    (digest,) = await desk.database.fetch("SELECT * FROM intake.digests")
    assert digest["digest"] == digest["recorded"] == receipt["digest"]
    (event,) = await desk.events()
    assert (event["referral_id"], event["sequence"]) == (told["referral_id"], 1)
    assert receipt["digest"].encode() in event["headers"]
    assert b"9434765919" not in str(event).encode()
    assert b"Ada" not in str(event).encode()


async def test_a_repeat_gets_the_first_answer_and_is_no_second_referral(desk: Desk):
    body = a_body(message_id="m1", person={"Sam": "?"})
    first = await desk.post("/referrals", body)
    second = await desk.post("/referrals", dict(reversed(body.items())))
    assert (second.status_code, second.content) == (202, first.content)
    assert len(await desk.events()) == 1


async def test_many_repeats_at_once_are_one_referral(desk: Desk):
    with_id = [desk.post("/referrals", a_body(message_id="m1")) for _ in range(12)]
    without = [desk.post("/referrals", a_body(person={"born": "1999-01-01"})) for _ in range(12)]
    answers = await asyncio.gather(*with_id, *without)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 2
    assert len(await desk.events()) == 2


async def test_other_content_under_the_same_id_is_a_conflict_told_once(desk: Desk):
    first = await desk.refer(message_id="m1")
    answers = [await desk.post("/referrals", a_body(message_id="m1", presentation={"phq9": 9})) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].json()["code"] == "conflict"
    assert answers[0].json()["errors"][0]["path"] == "message_id"
    _, conflicting = await desk.events()
    assert (conflicting["referral_id"], conflicting["sequence"]) == (first, 2)
    assert conflicting["referral"]["presentation"] == {"phq9": 9}


async def test_the_header_is_an_id_too_and_message_id_counts_where_both_differ(desk: Desk):
    first = await desk.post("/referrals", a_body(), Idempotency_Key="k1")
    assert (await desk.post("/referrals", a_body(), Idempotency_Key="k1")).content == first.content
    both = await desk.post("/referrals", a_body(message_id="m1"), Idempotency_Key="k2")
    assert [warning["code"] for warning in both.json()["warnings"]] == ["two-message-ids"]
    again = await desk.post("/referrals", a_body(message_id="m1"), Idempotency_Key="k3")
    assert again.json()["referral_id"] == both.json()["referral_id"]


async def test_another_sources_id_is_another_id(desk: Desk):
    assert await desk.refer(message_id="m1") != await desk.refer("other-gp", message_id="m1")


async def test_content_alone_is_a_repeat_for_a_day_and_then_a_new_referral_linked_to_the_old(desk: Desk):
    first = await desk.refer()
    assert await desk.refer() == first
    for column, table in (("expires_at", "seen"), ("received_at", "receipt")):
        await desk.database.fetch(f"UPDATE intake.{table} SET {column} = {column} - interval '25 hours'")
    second = await desk.refer()
    assert second != first
    assert (await desk.events(second))[0]["linked_to"] == first


async def test_what_was_cancelled_and_is_sent_again_is_a_new_referral_linked_to_the_old(desk: Desk):
    first = await desk.refer()
    await desk.post(f"/referrals/{first}/cancellations", {"reason": "sent-in-error"})
    again = set(await asyncio.gather(*(desk.refer() for _ in range(6))))
    assert len(again) == 1 and first not in again
    (received,) = await desk.events(*again)
    assert received["linked_to"] == first


async def test_what_was_closed_and_is_sent_again_is_a_new_referral(desk: Desk):
    first = await desk.refer()
    await desk.decide(first, "talking-therapies-step-2", status="closed", outcome="closed")
    assert await desk.refer() != first


async def test_what_was_cancelled_and_then_held_after_all_is_still_the_first(desk: Desk):
    first = await desk.refer()
    await desk.post(f"/referrals/{first}/cancellations", {"reason": "sent-in-error"})
    await desk.decide(first, "hub", status="held", hold_reason="after-withdrawal")
    assert await desk.refer() == first


async def test_what_was_cancelled_stays_cancelled_when_its_own_message_comes_again(desk: Desk):
    first = await desk.refer(message_id="m1")
    await desk.post(f"/referrals/{first}/cancellations", {"reason": "sent-in-error"})
    assert await desk.refer(message_id="m1") == first


async def test_the_same_content_under_a_new_id_is_a_new_linked_referral(desk: Desk):
    first, second = await desk.refer(message_id="m1"), await desk.refer(message_id="m2")
    assert first != second
    assert (await desk.events(second))[0]["linked_to"] == first


async def test_every_line_of_a_request_names_its_trace_and_the_referral_of_its_address(desk: Desk):
    mine, trace = await desk.refer(), "0af7651916cd43dd8448eb211c80319c"
    await desk.database.fetch("ALTER TABLE intake.outbox RENAME TO gone")
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        await desk.post(f"/referrals/{mine}/amendments", {"risk": {"life_in_danger": "yes"}}, **headers)
        await desk.get(f"/referrals/{mine}/record", "hub", X_Purpose="direct-care", **headers)
    assert [line["event"] for line in lines] == ["emergency", "request failed", "request failed"]
    assert {(line["referral_id"], line["traceparent"].split("-")[1]) for line in lines} == {(mine, trace)}


async def test_a_line_of_one_request_does_not_name_another(desk: Desk):
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        await desk.get(f"/referrals/{uuid4()}")
        await desk.post("/referrals", {"risk": {"life_in_danger": "yes"}}, traceparent="Ada Example")
    (line,) = lines
    assert line["referral_id"] is None and "Ada" not in str(line)


async def test_without_a_person_or_a_reason_it_is_refused_and_nothing_kept(desk: Desk):
    answer = await desk.post("/referrals", {"person": {"name": "Ada Example"}})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["path"] for fault in answer.json()["errors"]] == ["person", "reason"]
    assert await desk.events() == []


@pytest.mark.parametrize("path", ["", "/record", "/amendments", "/cancellations", "/outcomes"])
async def test_a_foreign_referral_and_a_missing_one_look_the_same(desk: Desk, path: str):
    mine, missing = await desk.refer(), str(uuid4())
    key = "therapies" if path in {"/record", "/outcomes"} else "other-gp"
    body = {"kind": "accepted", "by": {"name": "D", "role": "lead"}, "risk": {"means": "no"}}

    async def ask(referral_id: str) -> tuple[int, str]:
        place = f"/referrals/{referral_id}{path}"
        reading = path in {"", "/record"}
        answer = await (desk.get(place, key, X_Purpose="direct-care") if reading else desk.post(place, body, key))
        return answer.status_code, answer.text

    assert await ask(mine) == await ask(missing) == await ask("no-uuid")
    assert (await ask(mine))[0] == 404


async def test_who_may_not_do_something_learns_nothing_of_it(desk: Desk):
    assert (await desk.post("/referrals", a_body(), "nobody")).status_code == 401
    assert (await desk.post("/referrals", a_body(), "hub")).status_code == 403
    mine = await desk.refer("form")
    for referral_id in (mine, str(uuid4())):
        assert (await desk.post(f"/referrals/{referral_id}/amendments", {}, "form")).status_code == 403
        assert (await desk.post(f"/referrals/{referral_id}/outcomes", {}, "form")).status_code == 403
        assert (await desk.get(f"/referrals/{referral_id}/record", "form")).status_code == 403


async def test_a_sender_that_is_too_fast_is_told_when_to_come_again(desk: Desk):
    assert (await desk.post("/referrals", a_body(), "slow")).status_code == 202
    answer = await desk.post("/referrals", a_body(), "slow")
    assert (answer.status_code, int(answer.headers["retry-after"]) > 50) == (429, True)


async def test_a_body_that_is_too_large_is_refused(desk: Desk):
    answer = await desk.post("/referrals", b" " * 1_048_577)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_a_synthetic_source_marks_its_events(desk: Desk):
    real, rehearsed = await desk.refer(), await desk.refer("rehearsal")
    assert b"ce_synthetic" not in (await desk.events(real))[0]["headers"]
    assert b"ce_synthetic" in (await desk.events(rehearsed))[0]["headers"]
    keys = [(await desk.events(which))[0]["referral"]["person_key"] for which in (real, rehearsed)]
    assert keys[0] != keys[1], "an invented person would be a real one's history"
    assert (await desk.get(f"/referrals/{real}", "rehearsal-hub")).status_code == 404
    assert (await desk.get(f"/referrals/{rehearsed}", "hub")).status_code == 404
    assert (await desk.get(f"/referrals/{rehearsed}", "rehearsal-hub")).status_code == 200


@pytest.mark.parametrize(("source", "in_area"), [("gp", "not recorded"), ("other-gp", "no")])
async def test_where_source_practice_and_postcode_say_nothing_it_is_for_the_default_hub(
    desk: Desk, source: str, in_area: str
):
    referral_id = await desk.refer(source, person={"postcode": "ZZ99 3VZ"})
    (event,) = await desk.events(referral_id)
    assert event["locality"] == "lambeth"
    assert event["referral"].get("in_area", "not recorded") == in_area
