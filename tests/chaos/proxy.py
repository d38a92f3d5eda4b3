"""A proxy that a test owns: it knows each request that writes, and can withhold one, or its reply, for ever.

A service is known by its Kafka client id (`frontdoor-<instance>`) and by its PostgreSQL user (`frontdoor_<service>`).
"""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import suppress
from struct import unpack
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from shared.topics import AUDITED_TOPICS
from tests.engine import free_port

if TYPE_CHECKING:
    from collections.abc import Coroutine

Side = Literal["request", "reply"]
_PRODUCE: Final = 0
_OFFSET_COMMIT: Final = 8
_SSL_REQUEST: Final = 80877103
_WRITES: Final = re.compile(r"\b(INSERT INTO|UPDATE)\s+(?!OF\b)([\w.]+)", re.IGNORECASE)
_COPIES: Final = re.compile(r'COPY "(\w+)"\."(\w+)"')
_COPIED: Final = b"the table that rows are copied to"
_LONGEST_FIRST: Final = sorted(AUDITED_TOPICS, key=len, reverse=True)


class Step(NamedTuple):
    """One write of one service."""

    service: str
    what: str


class Withheld(NamedTuple):
    """What is withheld: a step, on one side of the server, and whether that has happened."""

    step: Step
    side: Side
    reached: threading.Event


class Connection:
    """One client's connection: what it asked last that writes, and whether it hears anything at all."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.proxy, self.reader, self.writer = proxy, reader, writer
        self.service = "?"
        self.mute = self.deaf = False  # nothing it asks goes on; nothing comes back
        self.waits_for: int | None = None

    def asks(self, what: str | None, correlation: int = 0) -> bool:
        """Notes a request; whether it may go on to the server."""
        armed, step = self.proxy.armed, Step(self.service, what or "")
        if what:
            self.proxy.seen.append(step)
        if armed and armed.step == step and not self.deaf and not armed.reached.is_set():
            self.deaf, self.waits_for = True, correlation
            if armed.side == "request":
                self.mute = True
                armed.reached.set()
        return not self.mute

    def answers(self, correlation: int, data: bytes) -> None:
        """Passes a reply on, unless this client hears nothing any more."""
        if not self.deaf:
            self.writer.write(data)
        elif self.waits_for == correlation and self.proxy.armed:
            self.proxy.armed.reached.set()


class Proxy:
    """Listens on `port` of this machine in a thread of its own; `seen` are the steps that went by, in order."""

    def __init__(self, upstream_port: int | None = None) -> None:
        self.port = free_port()
        self.upstream_port = upstream_port
        self.seen: list[Step] = []
        self.armed: Withheld | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", self.port))

    def withhold(self, step: Step, side: Side) -> threading.Event:
        """The next such request is not passed on, or its reply is not; that client hears nothing from then on."""
        self.armed = Withheld(step, side, threading.Event())
        return self.armed.reached

    def release(self) -> None:
        """Cuts every connection; the next ones are served as usual."""
        self.armed = None
        self._run(self._cut())

    def close(self) -> None:
        """Ends it."""
        self._loop.call_soon_threadsafe(self._server.close)
        self.release()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, work: Coroutine[object, object, object]) -> asyncio.Server:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[return-value]  # whatever the work gives

    async def _cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
            self._open.add(up_writer)
            connection = Connection(self, reader, writer)
            ways = [self.requests(connection, up_writer), self.replies(connection, up_reader)]
            tasks = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            up_writer.transport.abort()
            self._open.discard(up_writer)
        writer.transport.abort()
        self._open.discard(writer)

    async def requests(self, connection: Connection, server: asyncio.StreamWriter) -> None:
        """Passes requests on."""
        raise NotImplementedError

    async def replies(self, connection: Connection, server: asyncio.StreamReader) -> None:
        """Passes replies on."""
        raise NotImplementedError


class KafkaProxy(Proxy):
    """Steps: `produce <topic>` and `offset commit`."""

    async def requests(self, connection: Connection, server: asyncio.StreamWriter) -> None:
        """Frames: size, api key, version, correlation id, client id."""
        while True:
            size = await connection.reader.readexactly(4)
            body = await connection.reader.readexactly(unpack(">i", size)[0])
            key, _, correlation, length = unpack(">hhih", body[:10])
            connection.service = body[10 : 10 + length].decode().removeprefix("frontdoor-")
            if connection.asks(_kafka_step(key, body), correlation):
                server.write(size + body)

    async def replies(self, connection: Connection, server: asyncio.StreamReader) -> None:
        """Frames: size, correlation id."""
        while True:
            size = await server.readexactly(4)
            body = await server.readexactly(unpack(">i", size)[0])
            connection.answers(unpack(">i", body[:4])[0], size + body)


def _kafka_step(key: int, body: bytes) -> str | None:
    if key == _OFFSET_COMMIT:
        return "offset commit"
    if key != _PRODUCE:
        return None
    topic = next((name for name in _LONGEST_FIRST if name.encode() in body[:400]), "?")
    return f"produce {topic}"


class PostgresProxy(Proxy):
    """Steps: `COMMIT`, and each statement that writes, by its verb and table."""

    async def requests(self, connection: Connection, server: asyncio.StreamWriter) -> None:
        """The start of a connection, then messages: type, size, content."""
        await self._greet(connection, server)
        statements: dict[bytes, str | None] = {}
        while True:
            head = await connection.reader.readexactly(5)
            body = await connection.reader.readexactly(unpack(">i", head[1:])[0] - 4)
            if connection.asks(_postgres_step(head[:1], body, statements)):
                server.write(head + body)

    async def _greet(self, connection: Connection, server: asyncio.StreamWriter) -> None:
        while True:
            size = await connection.reader.readexactly(4)
            body = await connection.reader.readexactly(unpack(">i", size)[0] - 4)
            if unpack(">i", body[:4])[0] != _SSL_REQUEST:
                break
            connection.writer.write(b"N")
        fields = body[4:].split(b"\0")
        connection.service = (
            dict(zip(fields[::2], fields[1::2], strict=False))[b"user"].decode().removeprefix("frontdoor_")
        )
        server.write(size + body)

    async def replies(self, connection: Connection, server: asyncio.StreamReader) -> None:
        """Messages: type, size, content; `Z` ends what answers one request."""
        while True:
            head = await server.readexactly(5)
            body = await server.readexactly(unpack(">i", head[1:])[0] - 4)
            connection.answers(0 if head[:1] == b"Z" else -1, head + body)


def _postgres_step(kind: bytes, body: bytes, statements: dict[bytes, str | None]) -> str | None:
    if kind == b"Q":
        copied = _COPIES.match(body.decode())
        statements[_COPIED] = f"COPY {copied[1]}.{copied[2]}" if copied else None
        return "COMMIT" if body.strip(b"\0; ").upper() == b"COMMIT" else None
    if kind == b"c":  # all rows of a copy were sent
        return statements[_COPIED]
    if kind == b"P":
        name, sql, *_ = body.split(b"\0")
        found = _WRITES.search(sql.decode())
        statements[name] = f"{found[1].upper()} {found[2]}" if found else None
    if kind == b"B":
        _, name, *_ = body.split(b"\0", 2)
        return statements.get(name)
    return None
