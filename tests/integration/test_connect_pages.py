"""docs/connect/json.md and csv.md say what happens: their messages are sent as they stand there, their steps are taken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from services.intake.contract.openapi import document
from tests.intake import intake

if TYPE_CHECKING:
    from tests.stack import Database

CONNECT = Path(__file__).parents[2] / "docs" / "connect"


def pasted(page: str, language: str) -> bytes:
    """The first block of a language on a page."""
    found = re.search(rf"```{language}\n(.*?)```", (CONNECT / page).read_text(), re.DOTALL)
    assert found
    return found[1].encode()


def answers(page: str) -> set[str]:
    """The statuses of the page's table."""
    rows = re.findall(r"^\| ([\d, ]+) \|", (CONNECT / page).read_text(), re.MULTILINE)
    return {status.strip() for row in rows for status in row.split(",")}


async def test_the_json_page_is_true_step_by_step(database: Database, tmp_path: Path):
    message = orjson.loads(pasted("json.md", "json"))
    async with intake(database, tmp_path) as desk:
        first = await desk.post("/referrals", pasted("json.md", "json"), "rehearsal")
        assert (first.status_code, first.json()["emergency"], first.json()["warnings"]) == (202, False, [])
        again = await desk.post("/referrals", pasted("json.md", "json"), "rehearsal")
        assert again.json() == first.json()
        changed = await desk.post("/referrals", message | {"presentation": {"phq9": 15}}, "rehearsal")
        assert changed.status_code == 409
        urgent = message | {"message_id": "2", "referrer": {"urgency": "1"}}
        assert "phone_now" in (await desk.post("/referrals", urgent, "rehearsal")).json()
        nobody = await desk.post("/referrals", message | {"message_id": "3", "person": {}}, "rehearsal")
        assert (nobody.status_code, nobody.json()["errors"][0]["path"]) == (422, "person")


async def test_the_csv_page_is_true_step_by_step(database: Database, tmp_path: Path):
    file = pasted("csv.md", "csv")
    async with intake(database, tmp_path) as desk:
        first = await desk.post("/referrals/csv", file, "rehearsal")
        told = first.json()
        assert (first.status_code, told["taken"], told["unknown_columns"]) == (202, 2, [16])
        assert [row["warnings"] for row in told["rows"]] == [[], []]
        again = (await desk.post("/referrals/csv", file, "rehearsal")).json()
        assert (again["taken"], again["repeated"]) == (0, 2)
        assert [row["referral_id"] for row in again["rows"]] == [row["referral_id"] for row in told["rows"]]
        cut = file.replace(b"01/05/1990", b"01/05/90").replace(b"list-7/1", b"list-8/1")
        answer = await desk.post("/referrals/csv", cut, "rehearsal")
        (refused,) = answer.json()["refused"]
        found = [(error["path"], error["code"]) for error in refused["errors"]]
        assert (answer.status_code, refused["line"], found) == (422, 2, [("column 5 (person.born)", "which-day")])


def test_every_answer_that_is_given_stands_on_its_page():
    paths = document()["paths"]
    assert answers("csv.md") >= set(paths["/referrals/csv"]["post"]["responses"]) - {"405", "500"}
    assert answers("json.md") == set(paths["/referrals"]["post"]["responses"])
