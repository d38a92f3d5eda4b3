"""BaRS: each failure has its published code in an OperationOutcome, whatever was sent and wherever to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.bars import EXPECTED, Ids, issue, post, sample, understood
from tests.intake import intake
from tests.spoilt import garbled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.intake import Desk
    from tests.stack import Database


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with intake(database, tmp_path) as open_desk:
        yield open_desk


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/bars/nothing", 404, "REC_NOT_FOUND"),
        ("GET", "/bars", 404, "REC_NOT_FOUND"),
        ("PUT", "/bars/$process-message", 405, "REC_METHOD_NOT_ALLOWED"),
        ("POST", "/bars/metadata", 405, "REC_METHOD_NOT_ALLOWED"),
        ("GET", "/bars/Slot", 501, "REC_NOT_IMPLEMENTED"),
    ],
)
async def test_a_path_that_is_not_served_is_told_in_the_same_form(
    desk: Desk, method: str, path: str, status: int, code: str
):
    headers = {"Authorization": "Bearer a-key-of-gp", **Ids.new().headers()}
    answer = await desk.client.request(method, path, headers=headers)
    understood(answer, headers)
    assert (answer.status_code, issue(answer.content)[1]) == (status, code)


@pytest.mark.parametrize(
    ("headers", "key", "status", "code"),
    [
        ({"X-Request-Id": ""}, "gp", 400, ("required", "REC_BAD_REQUEST")),
        ({"X-Correlation-Id": "7"}, "gp", 400, ("value", "REC_BAD_REQUEST")),
        ({"Content-Type": "application/fhir+xml"}, "gp", 406, ("processing", "REC_NOT_ACCEPTABLE")),
        ({"Content-Type": "application/fhir+json;version=2.0.0"}, "gp", 406, ("processing", "REC_NOT_ACCEPTABLE")),
        ({"Accept": "application/fhir+xml"}, "gp", 406, ("processing", "REC_NOT_ACCEPTABLE")),
        ({"Accept": "application/fhir+json;version=3.0.0"}, "gp", 406, ("processing", "REC_NOT_ACCEPTABLE")),
        ({"Content-Type": "application/fhir+json;fhirVersion=5.0"}, "gp", 406, ("processing", "REC_NOT_ACCEPTABLE")),
        ({"Accept": "application/fhir+json; fhirVersion=1.0"}, "gp", 406, ("processing", "REC_NOT_ACCEPTABLE")),
        ({}, "nobody", 401, ("security", "REC_UNAUTHORIZED")),
        ({}, "form", 403, ("forbidden", "REC_FORBIDDEN")),
    ],
)
async def test_each_failure_before_the_message_has_its_published_code(
    desk: Desk, headers: dict[str, str], key: str, status: int, code: tuple[str, str]
):
    sent = {"Content-Type": "application/fhir+json;version=1.1.0", **Ids.new().headers(), **headers}
    answer = await desk.post("/bars/$process-message", sample("cancel-update-revoked.json"), key, **sent)
    assert (answer.status_code, issue(answer.content)) == (status, code)
    assert "phone" in answer.text  # nobody looked whether it is an emergency
    shaped = {name: value for name, value in sent.items() if name.startswith("X-") and len(value) == 36}
    assert {name: answer.headers[name] for name in shaped} == shaped


async def test_too_many_and_too_large_and_broken_have_their_published_codes(database: Database, tmp_path: Path):
    async with intake(database, tmp_path, bars_max_body=20_000) as desk:
        assert [(await post(desk, sample("new-referral.json"), "slow")).status_code for _ in range(2)] == [200, 429]
        large = await post(desk, b" " * 30_000)
        assert (large.status_code, issue(large.content)) == (422, ("too-long", "REC_UNPROCESSABLE_ENTITY"))
        await database.fetch("REVOKE INSERT ON intake.receipt FROM frontdoor_intake")
        broken = await post(desk, sample("new-referral.json"))
        assert (broken.status_code, issue(broken.content)[1]) == (500, "REC_SERVER_ERROR")


async def test_a_database_that_does_not_answer_is_unavailable_and_the_answer_says_when_to_come_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.intake.transports.bars.SECONDS", 30)  # longer than a statement may take
    connection = await asyncpg.connect(desk.database.dsn())
    await connection.execute("BEGIN; LOCK TABLE intake.receipt IN ACCESS EXCLUSIVE MODE")
    away = await post(desk, sample("priority-stat.json"))
    await connection.close()
    assert (away.status_code, issue(away.content)) == (503, ("transient", "REC_UNAVAILABLE"))
    assert away.headers["retry-after"]
    assert "999" in away.text


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/fhir+json",
        "application/fhir+json;version=1.4.0, text/html;q=0.1",
        "application/fhir+json; fhirVersion=4.0",
        "application/fhir+json; fhirVersion=4.0.1; version=1.4.0",
    ],
)
async def test_the_version_that_was_asked_for_is_answered(desk: Desk, accept: str):
    answer = await post(desk, sample("new-referral.json"), Accept=accept)
    version = "1.4.0" if "1.4.0" in accept else "1.1.0"
    assert answer.headers["content-type"] == f"application/fhir+json;version={version}"


@pytest.mark.parametrize("media", ["application/fhir+json; fhirVersion=4.0", 'application/fhir+json;fhirversion="4.0"'])
async def test_a_body_may_say_that_it_is_fhir_r4(desk: Desk, media: str):
    headers = {**Ids.new().headers(), "Content-Type": media}
    assert (await desk.post("/bars/$process-message", sample("new-referral.json"), "gp", **headers)).status_code == 200


async def test_spoilt_messages_are_answered_in_form_and_every_yes_is_a_receipt(database: Database, tmp_path: Path):
    bodies = [sample(name) for name, row in EXPECTED.items() if row["status"] == 200]
    async with intake(database, tmp_path) as desk:
        answers = [await post(desk, body, "fast") for body in garbled(bodies, 150, seed=3)]
        assert {answer.status_code for answer in answers} <= {200, 400, 404, 422}
        (kept,) = await database.fetch("SELECT count(*) FROM intake.receipt")
        assert kept[0] == sum(answer.status_code == 200 for answer in answers) > 0
