"""BaRS as bytes on a connection, without an HTTP library between: messages, and what a raw socket is answered."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import NamedTuple
from uuid import uuid4

from tests.bars import MEDIA, OPERATION, Ids, changed
from tests.stack import KEYS


class Sent(NamedTuple):
    """One message as it goes over the wire."""

    ids: Ids
    wire: bytes


def a_message(number: int) -> Sent:
    """A new referral, unlike that of any other number."""
    identifier = [{"system": "https://gp.example/referral", "value": f"REF-{number}-{uuid4()}"}]
    body = changed("new-referral.json", ServiceRequest={"identifier": identifier})
    ids = Ids.new()
    head = {"Host": "x", "Authorization": f"Bearer {KEYS['gp']}", "Content-Type": MEDIA, **ids.headers()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return Sent(ids, f"POST {OPERATION} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def exchange(port: int, wire: bytes, most: int | None = None) -> bytes:
    """What a raw connection is answered, at most so many bytes of it; then it is cut off hard."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    told = b""
    try:
        writer.write(wire)
        with suppress(OSError):
            await writer.drain()
        while (most is None or len(told) < most) and not whole(told):
            if not (chunk := await asyncio.wait_for(reader.read(4096 if most is None else most - len(told)), 30)):
                break
            told += chunk
    finally:
        writer.transport.abort()
    return told


def whole(told: bytes) -> bool:
    """Whether an answer has come to its end."""
    head, found, body = told.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(found and length and len(body) >= int(length[1]))
