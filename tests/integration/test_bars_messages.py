"""BaRS on a real database: new, validation, update, cancel, a team's response; repeats, conflicts and every failure."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from tests.bars import EXPECTED, Ids, changed, issue, post, request_id, sample, understood
from tests.intake import intake
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.intake import Desk
    from tests.stack import Database


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with intake(database, tmp_path) as open_desk:
        yield open_desk


async def refer(desk: Desk, number: str = "REF-1") -> str:
    """A referral that is taken; our id, as it is answered."""
    answer = await post(desk, numbered("new-referral.json", number))
    assert answer.status_code == 200, answer.text
    return request_id(answer.content)


def numbered(name: str, number: str, own_id: str | None = None) -> bytes:
    identifier = [{"system": "https://gp.example/referral", "value": number}]
    return changed(name, ServiceRequest={"identifier": identifier, "id": own_id})


async def test_each_sample_is_answered_as_the_table_says(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        wrong = {}
        for name, row in EXPECTED.items():
            answer = await post(desk, sample(name).replace(b"REF-1", name.encode()), row.get("sender", "gp"))
            told = issue(answer.content)[0] if answer.status_code != 200 else None
            if (answer.status_code, told) != (row["status"], row.get("issue")):
                wrong[name] = answer.text
        assert wrong == {}
        (count,) = await database.fetch("SELECT count(*) FROM intake.receipt")
        assert count[0] == sum(row["status"] == 200 for row in EXPECTED.values())


async def test_a_new_referral_is_answered_with_the_id_under_which_it_is_kept(desk: Desk):
    referral_id = await refer(desk)
    (event,) = await desk.events(referral_id)
    assert event["referral"]["person"]["ethnic_category"] == "M"
    rows = await desk.database.fetch("SELECT standard, original FROM intake.receipt")
    assert [(row["standard"], json.loads(row["original"])["type"]) for row in rows] == [("bars", "message")]


async def test_an_update_quotes_our_id_and_changes_the_referral(desk: Desk):
    referral_id = await refer(desk)
    update = changed("update-active.json", ServiceRequest={"id": referral_id, "identifier": None, "priority": "urgent"})
    answer = await post(desk, update)
    assert request_id(answer.content) == referral_id
    assert (await desk.events(referral_id))[-1]["referral"]["referrer"]["urgency"] == "2"


async def test_an_update_that_quotes_an_id_of_its_own_is_known_by_the_identifier(desk: Desk):
    referral_id = await refer(desk)
    answer = await post(desk, numbered("update-on-hold.json", "REF-1", str(uuid4())))
    assert request_id(answer.content) == referral_id


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cancel-update-revoked.json", "not recorded"),
        ("cancel-delete-revoked.json", "not recorded"),
        ("cancel-without-servicerequest-id.json", "not recorded"),
        ("cancel-update-entered-in-error.json", "sent-in-error"),
        ("cancel-delete-entered-in-error.json", "sent-in-error"),
    ],
)
async def test_each_published_shape_of_a_cancellation_withdraws_and_keeps_its_reason(
    desk: Desk, name: str, reason: str
):
    referral_id = await refer(desk)
    for body in (numbered(name, "REF-1"),):
        answer = await post(desk, body)
        assert (answer.status_code, request_id(answer.content)) == (200, referral_id)
    assert (await desk.events(referral_id))[-1]["reason"] == reason


async def test_a_cancellation_with_our_id_and_no_identifier_withdraws(desk: Desk):
    referral_id = await refer(desk)
    body = changed("cancel-update-revoked.json", ServiceRequest={"id": referral_id, "identifier": None})
    assert (await post(desk, body)).status_code == 200


async def test_the_same_pair_again_is_a_duplicate_that_names_the_referral_and_counts_once(desk: Desk):
    ids = Ids.new()
    first = await post(desk, sample("new-referral.json"), ids=ids)
    upper = Ids(ids.request.upper(), ids.correlation.upper())
    for again in (ids, upper):
        answer = await post(desk, sample("new-referral.json"), ids=again)
        assert (answer.status_code, issue(answer.content)) == (409, ("duplicate", "REC_CONFLICT"))
        assert request_id(first.content) in answer.text
    assert len(await desk.events()) == 1


async def test_the_same_content_under_new_ids_is_a_message_of_its_own(desk: Desk):
    for number in ("REF-1", "REF-1", "REF-2"):
        assert (await post(desk, numbered("new-referral.json", number))).status_code == 200
    kinds = await desk.database.fetch("SELECT kind FROM intake.receipt ORDER BY received_at")
    assert [row["kind"] for row in kinds] == ["received", "amended", "received"]


async def test_the_same_pair_with_other_content_is_a_conflict_that_a_person_sees(desk: Desk):
    ids = Ids.new()
    await post(desk, sample("new-referral.json"), ids=ids)
    answer = await post(desk, sample("flag-domestic-abuse.json"), ids=ids)
    assert (answer.status_code, issue(answer.content)) == (409, ("conflict", "REC_CONFLICT"))
    assert len(await desk.events()) == 2


@asynccontextmanager
async def receipts_withheld(desk: Desk) -> AsyncIterator[None]:
    """Within it PostgreSQL keeps every receipt waiting."""
    connection = await asyncpg.connect(desk.database.dsn())
    async with connection.transaction():
        await connection.execute("LOCK TABLE intake.receipt IN ACCESS EXCLUSIVE MODE")
        yield
    await connection.close()


WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'intake.receipt'::regclass"


async def test_while_the_first_is_in_flight_the_same_pair_is_too_early_and_later_a_duplicate(desk: Desk):
    ids = Ids.new()
    async with receipts_withheld(desk):
        first = asyncio.create_task(post(desk, sample("new-referral.json"), ids=ids))
        await eventually(lambda: desk.database.fetch(WAITING))
        early = await post(desk, sample("new-referral.json"), ids=ids)
        assert (early.status_code, issue(early.content)) == (425, ("duplicate", "REC_TOO_EARLY"))
        assert "phone" in early.text
    assert (await first).status_code == 200
    assert (await post(desk, sample("new-referral.json"), ids=ids)).status_code == 409


async def test_what_takes_too_long_is_a_timeout_and_a_retry_with_the_same_ids_is_safe(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.intake.transports.bars.SECONDS", 0.5)
    ids, body = Ids.new(), sample("priority-stat.json")
    async with receipts_withheld(desk):
        late = await post(desk, body, ids=ids)
        assert (late.status_code, issue(late.content)) == (408, ("timeout", "REC_TIMEOUT"))
        assert "999" in late.text  # it says to phone, since the message says stat
        assert (await post(desk, body, ids=ids)).status_code == 425

    async def duplicate() -> bool:
        return (await post(desk, body, ids=ids)).status_code == 409

    await eventually(duplicate)
    assert len(await desk.events()) == 1


async def test_an_emergency_is_answered_with_phone_now_also_when_refused(desk: Desk):
    taken = await post(desk, sample("priority-stat.json"))
    assert taken.status_code == 200
    assert "999" in taken.text
    lost = await post(
        desk, changed("update-active.json", ServiceRequest={"id": str(uuid4()), "identifier": None, "priority": "stat"})
    )
    assert lost.status_code == 404
    assert "999" in lost.text
    assert "999" in (await post(desk, sample("refused-new-revoked.json"))).text


async def test_a_teams_response_becomes_an_outcome_and_an_unknown_identifier_is_not_found(desk: Desk):
    referral_id = await refer(desk)
    body = changed("response-accepted.json", ServiceRequest={"id": referral_id, "identifier": None})
    assert (await post(desk, body, "therapies")).status_code == 404  # it is not theirs yet
    await desk.decide(referral_id, "talking-therapies-step-2")
    ids = Ids.new()
    answer = await post(desk, body, "therapies", ids)
    assert (answer.status_code, request_id(answer.content)) == (200, referral_id)
    outcome = (await desk.events(referral_id))[-1]
    assert (outcome["kind"], outcome["by"]["name"], outcome["by"]["registration"]) == (
        "accepted",
        "Eve Nurse",
        "99X9999Z",
    )
    assert (await post(desk, body, "therapies", ids)).status_code == 409
    unknown = changed("response-accepted.json", ServiceRequest={"id": str(uuid4()), "identifier": None})
    assert (await post(desk, unknown, "therapies")).status_code == 404


async def test_a_rejection_returns_the_referral_to_the_hub(desk: Desk):
    referral_id = await refer(desk)
    await desk.decide(referral_id, "talking-therapies-step-2")
    body = changed("response-rejected.json", ServiceRequest={"id": referral_id, "identifier": None})
    assert (await post(desk, body, "therapies")).status_code == 200
    outcome = (await desk.events(referral_id))[-1]
    assert (outcome["kind"], outcome["reason"], outcome["onward"]) == ("returned", "02", "hub-review")


async def test_the_sender_asks_where_its_referral_stands_and_nobody_else_may(desk: Desk):
    referral_id = await refer(desk)
    headers = Ids.new().headers()
    path = f"/bars/ServiceRequest/{referral_id}"
    shown = await desk.get(path, **headers)
    resource = understood(shown, headers)
    assert (resource.id, resource.status, resource.meta.tag[0].code) == (referral_id, "active", "taken")
    await desk.decide(referral_id, "hub", "closed")
    assert understood(await desk.get(path, **headers), headers).status == "completed"
    assert "Low mood" not in shown.text
    other = await desk.get(path, "other-gp", **headers)
    assert (other.status_code, issue(other.content)[1]) == (404, "REC_NOT_FOUND")
    assert (await desk.get("/bars/ServiceRequest/7", **headers)).status_code == 400


async def test_the_capabilities_are_for_everyone(desk: Desk):
    answer = await desk.client.get("/bars/metadata")
    assert understood(answer, {}).fhirVersion == "4.0.1"


async def test_a_letter_inside_the_message_is_kept_beside_the_referral(desk: Desk):
    await post(desk, sample("letter-inline.json"))
    rows = await desk.database.fetch("SELECT type, content FROM intake.attachment")
    assert [(row["type"], row["content"][:5]) for row in rows] == [("application/pdf", b"%PDF-")]


@pytest.mark.parametrize("name", ["unknown-resource-with-words-of-risk.json", "narrative-with-words-of-risk.json"])
async def test_words_of_risk_in_any_resource_raise(desk: Desk, name: str):
    await post(desk, sample(name))
    assert (await desk.events())[0]["referral"]["risk_words"] is True
