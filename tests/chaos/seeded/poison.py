"""Records that can never work, of every kind, put where intake publishes and where triage does."""

from __future__ import annotations

import asyncio
import os
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

if TYPE_CHECKING:
    from tests.chaos.seeded.schedule import Fault
    from tests.stack import Stack

RECEIVED: Final = "referrals.received"
ROUTED: Final = "referrals.routed.primary-care"
GROUPS: Final = {RECEIVED: "triage", ROUTED: "intake-status"}
START_SECONDS: Final = 60  # a broker that does not answer by then gets no poison
_TYPE: Final = ("ce_type", b"frontdoor.referral.received.v1")
_ID: Final = ("ce_id", b"0f5c1f0e-9a57-4c0b-8f0e-2b6f3f1f8a11")


class Put(NamedTuple):
    """A poison record, and where it lies."""

    kind: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Poisoner:
    """Puts poison; `known` are keys of referrals that there are, so that some of it is about somebody."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack, self._rng = stack, Random(seed + 1)
        self.put_there: list[Put] = []
        self.known: list[str] = []

    async def put(self, _: Fault) -> str | None:
        """Puts one; where it lies is the evidence."""
        kind, value, headers = self._one()
        topic = self._rng.choices((RECEIVED, ROUTED), (3, 1))[0]
        about, key = self._key()
        if value is None and key is None:
            key = b"no id"  # the client sends nothing that has neither
        producer = AIOKafkaProducer(
            bootstrap_servers=self._stack.kafka.bootstrap,
            acks="all",
            enable_idempotence=True,
            max_request_size=2_000_000,
        )
        try:
            await asyncio.wait_for(producer.start(), START_SECONDS)
        except (KafkaError, TimeoutError, OSError):
            await producer.stop()
            return None
        try:
            # What is about somebody lies where that person's events do: Kafka keeps no order between partitions.
            partition = None if about else self._rng.randrange(self._stack.settings["partitions"])
            # Without a limit: what was given up may still arrive, and nobody would know that it was poison.
            lies = await producer.send_and_wait(topic, value, key=key, partition=partition, headers=headers)
        finally:
            await producer.stop()
        self.put_there.append(Put(kind, topic, lies.partition, lies.offset, key, value))
        return f"{kind} at {topic} {lies.partition} {lies.offset}"

    def _key(self) -> tuple[bool, bytes | None]:
        """Whether it is about a referral that there is, and the key."""
        if self._rng.randrange(4) == 0 and self.known:
            return True, self._rng.choice(self.known).encode()
        keys = (None, b"no id", str(UUID(bytes=self._rng.randbytes(16), version=4)).encode())
        return False, keys[self._rng.randrange(3)]

    def _one(self) -> tuple[str, bytes | None, list[tuple[str, bytes]]]:
        whole = [
            _TYPE,
            _ID,
            ("ce_specversion", b"1.0"),
            ("ce_source", b"urn:test"),
            ("ce_time", b"2026-11-23T10:00:00Z"),
        ]
        kinds: list[tuple[str, bytes | None, list[tuple[str, bytes]]]] = [
            ("no JSON", b"{", whole),
            ("empty", b"", whole),
            ("no value", None, whole),
            ("another shape", b'{"referral_id": 7}', whole),
            ("a list", b"[1, 2]", whole),
            ("deep nesting", b"[" * 20_000, whole),
            ("no headers", b"{}", []),
            ("unknown type", b"{}", [("ce_type", b"frontdoor.referral.invented.v9"), _ID]),
            ("an id that is none", b"{}", [_TYPE, ("ce_id", b"not an id")]),
            ("headers that are no UTF-8", b"{}", [_TYPE, ("ce_id", b"\xff\xfe"), ("x", b"\x80")]),
            ("bytes", os.urandom(300), whole),
            ("the largest", b"x" * 900_000, whole),
        ]
        return kinds[self._rng.randrange(len(kinds))]
