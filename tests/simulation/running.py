"""Runs a schedule: the loop under test is given the simulation's clock, client and log."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from random import seed
from typing import TYPE_CHECKING, Final

import pytest
import structlog

from shared import consumer, lag, membership, owed
from shared.consumer import Consumer
from tests.simulation.checker import Checker, Violation
from tests.simulation.clock import StandsStillError, Time, in_virtual_time
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.settings import ServiceSettings
    from tests.simulation.checker import Entry
    from tests.simulation.schedule import Schedule

SILENT: Final = structlog.make_filtering_bound_logger("critical")(None, [], {})  # type: ignore[call-arg]  # it is typed as a protocol
_world: ContextVar[World] = ContextVar("world")


@contextmanager
def simulated() -> Iterator[None]:
    """Within it the loop's clock, its client and its log are the simulation's."""

    async def topics_are_there(_: ServiceSettings) -> None:
        _world.get().topics_are_there()

    with pytest.MonkeyPatch.context() as patch:
        for module in (consumer, lag, membership):
            patch.setattr(module, "time", Time)
        for module in (consumer, membership, owed):
            patch.setattr(module, "get_logger", lambda: SILENT)
        patch.setattr(consumer, "AIOKafkaConsumer", lambda **options: _world.get().client(options["group_id"]))
        patch.setattr(consumer, "check_topics", topics_are_there)
        patch.setattr(lag, "EVERY", 0.6)
        yield


def run(schedule: Schedule, loop: type[Consumer] = Consumer) -> tuple[Violation | None, list[Entry]]:
    """What did not hold, if anything, and the journal. Within `simulated`; the same schedule gives the same."""
    seed(schedule.seed)
    lag.RECORDS.clear()
    lag.SECONDS.clear()
    journal: list[Entry] = []

    async def whole() -> None:
        world = World(schedule, loop, journal)
        _world.set(world)
        await world.run()

    try:
        in_virtual_time(whole())
    except StandsStillError:
        return Violation("stands still", journal[-1][0] if journal else 0.0, "everything waits for ever"), journal
    return Checker().read(journal), journal
