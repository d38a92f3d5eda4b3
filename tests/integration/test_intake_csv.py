"""Files of referrals over HTTP, on a real database: each row by itself, nothing twice, one report."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from services.intake.commands import register
from services.intake.contract.openapi import document
from services.intake.sources import csv
from services.intake.sources.csv.danger import PHONE
from tests.intake import intake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.intake import Desk
    from tests.stack import Database

HEAD = "family,given,born,postcode,reason.code,referrer.urgency\r\n"
ADA = "Example,Ada,17/03/1984,SW9 8AA,04,3\r\n"
BEN = "Example,Ben,1990-05-01,SW9 8AA,05,3\r\n"
NOBODY = ",,,,04,3\r\n"
URGENT = "Example,Cas,1991-05-01,SW9 8AA,18,1\r\n"


async def receipts(desk: Desk) -> list[bytes]:
    rows = await desk.database.fetch("SELECT original FROM intake.receipt ORDER BY received_at")
    return [bytes(row["original"]) for row in rows]


async def test_each_row_is_a_referral_of_its_own_and_keeps_its_own_bytes(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        answer = await desk.post("/referrals/csv", (HEAD + ADA + BEN).encode())
        told = answer.json()
        assert (answer.status_code, told["taken"], told["repeated"], told["refused"]) == (202, 2, 0, [])
        assert [row["line"] for row in told["rows"]] == [2, 3]
        assert len({row["referral_id"] for row in told["rows"]}) == 2
        assert sorted(await receipts(desk)) == sorted([(HEAD + ADA).encode(), (HEAD + BEN).encode()])
        shown = await desk.get(f"/referrals/{told['rows'][0]['referral_id']}")
        assert shown.json()["status"] == "taken"


async def test_the_same_file_sent_again_takes_nothing_twice_also_weeks_later(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = (await desk.post("/referrals/csv", (HEAD + ADA + BEN).encode())).json()
        aged = dt.timedelta(days=40)
        await database.fetch("UPDATE intake.receipt SET received_at = received_at - $1::interval", aged)
        await database.fetch(
            "UPDATE intake.seen SET expires_at = expires_at - $1::interval WHERE expires_at < now() + interval '1 year'",
            aged,
        )
        turned = "given;born;family;reason.code;postcode;referrer.urgency\nAda;1984-03-17;Example;4;SW9 8AA;3\n"
        again = (await desk.post("/referrals/csv", (HEAD + ADA + BEN).encode())).json()
        assert (again["taken"], again["repeated"]) == (0, 2)
        assert [row["referral_id"] for row in again["rows"]] == [row["referral_id"] for row in first["rows"]]
        saved = (await desk.post("/referrals/csv", turned.encode())).json()  # by a spreadsheet that turned 04 into 4
        assert (saved["taken"], saved["rows"][0]["referral_id"]) == (0, first["rows"][0]["referral_id"])


async def test_a_bad_row_is_named_by_line_and_column_and_the_good_ones_are_taken(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        bad = "Example,Dee,03/04/84,SW9 8AA,04,3\r\n"
        answer = await desk.post(
            "/referrals/csv", (HEAD + ADA + bad + '"Two\r\nLines",Eve,1/2/1990,,04,3\r\n' + NOBODY).encode()
        )
        told = answer.json()
        assert (answer.status_code, told["code"], told["taken"]) == (422, "rows-refused", 2)
        found = [(row["line"], [(error["path"], error["code"]) for error in row["errors"]]) for row in told["refused"]]
        assert found == [(3, [("column 3 (person.born)", "which-day")]), (6, [("person", "required")])]
        assert "Dee" not in answer.text
        Draft202012Validator(document()["components"]["schemas"]["Report"]).validate(told)


@pytest.mark.parametrize(
    "row", [URGENT, URGENT.replace("1991-05-01", "03/04/91"), URGENT.replace("Example,Cas,1991-05-01", ",,")]
)
async def test_an_emergency_stands_first_and_is_told_to_phone_taken_or_not(
    database: Database, tmp_path: Path, row: str
):
    async with intake(database, tmp_path) as desk:
        answer = await desk.post("/referrals/csv", (HEAD + ADA + row).encode())
        told = answer.json()
        assert [one["line"] for one in told["emergencies"]] == [3]
        assert "999" in told["emergencies"][0]["phone_now"]
        assert list(told).index("emergencies") < list(told).index("taken")


async def test_the_own_id_of_a_row_counts_and_other_content_under_it_is_a_conflict(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        rows = "message_id,family,born,reason.code\n1,Example,1984-03-17,{}\n"
        await desk.post("/referrals/csv", rows.format("04").encode())
        answer = await desk.post("/referrals/csv", rows.format("05").encode())
        assert [row["code"] for row in answer.json()["refused"]] == ["conflict"]
        events = await desk.events()
        assert [event["sequence"] for event in events] == [1, 2]


async def test_a_row_that_does_not_fall_into_its_columns_is_listed_among_the_emergencies_if_any_of_it_says_so(
    database: Database, tmp_path: Path
):
    async with intake(database, tmp_path) as desk:
        head = "nhs number,reason.text,urgency\n"
        rows = '9990000018,"Wants to die tonight,emergency\n9990000018,Low, wants to die,emergency\n9990000018,"Low,3\n'
        told = (await desk.post("/referrals/csv", (head + rows).encode())).json()
        assert [one["line"] for one in told["emergencies"]] == [2, 3]
        assert [PHONE in row["errors"][0]["detail"] for row in told["refused"]] == [True, True, True]


async def test_a_file_is_read_beside_the_requests_of_others(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    real, threads = csv.rows_of, list[threading.Thread]()

    def noted(*words: Any) -> Any:
        threads.append(threading.current_thread())
        return real(*words)

    monkeypatch.setattr(csv, "rows_of", noted)
    async with intake(database, tmp_path) as desk:
        assert (await desk.post("/referrals/csv", (HEAD + ADA).encode())).status_code == 202
    assert threads and threading.current_thread() not in threads


async def test_rows_have_a_rate_and_a_number(database: Database, tmp_path: Path):
    async with intake(database, tmp_path, csv_rows=2) as desk:
        over = await desk.post("/referrals/csv", (HEAD + ADA + BEN + URGENT).encode())
        assert (over.status_code, over.json()["code"]) == (413, "too-large")
        assert (await desk.post("/referrals/csv", (HEAD + ADA + BEN).encode(), key="fast")).status_code == 202
        assert (await desk.post("/referrals/csv", (HEAD + ADA + BEN).encode(), key="slow")).status_code == 202
        slow = await desk.post("/referrals/csv", (HEAD + BEN).encode(), key="slow")
        assert slow.status_code == 429
        assert int(slow.headers["retry-after"]) > 0


async def test_while_the_database_is_away_no_row_is_lost_and_an_emergency_still_says_to_phone(
    database: Database, tmp_path: Path
):
    async with intake(database, tmp_path) as desk:
        await database.fetch("REVOKE INSERT ON intake.receipt FROM frontdoor_intake")
        answer = await desk.post("/referrals/csv", (HEAD + ADA * 9 + URGENT).encode())
        told = answer.json()
        assert (answer.status_code, told["taken"], len(told["refused"])) == (503, 0, 10)
        assert [one["line"] for one in told["emergencies"]] == [11]
        await database.fetch("GRANT INSERT ON intake.receipt TO frontdoor_intake")
        again = (await desk.post("/referrals/csv", (HEAD + ADA * 9 + URGENT).encode())).json()
        assert (again["taken"], again["repeated"]) == (2, 8)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "unreadable"),
        (b"Example,Ada,1984-03-17\n", 400, "unreadable"),
        (b"born,born\n1,2\n", 400, "duplicate-key"),
        (b"\x00\xff\xfe", 400, "unreadable"),
        ("Br\u00fcn\u00e9,family\n".encode("utf-16-le"), 400, "unreadable"),
    ],
)
async def test_a_file_that_is_no_table_of_referrals_is_refused_whole(
    database: Database, tmp_path: Path, body: bytes, status: int, code: str
):
    async with intake(database, tmp_path) as desk:
        answer = await desk.post("/referrals/csv", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "Example" not in answer.text


async def test_how_it_is_encoded_and_separated_may_be_said(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        body = "family|born|reason.text\nBr\u00fcn,1984-03-17|caf\u00e9\n".replace(",", "|").encode("cp1252")
        assert (await desk.post("/referrals/csv?encoding=utf-8", body)).status_code == 422
        assert (await desk.post("/referrals/csv?encoding=windows-1252&separator=bar", body)).status_code == 202
        unknown = await desk.post("/referrals/csv?encoding=ebcdic", body)
        assert (unknown.status_code, unknown.json()["errors"][0]["path"]) == (422, "encoding")


async def test_codes_that_no_table_knows_are_counted_for_whoever_completes_the_tables(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    async with intake(database, tmp_path) as desk:
        body = "nhs number,reason.code,ethnic category\n9990000018,04,B9\n9990000026,04,B9\n9990000034,04,her words\n"
        assert (await desk.post("/referrals/csv", body.encode())).status_code == 202
    monkeypatch.setenv("FRONTDOOR_READER_DSN", database.dsn("frontdoor_reader"))
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    arguments = parser.parse_args(["sources", "unmapped", "--json", "--since", "1h"])
    assert await arguments.run(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["count"], row["standard"], row["path"], row["code"]) for row in found] == [
        (2, "csv", "column 3 (person.ethnic_category)", "ethnic-category|B9"),
        (1, "csv", "column 3 (person.ethnic_category)", ""),
    ]
