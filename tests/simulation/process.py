"""One process of the service: the loop under test, and a handler that does what triage's does."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Final

from shared import lag
from shared.health import Health
from shared.settings import ServiceSettings
from tests.simulation.broker import PLACES
from tests.simulation.clock import Time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aiokafka.structs import TopicPartition

    from shared.consumer import Batch, Consumer
    from tests.simulation.member import Member
    from tests.simulation.world import World

POISON: Final = b"no event"


class PlantedError(Exception):
    """A bug of a handler."""


@cache
def settings(instance: str) -> ServiceSettings:
    """With short deadlines, for idle seconds cost most."""
    return ServiceSettings(
        postgres_dsn="postgresql://nowhere", instance=instance, kafka_send_timeout=0.8, kafka_stop_timeout=0.3
    )


class Process:
    """One process of the service: the loop under test, and a handler that does what triage's does."""

    def __init__(self, world: World, name: str, incarnation: str, loop: type[Consumer]) -> None:
        self.world, self.name, self.incarnation = world, name, incarnation
        self.stop, self.health = asyncio.Event(), Health(60, Time.monotonic)
        self.client: Member | None = None
        self._loop = loop(
            settings(name),
            self.health,
            topics=["referrals.received"],
            group=incarnation,
            handle=self._handle,
            assigned=self._place if world.schedule.places else None,
        )
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._loop.run(self.stop)
        except Exception as error:  # noqa: BLE001  (whatever it is, the checker says whether it may be)
            self.world.note("ended", self.incarnation, type(error).__name__)
        else:
            self.world.note("ended", self.incarnation, "")
        self.world.ended(self)

    def ask(self) -> None:
        """It is asked to stop."""
        if not self.stop.is_set():
            self.stop.set()
            self.world.note("asked", self.incarnation)

    def kill(self) -> None:
        self.world.note("killed", self.incarnation)
        self.task.cancel()
        if self.client:
            self.client.kill()

    async def _handle(self, batch: Batch) -> None:
        """Decide in one transaction, publish, note what was published; anything may fail between two of these."""
        self.world.note("trying", self.incarnation)
        places = [(record.partition, record.offset) for records in batch.values() for record in records]
        await self.world.something_happens(self)
        decisions = self.world.decide(places)
        await self.world.something_happens(self)
        for (partition, offset), decision in zip(places, decisions, strict=True):
            self.world.note("decided", self.incarnation, partition, offset, decision)
        for record in (record for records in batch.values() for record in records if record.value == POISON):
            self.world.note("parked", self.incarnation, record.partition, record.offset)
        await self.world.something_happens(self)
        for partition, offset in places:
            self.world.note("handled", self.incarnation, partition, offset)
            self.world.heads[partition] = max(self.world.heads.get(partition, 0), offset + 1)

    async def _place(self, client: Member, places: Sequence[TopicPartition]) -> None:
        """Reads on where the store ends, as audit does."""
        self.world.note("trying", self.incarnation)
        await self.world.something_happens(self)
        for place in places:
            client.seek(place, self.world.heads.get(place.partition, 0))

    def wrong(self) -> Iterator[tuple[str, str]]:
        """What does not show that all is well."""
        ready, why = self.health.ready()
        if not ready:
            yield "not ready", str(why)
        shown = [
            sample for gauge in (lag.RECORDS, lag.SECONDS) for metric in gauge.collect() for sample in metric.samples
        ]
        for sample in shown:
            if sample.labels["group"] == self.incarnation and self.client:
                place = int(sample.labels["partition"])
                if PLACES[place] not in self.client.mine:
                    yield "lag of another's partition", str(place)
                elif sample.value:
                    yield "lag of what is committed", f"{place}: {sample.value:g}"
