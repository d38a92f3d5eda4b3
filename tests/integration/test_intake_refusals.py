"""A request that is not done says why, in a way that its sender can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.intake import ADA, Desk, intake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stack import Database


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with intake(database, tmp_path) as open_desk:
        yield open_desk


async def test_a_mistyped_path_is_told_from_a_referral_that_is_not_there(desk: Desk):
    for path in ("/", "/referal", "/referrals/a/b/c"):
        answer = await desk.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-path")
        assert answer.json()["detail"] == "no such path; see /docs"
    hidden = await desk.get("/referrals/5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not-found")


async def test_a_path_that_takes_another_method_says_which(desk: Desk):
    answer = await desk.get("/referrals")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["detail"] == "this path takes POST; see /docs"
    status = await desk.post("/referrals/5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11", {})
    assert (status.status_code, status.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("person", ["Ada Example, 9434765919", ["Ada"], 7])
async def test_a_person_who_is_no_object_is_refused_for_that(desk: Desk, person: Any):
    answer = await desk.post("/referrals", {"person": person, "reason": {"code": "04"}})
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["path"], fault["code"]) == (422, "person", "wrong-type")
    assert "an object is expected" in fault["detail"]
    assert "Ada" not in answer.text


async def test_an_empty_body_is_said_to_be_empty(desk: Desk):
    for body in (b"", b" \r\n"):
        answer = await desk.post("/referrals", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
        assert "the body is empty: send the referral" in answer.json()["detail"]


async def test_an_amendment_names_the_places_of_its_own_unknown_fields(desk: Desk):
    mine = await desk.refer(person={"nickname": "A"})
    change = {"risk": {"suicidal": "none", "mood": "low"}, "person": {"born": ADA["born"]}}
    told = (await desk.post(f"/referrals/{mine}/amendments", change)).json()
    assert [warning["path"] for warning in told["warnings"]] == ["risk[2nd field]"]
