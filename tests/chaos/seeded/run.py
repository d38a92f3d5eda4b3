"""One run: a system with two instances of each service, senders, faults by a schedule, then what must hold."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.chaos.seeded.checkers import broken, every_record_is_audited, lag_is_zero
from tests.chaos.seeded.faults import Faults
from tests.chaos.seeded.schedule import schedule
from tests.chaos.seeded.senders import MARK, PHONE, Senders
from tests.chaos.seeded.witness import Commits, all_seen
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.seeded.poison import Put
    from tests.chaos.seeded.schedule import Fault
    from tests.chaos.seeded.senders import Yes
    from tests.stack import Stack

    Tell = Callable[[str], None]

DRAIN_SECONDS: Final = 120.0
STEADY: Final = 20  # yeses before the first fault
NOT_THROUGH: Final = """
SELECT (SELECT count(*) FROM intake.outbox WHERE published_at IS NULL)
     + (SELECT count(*) FROM triage.output WHERE published_at IS NULL)
     + (SELECT count(*) FROM intake.receipt WHERE event_id NOT IN (SELECT cause_id FROM triage.decision)) AS n
"""


@dataclass
class Story:
    """What was done and what was seen of it; the checkers' side of the account."""

    seed: int
    tell: Tell = print
    yeses: list[Yes] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    put: list[Put] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    commits_back: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = (MARK, PHONE)
    verified: str = ""
    done: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    broken: dict[str, list[str]] = field(default_factory=dict)

    @property
    def referrals(self) -> list[str]:
        """Every referral that somebody has a yes for."""
        return [yes.referral_id for yes in self.yeses if yes.kind == "received"]

    @property
    def faults(self) -> int:
        """Faults whose effect was seen; poison is counted apart."""
        return sum(count for kind, count in self.done.items() if kind != "poison")


async def run(stack: Stack, seed: int, seconds: float, tell: Tell, coming: Iterator[Fault] | None = None) -> Story:
    """Does the faults of a seed for so many seconds from steady state, lets the system settle, and judges it.

    `coming` are other faults than the seed's own.
    """
    story, faults = Story(seed, tell), Faults(stack, seed)
    senders = Senders(stack, seed, faults.mllp.values())
    commits, over = Commits(stack.kafka.bootstrap), asyncio.Event()
    await faults.start()
    sending, watching = asyncio.create_task(senders.run()), asyncio.create_task(commits.watch(over))
    await eventually(lambda: len(senders.yeses) >= STEADY, 60)
    tell(f"steady after {len(senders.yeses)} yeses; seed {seed}, {seconds:.0f} s of faults")
    began = time.monotonic()
    await _do(story, faults, senders, began + seconds, coming or schedule(seed))
    story.seconds = time.monotonic() - began
    await faults.settled()
    senders.stop.set()
    await asyncio.wait_for(sending, DRAIN_SECONDS)
    await _drained(stack)
    over.set()
    await watching
    story.yeses, story.sent, story.put = senders.yeses, senders.sent, faults.poisoner.put_there
    story.wrong, story.commits_back = senders.wrong, commits.back
    story.logs = {name: stack.logs(name) for name in stack.ports}
    story.verified = await asyncio.to_thread(_verified, stack.database.dsn("frontdoor_auditor"))
    seen = await all_seen(stack.kafka.bootstrap, stack.database.dsn())
    tell(f"{len(story.yeses)} yeses, {len(story.put)} poison; {sum(map(len, seen.records.values()))} records to judge")
    story.broken = broken(story, seen)
    return story


async def _do(story: Story, faults: Faults, senders: Senders, until: float, coming: Iterator[Fault]) -> None:
    waiting: list[Fault] = []
    for fault in coming:
        if time.monotonic() > until:
            return
        waiting.append(fault)
        if fault.together and len(waiting) < 3:
            continue
        faults.poisoner.known = senders.referrals
        await asyncio.gather(*(_one(story, faults, one) for one in _apart(waiting)))
        waiting = []
        await asyncio.sleep(fault.pause)
    await asyncio.sleep(until - time.monotonic())  # a calm run has no faults


def _apart(faults: list[Fault]) -> list[Fault]:
    """Those that can be done at the same time: one to a process, one to a server."""
    found: dict[str, Fault] = {}
    for fault in faults:
        found.setdefault(fault.name or fault.kind.partition(" ")[0], fault)
    whole = [fault for fault in found.values() if fault.kind in {"roll", "scale", "freeze"}]
    return [fault for fault in found.values() if not whole or fault in whole[:1]]


async def _one(story: Story, faults: Faults, fault: Fault) -> None:
    evidence = await faults.do(fault)
    (story.done if evidence else story.unseen)[fault.kind] += 1
    story.tell(f"{fault}: {evidence or 'no effect was seen, not counted'}")


async def _drained(stack: Stack) -> None:
    async def through() -> bool:
        (row,) = await stack.fetch(NOT_THROUGH)
        return bool(row["n"] == 0)

    async def audited() -> bool:
        seen = await all_seen(stack.kafka.bootstrap, stack.database.dsn())
        assert not [*every_record_is_audited(Story(0), seen)], "audit has not come to the end"
        assert not [*lag_is_zero(Story(0), seen)], "a group has not committed the end"
        return True

    with suppress(AssertionError):  # the checkers say it better
        await eventually(through, DRAIN_SECONDS)
        await eventually(audited, DRAIN_SECONDS)


def _verified(dsn: str) -> str:
    """What `audit verify` finds in the chains; nothing where they stand."""
    command = [sys.executable, "-m", "services.audit", "verify"]
    found = subprocess.run(
        command, env=os.environ | {"FRONTDOOR_AUDITOR_DSN": dsn}, capture_output=True, text=True, check=False
    )
    return "" if found.returncode == 0 else found.stdout + found.stderr
