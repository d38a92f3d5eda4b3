"""HL7 v2 over MLLP on TCP, with TLS where it is set: connections, their limits, and a stop that finishes what is at work.

Each connection is read one message at a time and answered in order; none can hurt another. A message whose sender is
cut off is taken all the same: the sender never saw the answer, sends it again, and gets the first one's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from services.intake import metrics
from services.intake.problems import Refused
from services.intake.sources.hl7v2.message import messages
from services.intake.transports.mllp.answering import Answering, not_read
from services.intake.transports.mllp.callers import caller, check, may_send, ports, tls
from services.intake.transports.mllp.frames import Frames, framed
from services.intake.transports.mllp.sockets import CHUNK, enough_files, listening
from shared.log import get_logger

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from services.intake.settings import IntakeSettings
    from services.intake.taking.desk import Desk
    from services.intake.transports.admission import Admission
    from services.intake.transports.mllp.callers import Address, Caller
    from shared.health import Health

MOST_SKIPPED: Final = 65_536  # bytes in no message, after which a connection is not one of MLLP
MOST_HELD: Final = 4  # of the longest message, over all connections: the memory that messages on their way may have
MOST_OF_ONE: Final = (
    2  # of the longest message, from one address, and its part of all connections: others have room too
)
HANDSHAKE: Final = 10.0  # seconds for TLS to begin
ENDED: Final = 1.0  # seconds after 0x1C: a sender that leaves out the carriage return waits for its answer
SEND: Final = 30.0  # seconds for a sender to take its answer
LINGER: Final = 2.0  # seconds to read on: a sender that still writes when it is closed never sees why
LATE: Final = 5.0  # seconds before the service's own deadline, at a stop


class Mllp:
    """The server. `Usage` where the sources are ambiguous or the settings cannot be used."""

    def __init__(self, settings: IntakeSettings, desk: Desk, admission: Admission, health: Health) -> None:
        self._settings, self._health = settings, health
        self._sources = check(desk.senders.sources, settings)
        self._ports = ports(self._sources, settings.mllp_port)
        self._tls = tls(settings)
        self._answering = Answering(desk, admission, self._sources, settings.mllp_port)
        self._open: dict[asyncio.Task[None], str] = {}  # with the address that it comes from
        self._reading: set[asyncio.Task[None]] = set()
        self._held: Counter[Address] = Counter()  # bytes on their way, by where they come from
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Listens until `stop`; then finishes what is being taken."""
        self._stop = stop
        enough_files(self._settings.mllp_connections)
        servers = [await self._listen(port) for port in self._ports]
        for port in self._ports:
            get_logger().info("started", port=port, route="MLLP")
        while not stop.is_set():
            self._health.tick("mllp")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
        for server in servers:
            server.close()
        for task in set(self._reading):
            task.cancel()
        if self._open:
            _, late = await asyncio.wait(set(self._open), timeout=max(1.0, self._settings.stop_timeout - LATE))
            for task in late:
                task.cancel()
        self._health.forget("mllp")

    async def _listen(self, port: int) -> asyncio.Server:
        sock = listening(self._settings.host, port)
        patience = HANDSHAKE if self._tls else None
        return await asyncio.start_server(
            self._connected, sock=sock, limit=CHUNK, ssl=self._tls, ssl_handshake_timeout=patience
        )

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._stop.is_set():
            writer.close()
            return
        address = (writer.get_extra_info("peername") or ("",))[0]
        if self._full(address):
            metrics.MLLP_FULL.inc()
            writer.close()
            return
        self._open[task] = address
        metrics.MLLP_OPEN.set(len(self._open))
        try:
            await self._converse(reader, writer, task)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # the sender went, reads no answer, or we stop
        except Exception as error:  # noqa: BLE001  (one connection's failure is no reason to lose the others)
            get_logger().error("connection failed", route="MLLP", error=type(error).__name__, exc_info=error)
        finally:
            self._open.pop(task, None)
            metrics.MLLP_OPEN.set(len(self._open))
            await _close(writer)

    def _full(self, address: str) -> bool:
        """Whether there are too many connections, or more than half of them come from there: a sender may leak them."""
        most = self._settings.mllp_connections
        of_one = sum(other == address for other in self._open.values())
        return len(self._open) >= most or of_one >= -(-most // MOST_OF_ONE)

    async def _converse(self, reader: StreamReader, writer: StreamWriter, task: asyncio.Task[None]) -> None:
        writer.transport.set_write_buffer_limits(high=0)
        other, frames = caller(writer), Frames()
        if not may_send(self._sources, other, self._settings.mllp_port):
            get_logger().info("stranger closed", port=other.port, route="MLLP")
            return
        try:
            while await self._answered(reader, writer, frames, task, other):
                pass
        except Refused as refused:
            head = frames.head
            self._hold(other.address, -frames.drop())  # at once: others need the room
            await _send(writer, not_read(head, refused))
            await _read_off(reader, writer)
        finally:
            self._hold(other.address, -frames.size)
            metrics.MLLP_SKIPPED.inc(frames.skipped)

    async def _answered(
        self, reader: StreamReader, writer: StreamWriter, frames: Frames, task: asyncio.Task[None], other: Caller
    ) -> bool:
        """Answers the next block; False where the connection is over. Nothing of a block outlives its answer."""
        if (block := await self._next(reader, frames, task, other.address)) is None:
            return False
        try:
            for message in messages(block):
                await _send(writer, await self._answering.answer(message, other))
        finally:
            self._hold(other.address, -len(block))
        return True

    async def _next(
        self, reader: StreamReader, frames: Frames, task: asyncio.Task[None], address: Address
    ) -> bytes | None:
        """The next block; None where the connection is over. `Refused` for one that is too long, or does not end.

        While it is waited for, a stop may cancel the task.
        """
        if self._stop.is_set():
            return None
        self._reading.add(task)
        try:
            async with asyncio.timeout(self._settings.mllp_idle):
                return await self._arriving(reader, frames, address)
        except TimeoutError:
            if not frames.open:
                return None
            raise Refused(408, "too-slow", "the end of the message (0x1C 0x0D) did not arrive in time") from None
        finally:
            self._reading.discard(task)

    async def _arriving(self, reader: StreamReader, frames: Frames, address: Address) -> bytes | None:
        idle, first = self._settings.mllp_idle, self._settings.mllp_first_byte
        block = self._found(frames, address)
        while block is None:
            patience = ENDED if frames.ending else idle if frames.begun else first
            data = await _read(reader, patience, frames)
            if frames.skipped > MOST_SKIPPED or (not data and not frames.ending):
                return None
            self._hold(address, len(data))
            frames.feed(data)
            block = self._found(frames, address, last=not data)
        return block

    def _found(self, frames: Frames, address: Address, *, last: bool = False) -> bytes | None:
        """The next whole block, if it came; counts what is held until it is answered, and refuses what would be too much."""
        before = frames.size
        block = frames.next(last=last)
        self._hold(address, frames.size - before)
        most = self._settings.mllp_max_message
        if len(block or b"") > most or frames.size > most:
            raise Refused(413, "too-large", f"a message may have {most} bytes")
        self._hold(address, len(block or b""))
        full = self._held[address] > MOST_OF_ONE * most or self._held.total() > MOST_HELD * most
        if block is None and full and frames.size > CHUNK:
            raise Refused(503, "busy", "too much arrives at once: try again")
        return block

    def _hold(self, address: Address, size: int) -> None:
        self._held[address] += size
        if not self._held[address]:
            del self._held[address]


async def _read(reader: StreamReader, patience: float, frames: Frames) -> bytes:
    """What arrives within so many seconds. Nothing, where it went or is silent after what may be an end."""
    try:
        return await asyncio.wait_for(reader.read(CHUNK), patience)
    except (OSError, TimeoutError):
        if frames.ending:
            return b""
        raise


async def _send(writer: StreamWriter, answer: bytes) -> None:
    writer.write(framed(answer))
    try:
        async with asyncio.timeout(SEND):
            await writer.drain()
    except TimeoutError:
        writer.transport.abort()
        raise


async def _read_off(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError, TimeoutError):
        if writer.can_write_eof():
            writer.write_eof()
        async with asyncio.timeout(LINGER):
            while await reader.read(CHUNK):
                pass


async def _close(writer: StreamWriter) -> None:
    with suppress(OSError, TimeoutError):
        writer.close()
        async with asyncio.timeout(LINGER):
            await writer.wait_closed()
