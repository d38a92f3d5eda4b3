"""Each case of tests/samples/mesh/cases.yaml: how a message comes by MESH, and what becomes of it, of whatever standard."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from services.intake.settings import MeshSettings
from services.intake.sources.hl7v2.profile import Hl7
from services.intake.sources.mesh import Mesh
from services.intake.transports.mailbox import Mailbox
from services.intake.transports.mesh import Poller
from shared.health import Health
from tests.intake import intake
from tests.meshed import at_rest, polling
from tests.scripted_mesh import OURS, Chunk, ScriptedMesh
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.intake.taking.desk import Desk
    from tests.mesh_sandbox import MeshSandbox
    from tests.stack import Database

SAMPLES: Final = Path(__file__).parents[1] / "samples"
CASES: Final[dict[str, dict[str, Any]]] = yaml.safe_load((SAMPLES / "mesh" / "cases.yaml").read_text())
WORKFLOWS: Final = "REFERRALS=json BARS=bars HL7=hl7v2 CSV=csv"
MOST: Final = 1_000_000  # bytes
HL7: Final = Hl7(facility="A12345", processing=frozenset(("P", "T")))
INVALID: Final = "SELECT status, code FROM intake.invalid WHERE message_id = ANY($1) ORDER BY received_at"
OTHERWISE: Final[dict[str, Any]] = {"referrals": 0, "invalid": [], "answers": [], "stays": False}

# What was done to the content on its way, by the names in the table.
DONE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "gzip in two members": lambda content: gzip.compress(content[:99]) + gzip.compress(content[99:]),
    "cut at its end": lambda content: content[:-9],
    "another checksum": lambda content: content[:-8] + bytes((content[-8] ^ 1,)) + content[-7:],
    "a byte changed": lambda content: content[:40] + bytes((content[40] ^ 1,)) + content[41:],
    "zeros at its end": lambda content: content + bytes(300),
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "utf-16": lambda content: content.decode().encode("utf-16"),
    "a megabyte of blanks": lambda content: content + b" " * MOST,
    "mllp frame": lambda content: b"\x0b" + content + b"\x1c\r",
    "twice": lambda content: content + content,
    "turned about": lambda content: content[len(content) // 2 :] + content[: len(content) // 2],
}


def content_of(case: dict[str, Any]) -> bytes:
    """A sample of another standard, or the text of the table, and what was done to it."""
    content: bytes = (SAMPLES / case["file"]).read_bytes() if "file" in case else case["text"].encode()
    for step in case.get("done", ()):
        content = DONE[step](content)
    return content


def chunks_of(case: dict[str, Any]) -> dict[int, Chunk]:
    """The message as MESH gives it."""
    content, count = content_of(case), case.get("chunks", 1)
    size = -(-len(content) // count) or 1
    each = DONE[case["each"]] if "each" in case else bytes
    headers = {
        "Mex-From": case.get("from", "GP1"),
        "Mex-To": OURS,
        "Mex-WorkflowID": case.get("workflow", "REFERRALS"),
        "Mex-MessageType": "DATA",
    } | case.get("headers", {})
    chunks = {
        number: Chunk(
            {"Mex-Chunk-Range": f"{number}:{count}"} | headers, each(content[(number - 1) * size : number * size])
        )
        for number in range(1, count + 1)
    }
    for number, change in case.get("chunk", {}).items():
        chunks[number] = chunks[number]._replace(**change)
    return {number: chunk for number, chunk in chunks.items() if number not in case.get("lost", ())}


@contextmanager
def let_in(desk: Desk, mesh: ScriptedMesh, account: str) -> Iterator[tuple[Desk, Mailbox]]:
    """The desk to which the mailbox GP1 is a source of this case alone, and our own mailbox."""
    known = {"id": account, "mesh": Mesh(mailboxes=("GP1",)), "hl7": HL7}
    source = desk.senders.sources[0].model_copy(update=known)
    mailbox = Mailbox(MeshSettings.model_validate(mesh.settings(mesh_workflows=WORKFLOWS, mesh_max_body=MOST)))
    with closing(mailbox):
        yield replace(desk, senders=desk.senders._replace(sources=(source,))), mailbox


async def settled(mesh: ScriptedMesh, desk: Desk, mailbox: Mailbox) -> None:
    """Polls until nothing waits in the mailbox, or what waits was tried twice."""
    poller, stop = Poller(mailbox, desk.store._pool, desk, Health(30)), asyncio.Event()
    task = asyncio.create_task(poller.run(stop))
    try:
        await eventually(lambda: all(mesh.asked[waits] > 1 for waits in [*mesh.inbox]))
    finally:
        stop.set()
        await task


async def became(database: Database, mesh: ScriptedMesh, account: str) -> dict[str, Any]:
    """What became of all that came, in the terms of the table."""
    taken = await database.fetch("SELECT FROM intake.receipt WHERE sender = $1 AND kind = 'received'", account)
    kept = await database.fetch(INVALID, [*mesh.asked])
    return {
        "referrals": len(taken),
        "invalid": [f"{row['status']} {row['code']}" for row in kept],
        "answers": [f"{form_of(answer.body)} {answer.subject}" for answer in mesh.answers],
        "stays": bool(mesh.inbox),
    }


def form_of(body: bytes) -> str:
    """In which standard's form an answer is."""
    if body.startswith(b"MSH|"):
        return "hl7v2"
    return "bars" if "resourceType" in json.loads(body) else "json"


def test_there_are_enough_cases_and_each_step_is_used():
    assert len(CASES) >= 40
    used = {step for case in CASES.values() for step in (*case.get("done", ()), *filter(None, [case.get("each")]))}
    assert used == set(DONE)


@pytest.mark.parametrize(("number", "name"), [*enumerate(CASES)], ids=CASES)
async def test_what_comes_by_mesh_becomes_what_the_table_says(
    number: int, name: str, shared_database: Database, tmp_path: Path
):
    case, account = CASES[name], f"gp-{number}"
    ids = [f"{account}-{message_id}" for message_id in case.get("ids", ["M1"])]
    async with intake(shared_database, tmp_path) as under_test:
        with ScriptedMesh() as mesh, let_in(under_test.whole, mesh, account) as (desk, mailbox):
            for message_id in ids:
                mesh.give(message_id, chunks_of(case))
                await settled(mesh, desk, mailbox)
            assert await became(shared_database, mesh, account) == OTHERWISE | case["becomes"]
    for answer in mesh.answers:
        assert (answer.to, answer.workflow) == (case.get("from", "GP1"), "ANSWERS")
        assert answer.local_id in ids
        assert case.get("says", "").encode() in answer.body.lower()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.get("sandbox")])
async def test_through_the_nhs_own_sandbox_it_is_the_same(
    name: str, mesh: MeshSandbox, database: Database, tmp_path: Path
):
    case = CASES[name]
    async with at_rest(mesh, database, tmp_path, mesh_workflows=WORKFLOWS) as post:
        body = content_of(case)
        chunk = -(-len(body) // case.get("chunks", 1))
        post.send(body, workflow_id=case["workflow"], max_chunk_size=chunk, compress="each" in case)
        async with polling(post):
            (answer,) = await post.answered()
        assert await post.counts() == (case["becomes"]["referrals"], 0)
        assert [answer["subject"]] == [told.partition(" ")[2] for told in case["becomes"]["answers"]]
