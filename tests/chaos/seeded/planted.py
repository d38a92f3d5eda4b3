"""Faults planted into a service, and the run that must catch each.

`python -m tests.chaos.seeded.planted [--keep FILE] [NAME ...]`. The product has no switch for them: the service is started
through this module, which changes it in memory first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import runpy
import secrets
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

from aiokafka import AIOKafkaConsumer

from services.audit import chain
from services.audit import store as audit_store
from services.intake.taking import handlers
from services.triage.handlers import Handler
from shared import consumer, postgres
from shared.dead_letters import Parking
from shared.membership import Membership
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
KILLS: Final = {"kill": 1}
COME_AND_GO: Final = {"scale": 1}
LOST_SECONDS: Final = 45.0  # what is lost never moves again
CALM: Final[dict[str, int]] = {}


def slow() -> None:
    """No fault: a batch takes a second, so that one is in flight whenever a member comes, goes or is killed."""
    handle = Handler.__call__

    async def slowly(self: Any, batch: Any) -> Any:
        await asyncio.sleep(1)
        return await handle(self, batch)

    patch.object(Handler, "__call__", slowly).start()


def commit_before_send() -> None:
    """Offsets are committed before the batch is handled."""
    slow()

    async def work(self: Any, client: Any, batch: Any, stop: Any) -> None:
        self._member.owed.handled(batch)
        await self._commit(client)
        with self._member.busy():
            await self._tried(lambda: self._handle(batch), stop)

    patch.object(consumer.Consumer, "_work", work).start()


def no_drain_on_revoke() -> None:
    """Partitions are handed over at once, whatever is in flight."""
    slow()

    async def at_once(self: Any, revoked: Any) -> None:
        await asyncio.sleep(0)
        self.lag.forget(revoked)
        self.owed.forget()

    patch.object(Membership, "on_partitions_revoked", at_once).start()


def auto_commit() -> None:
    """The client commits what it handed out, on a timer, handled or not."""
    slow()

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
    """A fault of ours, the service that has it, what is done to that for so long, and the checker that must catch it."""

    plant: Callable[[], None]
    service: str
    shares: Mapping[str, int]
    caught_by: Callable[..., Any] | None  # None: nothing may be broken
    minutes: float = 1.0


PLANTED: Final = {
    "commit before send": Planted(commit_before_send, "triage", KILLS, every_cause_has_exactly_one_decision),
    "slow, no fault": Planted(slow, "triage", COME_AND_GO, None, 2.0),
    "no drain on revoke": Planted(no_drain_on_revoke, "triage", COME_AND_GO, each_event_is_published_once, 2.0),
    "auto-commit": Planted(auto_commit, "triage", KILLS, every_cause_has_exactly_one_decision),
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


async def caught(name: str) -> dict[str, Any]:
    """What the run that should catch it says: as it is kept."""
    planted = PLANTED[name]
    coming = schedule(SEED, planted.shares, (planted.service,)) if planted.shares else iter(())
    story = await whole(SEED, planted.minutes, stack_with(name), coming=coming, still=LOST_SECONDS)
    by = planted.caught_by.__name__ if planted.caught_by else ""
    right = by in story.broken if by else not story.broken
    print(
        f"{'right' if right else 'WRONG'}: {name} should be caught by {by or 'nothing'}, and broken is {story.broken}"
    )
    found = {"planted": name, "service": planted.service, "by": by, "right": right, "broken": story.broken}
    return found | {"faults": story.faults, "seconds": round(story.seconds)}


def main(arguments: list[str]) -> int:
    """Plants each in turn; 1 where one is not caught."""
    if arguments[:1] == ["--serve"]:
        PLANTED[arguments[1]].plant()
        sys.argv[1:] = []
        runpy.run_module(f"services.{arguments[2]}", run_name="__main__")
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PLANTED))
    parser.add_argument("--keep", type=Path, help="append what each run says to this file, a line of JSON")
    asked = parser.parse_args(arguments)
    found = [asyncio.run(caught(name)) for name in asked.names or PLANTED]
    if asked.keep:
        with asked.keep.open("a") as file:
            file.writelines(json.dumps(one) + "\n" for one in found)
    return 0 if all(one["right"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
