"""A sender of HL7 v2 for tests: messages and connections; and intake's MLLP listener in this process, on real sockets.

async with listening(database, folder) as (desk, port), Line.open(port) as line:
    answer = await line.ask(a_message())
    assert answer.code == "AA"
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.intake.senders import Source
from services.intake.transports.admission import Admission
from services.intake.transports.mllp.frames import END, START, framed
from services.intake.transports.mllp.server import Mllp
from shared.health import Health
from tests.engine import free_port
from tests.intake import intake

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from tests.intake import Desk
    from tests.stack import Database

PROFILES: Final[dict[str, Any]] = {
    "fast": {"facility": "G85001"},
    "other-gp": {"facility": "G85002", "answer": "ack"},
    "slow": {"facility": "G85003"},
    "form": {"facility": "G85004"},
    "rehearsal": {"facility": "Y99001"},
}
PID: Final = "PID|1||9990000018^^^NHS^NH||Example^Ada^^^Ms||19840317|F|||1 High St^^London^^SW9 8AA"
REASON: Final = "OBX|1|FT|REASON^Reason^L||Low for three months, sleeping badly.||||||F"


def a_message(*segments: str, without: str = "", **msh: str) -> bytes:
    """A referral: MSH, RF1, PRD, PID, a reason, and the segments given; `without` leaves out those of its own that begin so.

    MSH's fields by name: `event`, `control`, `processing`, `version`, `facility`, `application`, `kind`, `charset`, `name`
    (RF1-6).
    """
    event, version = msh.get("event", "I12"), msh.get("version", "2.4")
    header = (
        f"MSH|^~\\&|{msh.get('application', 'EMIS')}|{msh.get('facility', 'G85001')}|FRONTDOOR|SLAM|20260105101500+0000||"
        f"{msh.get('kind', f'REF^{event}^REF_I12')}|{msh.get('control', 'C1')}|{msh.get('processing', 'P')}|{version}"
        f"|||||{'|' if 'charset' in msh else ''}{msh.get('charset', '')}"
    ).rstrip("|")
    rf1 = f"RF1||R^Routine^HL70280|PSY||A|{msh.get('name', 'REF-1^EMIS')}|20260105"
    whole = [header, rf1, "PRD|RP^Referring^HL70286|Good^Grace^^^Dr|||||G85001^NHSODS", PID, REASON]
    kept = [line for line in whole if not (without and line.startswith(tuple(without.split())))]
    return "".join(f"{line}\r" for line in (*kept, *segments)).encode()


class Answer(NamedTuple):
    """An answer, taken apart by hand: the reader under test has no part in it."""

    segments: list[list[str]]

    @classmethod
    def of(cls, content: bytes) -> Answer:
        """The answer in a block."""
        assert content.startswith(b"MSH"), content
        text = content.decode("ascii")
        return cls([line.split(text[3]) for line in text.split("\r") if line])

    def field(self, name: str, number: int) -> str:
        """A field of the first segment of a name; nothing where there is none."""
        found = next((one for one in self.segments if one[0] == name), [])
        at = number - 1 if name == "MSH" else number
        return found[at] if at < len(found) else ""

    def every(self, name: str) -> list[list[str]]:
        """Every segment of a name."""
        return [one for one in self.segments if one[0] == name]

    @property
    def code(self) -> str:
        """MSA-1."""
        return self.field("MSA", 1)

    @property
    def referral_id(self) -> str:
        """Ours, as an RRI gives it."""
        return self.field("RF1", 11).partition("^")[0]


class Line:
    """One connection of a sender."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def open(
        cls, port: int, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> AsyncIterator[Line]:
        """A connection to a port of this machine, from an address of it."""
        name = "localhost" if tls else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=tls, server_hostname=name, local_addr=(address, 0)
        )
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    async def write(self, data: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def read(self) -> Answer:
        """The next answer."""
        block = await asyncio.wait_for(self._reader.readuntil(END + b"\r"), 30)
        assert block.startswith(START)
        return Answer.of(block[1:-2])

    async def ask(self, message: bytes) -> Answer:
        """Sends a message and reads its answer."""
        await self.write(framed(message))
        return await self.read()

    async def closed(self) -> bytes:
        """What comes until the other end closes."""
        return await asyncio.wait_for(self._reader.read(), 30)


@asynccontextmanager
async def listening(
    database: Database,
    folder: Path,
    profiles: Mapping[str, Any] | None = None,
    stop: asyncio.Event | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[Desk, int]]:
    """Intake with its MLLP listener, until `stop` or the end; then it stops in order."""
    given = {"mllp_port": free_port(), "host": "127.0.0.1", **settings}
    port = given["mllp_port"]
    async with intake(database, folder, profiles or PROFILES, **given) as desk:
        stop = stop or asyncio.Event()
        server = Mllp(desk.settings, desk.whole, Admission(desk.whole.senders, desk.settings), Health(30))
        running = asyncio.create_task(server.run(stop))
        await _answers(port, running)
        try:
            yield desk, port
        finally:
            stop.set()
            await running


async def _answers(port: int, running: asyncio.Task[None]) -> None:
    while not running.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
    await running


def a_source(**fields: Any) -> Source:
    """A source for readers that need no database; `hl7` is its profile."""
    fields.setdefault("hl7", {"facility": "G85001"})
    return Source.model_validate({"id": "gp", "name": "GP", "keys": ["0" * 64], **fields})
