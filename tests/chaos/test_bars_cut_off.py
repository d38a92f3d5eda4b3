"""Senders of BaRS that are cut off at any byte, and an intake that is killed: every yes is a receipt, every message one referral."""

from __future__ import annotations

import asyncio
import json
import random
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tests.bars import MEDIA, OPERATION, Ids, changed
from tests.stack import KEYS
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

MESSAGES = 40
UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Sent(NamedTuple):
    """One message as it goes over the wire."""

    ids: Ids
    wire: bytes


def a_message(number: int) -> Sent:
    identifier = [{"system": "https://gp.example/referral", "value": f"REF-{number}"}]
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
        while (most is None or len(told) < most) and not _whole(told):
            if not (chunk := await asyncio.wait_for(reader.read(4096 if most is None else most - len(told)), 30)):
                break
            told += chunk
    finally:
        writer.transport.abort()
    return told


def _whole(told: bytes) -> bool:
    head, found, body = told.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(found and length and len(body) >= int(length[1]))


def referral_in(told: bytes) -> str | None:
    """The id that a whole yes names: of the first answer, or of a duplicate's."""
    if not _whole(told):
        return None
    status, body = int(told[9:12]), told.partition(b"\r\n\r\n")[2]
    if status == 200:
        entries = json.loads(body)["entry"]
        return str(next(e["resource"]["id"] for e in entries if e["resource"]["resourceType"] == "ServiceRequest"))
    if status == 409 and b'"duplicate"' in body and (found := UUID.search(body.partition(b"reference id")[2])):
        return found[0].decode()
    return None


async def cut_off(port: int, sent: Sent, chance: random.Random) -> str | None:
    """One try that ends at some byte, of what is sent or of what is answered; the id, if a whole yes was seen."""
    with suppress(OSError, TimeoutError):
        if chance.random() < 0.5:
            await exchange(port, sent.wire[: chance.randrange(len(sent.wire))], 0)
            return None
        return referral_in(await exchange(port, sent.wire, chance.choice((1, 40, 400, 2000, None))))
    return None


async def until_yes(port: int, sent: Sent) -> str:
    """Tries with the same ids until there is a whole yes, as the standard asks of a sender."""

    async def answered() -> str | None:
        with suppress(OSError, TimeoutError):
            return referral_in(await exchange(port, sent.wire))
        return None

    return str(await eventually(answered))


async def test_a_sender_cut_off_at_any_byte_finds_each_message_taken_once(stack: Stack):
    stack.start("intake")
    chance, port = random.Random(11), stack.ports["intake"]
    messages = [a_message(number) for number in range(MESSAGES)]
    seen: list[set[str]] = [set() for _ in messages]

    async def badly(place: int) -> None:
        for _ in range(6):
            if found := await cut_off(port, messages[place], chance):
                seen[place].add(found)

    tries = asyncio.gather(*(badly(place) for place in range(MESSAGES)))
    for taken in (MESSAGES // 5, MESSAGES // 2):
        await eventually(lambda taken=taken: stack.fetch("SELECT FROM intake.receipt OFFSET $1", taken))
        stack.kill("intake")
        stack.start("intake")
    await tries
    last = await asyncio.gather(*(until_yes(port, sent) for sent in messages))
    for place, found in enumerate(last):
        seen[place].add(found)
    assert [len(ids) for ids in seen] == [1] * MESSAGES  # whoever was told yes, at whatever try, was told of the same one
    rows = await stack.fetch("SELECT referral_id::text AS id, kind FROM intake.receipt")
    assert sorted((row["id"], row["kind"]) for row in rows) == sorted((id, "received") for ids in seen for id in ids)
