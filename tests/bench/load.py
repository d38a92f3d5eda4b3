"""Load: events straight into Kafka, and referrals over HTTP at a steady rate or as fast as they are taken."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from msgspec import structs

from shared import topics
from shared.kafka import Publisher, Record, partition_of
from shared.settings import ServiceSettings
from tests.bench.events import coded_month
from tests.builders import Person, a_record_of
from tests.stack import KEYS

if TYPE_CHECKING:
    from tests.stack import Stack


def a_body(number: int) -> dict[str, object]:
    """A referral as a GP system sends it."""
    return {
        "message_id": uuid4().hex,
        "person": {
            "name": {"given": "Ada", "family": f"Example-{number}"},
            "born": "1986-05-04",
            "postcode": "SW9 8JX",
        },
        "contact": {"phone": "020 7946 0000", "safe_contact_only": "no", "may_text": "yes"},
        "referrer": {"organisation": "Y99001", "practice": "Y99001", "role": "GP", "urgency": "3"},
        "consent": {"aware": "yes", "agrees": "yes", "share_with_partners": "yes"},
        "reason": {"code": "04", "question": "treatment", "text": "Low for three months, sleeping badly, off work."},
        "presentation": {"phq9": 10 + number % 18, "phq9_item9": 0, "gad7": number % 22, "function": "some"},
        "risk": {"life_in_danger": "no", "suicidal": "none", "means": "no", "self_harm": "none", "to_others": "none"},
    }


async def preload(stack: Stack, count: int) -> None:
    """Publishes `count` received referrals."""
    publisher = Publisher(ServiceSettings.model_validate({"postgres_dsn": "", **stack.settings}))
    run, month = uuid4().hex, coded_month()
    for start in range(0, count, 1000):
        records = []
        for number in range(start, min(count, start + 1000)):
            person = Person(f"{run}-{number}", at=dt.datetime.now(dt.UTC))
            referral = structs.replace(month[number % len(month)], person_key=f"{run}{number:032}")
            made = a_record_of(person.sends(referral))
            key = made.key or b""
            where = partition_of(key, stack.settings["partitions"])
            records.append(Record(topics.RECEIVED, where, key, made.value, made.headers))
        await publisher.publish(records)
    await publisher.close()


class Senders:
    """Keep-alive connections to intake; an HTTP client library would use up more of the machine than intake does."""

    def __init__(self, stack: Stack) -> None:
        self._port = stack.ports["intake"]
        self._head = f"POST /referrals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEYS['gp']}\r\nContent-Length: "
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def open(self, connections: int) -> Self:
        """Opens the connections."""
        for _ in range(connections):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))
        return self

    async def post(self, body: bytes) -> bool:
        """Posts a referral on the next free connection; whether it was taken."""
        reader, writer = await self._free.get()
        writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        size = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(size.split(b":")[1]))
        self._free.put_nowait((reader, writer))
        return answer.startswith(b"HTTP/1.1 202")

    def close(self) -> None:
        """Closes the connections."""
        while not self._free.empty():
            self._free.get_nowait()[1].close()


async def steady(stack: Stack, rate: int, seconds: int) -> int:
    """Posts `rate` referrals a second for `seconds`; how many were taken."""
    senders = await Senders(stack).open(128)
    started, posts, taken = time.perf_counter(), set[asyncio.Task[bool]](), 0
    for number in range(rate * seconds):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        posts.add(asyncio.create_task(senders.post(json.dumps(a_body(number)).encode())))
        if number % rate == 0:  # what is answered is counted and forgotten: ten minutes are many
            answered = {post for post in posts if post.done()}
            taken += sum(post.result() for post in answered)
            posts -= answered
    taken += sum(await asyncio.gather(*posts))
    senders.close()
    return taken


async def flat_out(stack: Stack, connections: int, count: int) -> float:
    """Posts `count` referrals on so many connections at once; receipts a second."""
    senders = await Senders(stack).open(connections)
    bodies = [json.dumps(a_body(number)).encode() for number in range(count)]
    started = time.perf_counter()
    assert all(await asyncio.gather(*[senders.post(body) for body in bodies]))
    seconds = time.perf_counter() - started
    senders.close()
    return count / seconds
