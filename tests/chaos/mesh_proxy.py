"""A proxy between intake and MESH that knows each request by its verb and what it is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.chaos.proxy import Proxy, Step

if TYPE_CHECKING:
    import asyncio

    from tests.chaos.proxy import Connection

_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_ABOUT: Final = re.compile(rb"(?P<verb>[A-Z]+) \S*/(?P<what>inbox|outbox|acknowledged)(?P<one>/\w+)? ")


class MeshProxy(Proxy):
    """Steps of `mesh`: `GET inbox` (what waits), `GET message`, `POST outbox`, `PUT acknowledged`."""

    async def requests(self, connection: Connection, server: asyncio.StreamWriter) -> None:
        """A head, and as many bytes as that says."""
        connection.service = "mesh"
        while True:
            head = await connection.reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await connection.reader.readexactly(int(length[1]) if length else 0)
            if connection.asks(_about(head)):
                server.write(head + body)

    async def replies(self, connection: Connection, server: asyncio.StreamReader) -> None:
        """Bytes as they come: one request has one reply."""
        while data := await server.read(65_536):
            connection.answers(0, data)


def _about(head: bytes) -> str | None:
    found = _ABOUT.match(head)
    return f"{found['verb'].decode()} {'message' if found['one'] else found['what'].decode()}" if found else None


RETRIEVED: Final = Step("mesh", "GET message")
ANSWERED: Final = Step("mesh", "POST outbox")
ACKNOWLEDGED: Final = Step("mesh", "PUT acknowledged")
