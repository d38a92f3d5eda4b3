"""The consuming loop with a fault planted in it: each is what a hurried change could make of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from shared.consumer import Consumer
from shared.errors import Transient
from shared.lag import Lag
from shared.membership import Membership

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiokafka import AIOKafkaConsumer

    from shared.consumer import Batch


class CommitsBeforeHandling(Consumer):
    """At most once: what a crash interrupts is lost."""

    async def _work(self, consumer: AIOKafkaConsumer, batch: Batch, stop: asyncio.Event) -> None:
        self._member.owed.handled(batch)
        await self._commit(consumer)
        await super()._work(consumer, batch, stop)


class DoesNotWaitForItsBatch(Consumer):
    """A revoke is over while a batch is in flight: two members work on one partition."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._member = _Hurried(self._group, places=self._assigned is not None)


class _Hurried(Membership):
    async def on_partitions_revoked(self, revoked: Any) -> None:
        self._idle.set()
        await super().on_partitions_revoked(revoked)


class CommitsPositions(Consumer):
    """As a client that commits by itself, every so often: wherever polls have come to."""

    async def _consume(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        committing = asyncio.create_task(self._commit_positions(consumer))
        try:
            await super()._consume(consumer, stop)
        finally:
            committing.cancel()

    async def _commit_positions(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(0.05)
            with suppress(KafkaError):
                positions = {tp: await consumer.position(tp) for tp in consumer.assignment()}
                await consumer.commit({tp: OffsetAndMetadata(offset, "") for tp, offset in positions.items()})


class CommitsWhatWasPolled(Consumer):
    """Whether or not it was handled."""

    async def _tried(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> bool:
        await super()._tried(work, stop)
        return True


class GoesOnWithoutSeekingBack(Consumer):
    """What met something away is not tried again, and the next commit skips it."""

    async def _tried(self, work: Callable[[], Awaitable[None]], _: asyncio.Event) -> bool:
        with suppress(Transient):
            await work()
            return True
        return False

    def _give_back(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        """Nothing."""


class WaitsOutTheOutage(Consumer):
    """During a revoke too: the whole group waits for it."""

    async def _interrupted(self, stop: asyncio.Event, seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return stop.is_set()


class ForgetsARefusedCommit(Consumer):
    """It is made good by the next one, if ever there is a next one."""

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        await super()._commit(consumer)
        self._member.owed.forget()


class MeasuresWhatTheClientNames(Consumer):
    """Which until the next assignment is what was revoked."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._member.lag = _Trusting(self._group)


class _Trusting(Lag):
    async def measure(self, consumer: AIOKafkaConsumer, now: float) -> None:
        self._mine = consumer.assignment()
        await super().measure(consumer, now)


PLANTED: Final = (
    CommitsBeforeHandling,
    DoesNotWaitForItsBatch,
    CommitsPositions,
    CommitsWhatWasPolled,
    GoesOnWithoutSeekingBack,
    WaitsOutTheOutage,
    ForgetsARefusedCommit,
    MeasuresWhatTheClientNames,
)
