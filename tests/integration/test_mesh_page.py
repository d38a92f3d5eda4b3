"""docs/connect/mesh.md says what happens: its message and its questions are run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import orjson

from services.intake.problems import MEANS
from tests.mesh_sandbox import KEY, PASSWORD
from tests.meshed import polled

if TYPE_CHECKING:
    from tests.mesh_sandbox import MeshSandbox
    from tests.meshed import Post
    from tests.stack import Database

PAGE = (Path(__file__).parents[2] / "docs" / "connect" / "mesh.md").read_text()
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(SQL,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
SUBJECTS = set(re.findall(r"^\| `(\d{3})`", PAGE, re.MULTILINE))


def pasted(post: Post, sender: str, code: str = PYTHON) -> None:
    """Runs the page's code with what a sender would have filled in."""
    cert = tuple(str(post.mesh.folder / f"client.{end}") for end in ("pem", "key"))
    names = {
        "URL": post.mesh.url,
        "YOUR_MAILBOX": sender,
        "OUR_MAILBOX": post.ours,
        "PASSWORD": PASSWORD,
        "SHARED_KEY": KEY.encode(),
        "CERT": cert,
        "CA": str(post.mesh.folder / "authority.pem"),
    }
    filled_in = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    subprocess.run([sys.executable, "-c", filled_in + code], check=True, capture_output=True)


async def test_the_message_of_the_page_is_taken_and_the_steps_give_what_they_say(
    mesh: MeshSandbox, database: Database, tmp_path: Path
):
    async with polled(mesh, database, tmp_path) as post:
        pasted(post, post.gp)
        await post.answered()
        pasted(post, post.gp)
        await post.answered()
        pasted(post, post.gp, PYTHON.replace("Low for three months", "Low for two months"))
        await post.answered()
        pasted(post, post.gp, re.sub(r'b""".*?"""', 'b"no referral"', PYTHON, flags=re.DOTALL))
        first, second, third, fourth = await post.answered()
        assert [first["subject"], second["subject"], third["subject"], fourth["subject"]] == [
            "202",
            "202",
            "409",
            "400",
        ]
        assert first["content"] == second["content"]
        pasted(post, post.stranger)
        assert [answer["subject"] for answer in await post.answered(post.stranger)] == ["401"]
        (row,) = await post.fetch("SELECT value FROM intake.outbox WHERE id = 1")
        assert orjson.loads(row["value"])["referral"]["referrer"]["urgency"] == "3", "what the page sends is all read"
        assert first["content"]["warnings"] == []


async def test_the_operators_questions_are_answered(mesh: MeshSandbox, database: Database, tmp_path: Path):
    async with polled(mesh, database, tmp_path) as post:
        message_id = post.send(b"no referral")
        await post.emptied()
    waiting, content, settle = (part.strip() for part in re.sub(r"--.*", "", SQL).strip().split(";") if part.strip())
    reader, disposer = [await asyncpg.connect(database.dsn(f"frontdoor_{role}")) for role in ("reader", "disposer")]
    assert [row["message_id"] for row in await reader.fetch(waiting)] == [message_id]
    assert await disposer.fetchval(content.replace("'ID'", f"'{message_id}'")) == "no referral"
    assert await disposer.fetchval(settle.replace("'ID'", f"'{message_id}'")) == 1
    assert await reader.fetch(waiting) == []
    for connection in (reader, disposer):
        await connection.close()


def test_the_page_has_every_answer_that_may_come():
    statuses = {"unreadable": 400, "unauthorised": 401, "not-allowed": 403, "not-found": 404, "conflict": 409}
    more = {"too-large": 413, "incomplete": 422}
    assert {"202", *map(str, (statuses | more).values())} == SUBJECTS
    assert set(statuses | more) <= set(MEANS)
