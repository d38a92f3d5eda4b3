"""`frontdoor import` against a running intake: its report, bad rows to mend, and a run that is killed in the middle."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.stack import KEYS
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.embedded import Start
    from tests.stack import Stack

HEAD = "Surname,Forename,Date of birth,Postcode,Reason,Urgency,Nearest tram\r\n"
FRONTDOOR = Path(sys.executable).parent / "frontdoor"
pytestmark = pytest.mark.slow


def rows(first: int, last: int) -> str:
    return "".join(
        f"Example,Ada {n},17/03/1984,SW9 8AA,Low mood for {n} weeks,3,stop {n}\r\n" for n in range(first, last)
    )


def command(stack: Stack, file: Path, *more: str) -> list[str]:
    return [str(FRONTDOOR), "import", str(file), "--url", stack.url(), "--source", "gp", *more]


def begin(stack: Stack, file: Path, *more: str) -> subprocess.Popen[str]:
    environment = os.environ | {"FRONTDOOR_KEY": KEYS["gp"]}
    return subprocess.Popen(
        command(stack, file, *more), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


async def imported(stack: Stack, file: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, report, and what was said on the side."""
    process = begin(stack, file, "--json", *more)
    out, err = await asyncio.to_thread(process.communicate, timeout=90)
    assert out, err
    return process.returncode, json.loads(out), err


async def taken(stack: Stack) -> int:
    found = await stack.fetch("SELECT count(*) AS all, count(DISTINCT document) AS different FROM intake.receipt")
    assert found[0]["all"] == found[0]["different"]
    return int(found[0]["all"])


async def test_bad_rows_come_back_to_be_mended_and_a_file_that_runs_again_takes_nothing_twice(
    stack: Stack, tmp_path: Path
):
    stack.start("intake")
    file = tmp_path / "list.csv"
    cas, dee = "Example,Cas,03/04/84,SW9 8AA,crisis,1,\r\n", ",Dee,,,low,3,\r\n"
    file.write_text(HEAD + rows(0, 5) + cas + '"Open,row,1/1/1990\r\n' + rows(5, 250) + dee)
    code, report, said = await imported(stack, file, "--ids", str(tmp_path / "ids.csv"))
    assert (code, report["taken"], report["refused"], report["rows"]) == (1, 250, 3, 253)
    assert [fault["line"] for fault in report["faults"]] == [7, 8, 254]
    assert [one["line"] for one in report["emergencies"]] == [7] and "999" in said
    assert report["unknown_columns"] == ["7 Nearest tram"]
    assert len((tmp_path / "ids.csv").read_text().splitlines()) == 251
    code, again, _ = await imported(stack, file)
    assert (code, again["taken"], again["repeated"], again["refused"]) == (1, 0, 250, 3)

    mend = Path(report["mend"])
    assert (mend.name, mend.stat().st_mode & 0o777) == ("list.refused.csv", 0o600)
    head, first, *_ = csv.reader(mend.read_text("utf-8-sig").splitlines())
    assert head[:2] == ["fault", "Surname"] and "2025-12-31" in first[0]
    mended = mend.read_text("utf-8-sig").replace("03/04/84", "1984-04-03")
    mend.write_text("\n".join(line for line in mended.splitlines() if "Open" not in line and "Dee" not in line))
    code, report, _ = await imported(stack, mend)
    assert (code, report["taken"], report["unknown_columns"]) == (0, 1, ["8 Nearest tram"])
    assert await taken(stack) == 251


async def test_a_run_that_is_killed_and_one_that_finds_intake_away_lose_nothing_and_take_nothing_twice(
    stack: Stack, tmp_path: Path
):
    stack.start("intake")
    file = tmp_path / "list.csv"
    file.write_text(HEAD + rows(0, 1500))
    first = begin(stack, file, "--portion", "20")

    async def some() -> bool:
        return await taken(stack) > 100

    await eventually(some)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert 100 < await taken(stack) < 1500

    second = asyncio.create_task(imported(stack, file, "--portion", "20"))
    before = await taken(stack)

    async def more() -> bool:
        return await taken(stack) > before + 100

    await eventually(more)
    stack.kill("intake")
    stack.start("intake")
    code, report, _ = await second
    assert code == 0
    assert report["taken"] + report["repeated"] == 1500
    assert await taken(stack) == 1500


def test_it_finds_the_system_that_runs_here_and_shows_how_far_it_is(up: Start, data: Path, tmp_path: Path):
    running = up("--data", data).until_ready(data)
    source = next(name for name, key in running.sources.items() if running.keys and key == running.keys.source)
    file = tmp_path / "list.csv"
    file.write_text(HEAD + rows(0, 3))
    words = [str(FRONTDOOR), "import", str(file), "--data", str(data), "--source", source]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, text=True)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out.splitlines()[0]) == (
        0,
        "3 rows: 3 taken, 0 taken before, 0 refused; 0 of those taken with warnings",
    )
    assert "of 3 rows" in os.read(ours, 4096).decode()
    for descriptor in (ours, theirs):
        os.close(descriptor)
    nobody = subprocess.run([*words[:-1], "nobody"], capture_output=True, text=True, check=False, timeout=60)
    assert (nobody.returncode, source in nobody.stderr) == (2, True)


async def test_a_source_that_has_sent_its_rows_of_a_minute_waits_as_it_is_told_and_loses_none(
    stack: Stack, tmp_path: Path
):
    sources = stack.config / "sources.yaml"
    known = yaml.safe_load(sources.read_text())
    known["sources"]["gp"]["rows_per_minute"] = 60
    sources.write_text(yaml.safe_dump(known))
    stack.start("intake")
    file = tmp_path / "list.csv"
    file.write_text(HEAD + rows(0, 62))
    code, report, _ = await imported(stack, file, "--portion", "60", "--patience", "0")
    assert (code, report["taken"], report["refused"]) == (0, 62, 0)
    assert await taken(stack) == 62


async def test_a_file_of_one_line_without_an_end_is_a_row_to_mend(stack: Stack, tmp_path: Path):
    stack.start("intake")
    file = tmp_path / "list.csv"
    file.write_text(HEAD + rows(0, 1) + "a" * 2_000_000)
    code, report, _ = await imported(stack, file)
    assert (code, report["taken"], [fault["line"] for fault in report["faults"]]) == (1, 1, [3])
    assert "in an emergency phone" in report["faults"][0]["errors"][0]["detail"]
    assert Path(report["mend"]).stat().st_size < 100_000


async def test_a_wrong_key_an_absent_intake_and_a_file_that_is_none_are_said(stack: Stack, tmp_path: Path):
    stack.start("intake")
    file = tmp_path / "list.csv"
    file.write_text(HEAD + rows(0, 1))
    for more, said in (
        (("--source", "other-gp"), "this key is that of gp"),
        (("--url", "http://127.0.0.1:9"), "no intake answers"),
        (("--separator", "tab"), "the first line must name the columns"),
    ):
        process = begin(stack, file, *more)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, said in err) == (2, True), err
    file.write_text(HEAD + rows(0, 1).replace("17/03/1984", "12/31/1984"))
    process = begin(stack, file)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and "line 2 has a date with the month first" in err
    assert await taken(stack) == 0
