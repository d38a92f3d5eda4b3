"""Senders of BaRS that are cut off at any byte, and an intake that is killed: every yes is a receipt, every message one referral."""

from __future__ import annotations

import asyncio
import json
import random
import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tests.bars_wire import Sent, a_message, exchange, whole
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

MESSAGES = 40
UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def referral_in(told: bytes) -> str | None:
    """The id that a whole yes names: of the first answer, or of a duplicate's."""
    if not whole(told):
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
        await eventually(partial(stack.fetch, "SELECT FROM intake.receipt OFFSET $1", taken))
        stack.kill("intake")
        stack.start("intake")
    await tries
    last = await asyncio.gather(*(until_yes(port, sent) for sent in messages))
    for place, found in enumerate(last):
        seen[place].add(found)
    assert {len(ids) for ids in seen} == {1}  # whoever was told yes, at whatever try, was told of the same one
    rows = await stack.fetch("SELECT referral_id::text AS id, kind FROM intake.receipt")
    assert sorted((row["id"], row["kind"]) for row in rows) == sorted((one, "received") for ids in seen for one in ids)
