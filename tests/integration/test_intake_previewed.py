"""What `frontdoor sources check` shows is the very answer that intake gives: over HTTP, in BaRS, for a file of rows."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson
import pytest

from services.intake.preview import Where, preview, preview_rows
from services.intake.sources.forms import Moment
from tests.bars import MEDIA, OPERATION, Ids, changed, sample
from tests.intake import a_body, intake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Database

HEADS = "family,given,born,postcode,reason.code,urgency,life in danger,suicidal\n"
ROWS = (
    "Example,Ada,17/03/1984,SW9 8AA,04,3,no,none\n",
    "Example,Ben,1/5/90,SW9 8AA,04,3,,\n",
    "Example,Cas,05/31/1990,SW9 8AA,04,1,yes,\n",
    "Example,Dee,05/06/1990,SW9 8AA,04,1,,\n",
    ",,,,04,1,,plan\n",
    "Example,Eve,1990-05-01,SW9 8AA,04,3,,perhaps,one too many\n",
)
MESSAGES = (
    orjson.dumps(a_body(risk={"life_in_danger": "yes"}, person={"born": "01/05/1990"}, more="x")),
    orjson.dumps({"reason": {"text": "low"}, "risk": {"life_in_danger": "yes"}}),
    orjson.dumps({"reason": {"text": "low"}}),
    b"no JSON",
)
BUNDLES = (
    sample("refused-no-person-no-reason.json"),
    changed("refused-no-person-no-reason.json", ServiceRequest={"priority": "stat"}),
    sample("refused-header-not-first.json"),
    b"no JSON",
    sample("priority-stat.json"),  # the last, since its name would be known to the others
)


def alike(answer: bytes) -> str:
    """An answer without what is made anew for each: ids and times."""
    return re.sub(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|20\d\d-\d\d-\d\dT[\d:.]+\S\d\d:\d\d", "~", answer.decode()
    )


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ()], ids=len)
async def test_a_file_is_answered_as_it_was_shown(database: Database, tmp_path: Path, rows: tuple[str, ...]):
    async with intake(database, tmp_path) as desk:
        where, body = Where(desk.source("gp"), desk.whole.place, desk.whole.phone_now), (HEADS + "".join(rows)).encode()
        _, shown = preview_rows(body, 500, where, Moment(dt.datetime.now(dt.UTC), uuid4()))
        answer = await desk.post("/referrals/csv", body)
        assert (shown.status, alike(shown.body)) == (str(answer.status_code), alike(answer.content))


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 a workbook", b"a,b\n1,2\n"])
async def test_what_is_no_file_of_rows_is_refused_as_it_was_shown(database: Database, tmp_path: Path, body: bytes):
    async with intake(database, tmp_path) as desk:
        where = Where(desk.source("gp"), desk.whole.place, desk.whole.phone_now)
        _, shown = preview_rows(body, 500, where, Moment(dt.datetime.now(dt.UTC), uuid4()))
        answer = await desk.post("/referrals/csv", body)
        assert (shown.status, alike(shown.body)) == (str(answer.status_code), alike(answer.content))


@pytest.mark.parametrize("standard", ["json", "bars"])
async def test_a_message_is_answered_as_it_was_shown(database: Database, tmp_path: Path, standard: str):
    async with intake(database, tmp_path) as desk:
        where = Where(desk.source("gp"), desk.whole.place, desk.whole.phone_now)
        for body in MESSAGES if standard == "json" else BUNDLES:
            shown = preview(standard, body, where, Moment(dt.datetime.now(dt.UTC), uuid4())).reply
            assert shown is not None
            path = "/referrals" if standard == "json" else OPERATION
            headers = {} if standard == "json" else {"Content-Type": MEDIA, **Ids.new().headers()}
            answer = await desk.post(path, body, **headers)
            assert (shown.status, alike(shown.body)) == (str(answer.status_code), alike(answer.content))
