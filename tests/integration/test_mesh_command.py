"""`frontdoor sources invalid`: an operator sees what was not taken, and settles it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.meshed import polled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mesh_sandbox import MeshSandbox
    from tests.stack import Database


def frontdoor(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    dsns = {"READER": database.dsn("frontdoor_reader"), "ADMIN": database.dsn()}
    environment = os.environ | {f"FRONTDOOR_{role}_DSN": dsn for role, dsn in dsns.items()}
    command = [sys.executable, "-m", "services.frontdoor", "sources", "invalid", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


async def test_what_was_not_taken_is_listed_until_it_is_settled(
    mesh: MeshSandbox, database: Database, tmp_path: Path
) -> None:
    assert frontdoor(database).returncode == 0
    async with polled(mesh, database, tmp_path) as post:
        rubbish = post.send(b"no referral")
        await post.emptied()
        emergency = post.send({"risk": {"life_in_danger": "yes"}})
        await post.emptied()
    listed = frontdoor(database)
    assert listed.returncode == 1
    lines = listed.stdout.splitlines()
    assert lines[0] == f"{emergency}  incomplete  EMERGENCY"
    assert lines[-1] == "2 messages not taken and not settled"
    assert f"from gp (mailbox {post.gp}), REFERRALS" in listed.stdout
    known = json.loads(frontdoor(database, "--json").stdout)
    assert [row["message_id"] for row in known] == [emergency, rubbish]
    assert known[1]["errors"][0]["detail"].startswith("the body is not JSON")
    assert frontdoor(database, "--settle", rubbish).returncode == 2
    assert frontdoor(database, "--settle", "unheard-of", "--why", "a mistake").returncode == 1
    for message_id in (rubbish, emergency):
        settled = frontdoor(database, "--settle", message_id, "--why", "the practice was phoned", "--dispose")
        assert (settled.returncode, settled.stdout) == (0, "settled\n")
    assert frontdoor(database).stdout == "0 messages not taken and not settled\n"
    (kept,) = await database.fetch("SELECT count(*) FROM intake.invalid WHERE original IS NOT NULL")
    assert kept["count"] == 0


async def test_of_an_id_that_came_to_two_of_our_mailboxes_the_one_that_is_named_is_settled(
    mesh: MeshSandbox, database: Database, tmp_path: Path
) -> None:
    async with polled(mesh, database, tmp_path) as post:
        message_id = post.send(b"no referral")
        await post.emptied()
    await database.fetch(
        'INSERT INTO intake.invalid SELECT (jsonb_populate_record(i, \'{"mailbox": "OLD"}\')).* FROM intake.invalid AS i'
    )
    ambiguous = frontdoor(database, "--settle", message_id, "--why", "the practice was phoned")
    assert (ambiguous.returncode, "name the mailbox" in ambiguous.stderr) == (2, True)
    named = frontdoor(database, "--settle", message_id, "--mailbox", "OLD", "--why", "the practice was phoned")
    assert (named.returncode, named.stdout) == (0, "settled\n")
    assert [row["mailbox"] for row in json.loads(frontdoor(database, "--json").stdout)] == [post.ours]
