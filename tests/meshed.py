"""Intake with a MESH mailbox for tests: our poller in this process, a real database, the NHS's sandbox, no Kafka.

async with polled(mesh, database, tmp_path) as post:
    message_id = post.send(a_body())
    (answer,) = await post.answered()
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson
from structlog.testing import capture_logs

from services.intake.settings import MeshSettings
from services.intake.sources.mesh import Mesh
from services.intake.transports.mailbox import Mailbox
from services.intake.transports.mesh import Poller
from shared.health import Health
from tests.intake import intake
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from services.intake.taking.desk import Desk
    from tests.mesh_sandbox import MeshSandbox
    from tests.stack import Database

UNSETTLED = "SELECT * FROM intake.invalid WHERE settled_at IS NULL ORDER BY received_at"


@dataclass
class Post:
    """Our mailbox, that of the source `gp`, and a stranger's."""

    mesh: MeshSandbox
    database: Database
    desk: Desk
    mailbox: Mailbox
    ours: str
    gp: str
    stranger: str
    logs: list[Any] = field(default_factory=list)

    def send(self, content: Any, to: str = "", sender: str = "", **more: Any) -> str:
        """Sends content (bytes, or what becomes JSON) with the NHS's client; MESH's id of the message."""
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        with self.mesh.client(sender or self.gp) as client:
            return str(client.send_message(to or self.ours, body, **{"workflow_id": "REFERRALS", **more}))

    async def emptied(self) -> bool:
        """Waits until nothing waits in our mailbox."""
        return bool(await eventually(lambda: not self.mesh.waiting(self.ours)))

    async def answered(self, mailbox: str = "") -> list[dict[str, Any]]:
        """The answers that the sender has once our mailbox is empty."""
        await self.emptied()
        return self.mesh.answers(mailbox or self.gp)

    async def fetch(self, sql: str) -> list[Any]:
        """Rows, as the superuser."""
        return await self.database.fetch(sql)

    async def counts(self) -> tuple[int, int]:
        """How many referrals there are, and how many messages that nobody has settled."""
        (row,) = await self.fetch(
            "SELECT (SELECT count(*) FROM intake.referral), (SELECT count(*) FROM intake.invalid WHERE settled_at IS NULL)"
        )
        return tuple(row)


@asynccontextmanager
async def at_rest(mesh: MeshSandbox, database: Database, folder: Path, **settings: Any) -> AsyncIterator[Post]:
    """Nobody polls yet."""
    async with intake(database, folder) as under_test:
        ours, gp, stranger = (mesh.mailbox() for _ in range(3))
        senders = under_test.whole.senders
        known = tuple(
            one.model_copy(update={"mesh": Mesh(mailboxes=(gp,))}) if one.id == "gp" else one for one in senders.sources
        )
        desk = replace(under_test.whole, senders=senders._replace(sources=known))
        mailbox = Mailbox(MeshSettings.model_validate(mesh.settings(ours, **settings)))
        with closing(mailbox):
            yield Post(mesh, database, desk, mailbox, ours, gp, stranger)


@asynccontextmanager
async def polling(post: Post) -> AsyncIterator[Poller]:
    """Polls until the end; `post.logs` are the lines that were written."""
    poller, stop = Poller(post.mailbox, post.desk.store._pool, post.desk, Health(30)), asyncio.Event()
    with capture_logs() as post.logs:
        task = asyncio.create_task(poller.run(stop))
        try:
            yield poller
        finally:
            stop.set()
            await task


@asynccontextmanager
async def polled(mesh: MeshSandbox, database: Database, folder: Path, **settings: Any) -> AsyncIterator[Post]:
    """At work."""
    async with at_rest(mesh, database, folder, **settings) as post, polling(post):
        yield post
