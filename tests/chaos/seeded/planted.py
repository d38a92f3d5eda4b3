"""Faults planted into a service, and the run that must catch each: `python -m tests.chaos.seeded.planted [NAME ...]`.

The product has no switch for them: the service is started through this module, which changes it in memory first.
"""

from __future__ import annotations

import asyncio
import runpy
import secrets
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

from aiokafka import AIOKafkaConsumer

from services.audit import chain
from services.audit import store as audit_store
from services.intake import handlers
from shared import consumer, postgres
from shared.dead_letters import Parking
from tests.chaos.seeded.__main__ import whole
from tests.chaos.seeded.checkers import (
    each_event_is_published_once,
    every_cause_has_exactly_one_decision,
    every_chain_stands,
    senders_were_answered_rightly,
    what_comes_out_and_is_parked_is_what_came_in,
)
from tests.chaos.seeded.schedule import schedule
from tests.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.frontdoor.embedded.part import Part

SEED: Final = 7
MINUTES: Final = 1.0
KILLS: Final = {"kill": 3, "cut sessions": 1}
CALM: Final[dict[str, int]] = {}


def commit_before_send() -> None:
    """Offsets are committed before the batch is handled."""

    async def work(self: Any, client: Any, batch: Any, stop: Any) -> None:
        self._member.owed.handled(batch)
        await self._commit(client)
        with self._member.busy():
            await self._tried(lambda: self._handle(batch), stop)

    patch.object(consumer.Consumer, "_work", work).start()


def auto_commit() -> None:
    """The client commits what it handed out, on a timer, handled or not."""

    class Careless(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
        def __init__(self, **options: Any) -> None:
            options |= {"enable_auto_commit": True, "auto_commit_interval_ms": 100}
            super().__init__(**options)

    patch.object(consumer, "AIOKafkaConsumer", Careless).start()

    async def never(*_: Any) -> None:
        await asyncio.sleep(0)

    patch.object(consumer.Consumer, "_commit", never).start()


def dedupe_off() -> None:
    """Each message is known by a key of its own, so that a repeat is something new."""
    known = vars(handlers)["message_of"]

    def message_of(*arguments: Any, **named: Any) -> Any:
        message, notices = known(*arguments, **named)
        return message._replace(key=secrets.token_bytes(32)), notices

    patch.object(handlers, "message_of", message_of).start()


def dead_letter_after_commit() -> None:
    """What is parked is written some seconds after its batch was committed."""
    park = Parking.park
    waiting = set()

    async def later(self: Any, unworkable: Any) -> None:
        await asyncio.sleep(4)
        await park(self, unworkable)

    async def parked(self: Any, unworkable: Any) -> Any:
        task = asyncio.create_task(later(self, unworkable))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
        return {}, {}

    patch.object(Parking, "park", parked).start()


def relay_without_lock() -> None:
    """Every instance of intake publishes what it finds."""
    patch.object(postgres, "LOCK", "SELECT $1::text IS NOT NULL").start()
    patch.object(postgres, "UNLOCK", "SELECT 1").start()


def chain_not_checked() -> None:
    """Each row is chained to whatever stands at hand, not to the row before it."""

    def careless(place: Any, _: Any, entries: Any, recorded_at: Any, __: Any) -> Any:
        rows = []
        for entry in entries:
            start = chain.genesis(place)
            rows.append(chain.Row(entry, recorded_at, start, chain.link(place, entry, recorded_at, start)))
        return rows

    patch.object(audit_store, "extend", careless).start()


class Planted(NamedTuple):
    """A fault of ours, the service that has it, what is done to that, and the checker that must catch it."""

    plant: Callable[[], None]
    service: str
    shares: Mapping[str, int]
    caught_by: Callable[..., Any]


PLANTED: Final = {
    "commit before send": Planted(commit_before_send, "triage", KILLS, every_cause_has_exactly_one_decision),
    "auto-commit": Planted(
        auto_commit, "triage", KILLS | {"postgres restart": 2}, every_cause_has_exactly_one_decision
    ),
    "dedupe off": Planted(dedupe_off, "intake", CALM, senders_were_answered_rightly),
    "dead letter after commit": Planted(
        dead_letter_after_commit, "triage", {"poison": 2, "kill": 1}, what_comes_out_and_is_parked_is_what_came_in
    ),
    "relay without lock": Planted(relay_without_lock, "intake", CALM, each_event_is_published_once),
    "chain not checked": Planted(chain_not_checked, "audit", CALM, every_chain_stands),
}


def stack_with(name: str) -> type[Stack]:
    """A stack whose service has the fault."""
    planted = PLANTED[name]

    class WithFault(Stack):
        def _part(self, service: str, *rest: Any) -> Part:
            part = super()._part(service, *rest)
            return (
                replace(part, command=(sys.executable, "-m", __spec__.name, "--serve", name, service))
                if (service == planted.service)
                else part
            )

    return WithFault


async def caught(name: str) -> bool:
    """Whether the run that should catch it does."""
    planted = PLANTED[name]
    coming = schedule(SEED, planted.shares, (planted.service,)) if planted.shares else iter(())
    story = await whole(SEED, MINUTES, stack_with(name), coming)
    found = planted.caught_by.__name__ in story.broken
    print(
        f"{'caught' if found else 'NOT CAUGHT'}: {name}, by {planted.caught_by.__name__.replace('_', ' ')}: {story.broken}"
    )
    return found


def main(arguments: list[str]) -> int:
    """Plants each in turn; 1 where one is not caught."""
    if arguments[:1] == ["--serve"]:
        PLANTED[arguments[1]].plant()
        sys.argv[1:] = []
        runpy.run_module(f"services.{arguments[2]}", run_name="__main__")
        return 0
    return 0 if sum(not asyncio.run(caught(name)) for name in arguments or PLANTED) == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
