"""One run: a system with two instances of each service, senders, faults by a schedule, then what must hold."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from tests.chaos.seeded.checkers import broken, every_record_is_audited, lag_is_zero
from tests.chaos.seeded.faults import Faults
from tests.chaos.seeded.schedule import schedule
from tests.chaos.seeded.senders import MARK, PHONE, Senders
from tests.chaos.seeded.servers import HANGS_SECONDS
from tests.chaos.seeded.witness import Commits, all_seen
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.seeded.poison import Put
    from tests.chaos.seeded.schedule import Fault
    from tests.chaos.seeded.senders import Yes
    from tests.stack import Stack

    Tell = Callable[[str], None]

STILL_SECONDS: Final = 180.0  # with nothing through, audited or committed in so long, nothing will be
LOOKAHEAD: Final = 60  # faults among which the next is chosen: so many that a long one holds up nobody else
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
    ended: list[str] = field(default_factory=list)
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


async def run(
    stack: Stack,
    seed: int,
    seconds: float,
    tell: Tell,
    coming: Iterator[Fault] | None = None,
    still: float = STILL_SECONDS,
) -> Story:
    """Does the faults of a seed for so many seconds from steady state, lets the system settle, and judges it.

    `coming` are other faults than the seed's own; with nothing moving for `still` seconds, nothing more is waited for.
    """
    story, faults = Story(seed, tell), Faults(stack, seed)
    senders = Senders(stack, seed, faults.mllp.values())
    commits, over = Commits(stack.kafka.bootstrap), asyncio.Event()
    await faults.start()
    sending, watching = asyncio.create_task(senders.run()), asyncio.create_task(commits.watch(over))
    await eventually(lambda: len(senders.yeses) >= STEADY, HANGS_SECONDS)
    tell(f"steady after {len(senders.yeses)} yeses; seed {seed}, {seconds:.0f} s of faults")
    began = time.monotonic()
    await _do(story, faults, senders, began + seconds, coming or schedule(seed))
    story.seconds = time.monotonic() - began
    await faults.settled()
    senders.stop.set()
    await asyncio.wait_for(sending, HANGS_SECONDS)
    await _drained(stack, still)
    over.set()
    await watching
    story.yeses, story.sent, story.put = senders.yeses, senders.sent, faults.poisoner.put_there
    story.wrong, story.commits_back, story.ended = senders.wrong, commits.back, faults.ended
    story.logs = {name: stack.logs(name) for name in stack.ports}
    story.verified = await asyncio.to_thread(_verified, stack.database.dsn("frontdoor_auditor"))
    seen = await all_seen(stack.kafka.bootstrap, stack.database.dsn())
    tell(f"{len(story.yeses)} yeses, {len(story.put)} poison; {sum(map(len, seen.records.values()))} records to judge")
    story.broken = broken(story, seen)
    return story


async def _do(story: Story, faults: Faults, senders: Senders, until: float, coming: Iterator[Fault]) -> None:
    """Several faults go on at once: the next is the first of those coming that touches nothing that one under way does."""
    under_way: dict[asyncio.Task[None], Fault] = {}
    waiting: list[Fault] = []
    while time.monotonic() < until:
        waiting += islice(coming, LOOKAHEAD - len(waiting))
        touched = {what for fault in under_way.values() for what in fault.touches}
        if fault := next((one for one in waiting if touched.isdisjoint(one.touches)), None):
            waiting.remove(fault)
            faults.poisoner.known = senders.referrals
            under_way[asyncio.create_task(_one(story, faults, fault))] = fault
        left = until - time.monotonic() if fault is None else fault.pause
        if under_way:
            await asyncio.wait(under_way, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(left)  # a calm run has no faults
        for task in [task for task in under_way if task.done()]:
            under_way.pop(task)
            task.result()
    await asyncio.gather(*under_way)


async def _one(story: Story, faults: Faults, fault: Fault) -> None:
    evidence = await faults.do(fault)
    (story.done if evidence else story.unseen)[fault.kind] += 1
    story.tell(f"{fault}: {evidence or 'no effect was seen, not counted'}")


async def _drained(stack: Stack, still: float) -> None:
    """Waits until everything is through, as long as anything moves. What stays, the checkers say better."""
    last, since = [""], time.monotonic()
    while last and time.monotonic() - since < still:
        if (now := await _on_its_way(stack)) != last:
            last, since = now, time.monotonic()
        await asyncio.sleep(0.5)


async def _on_its_way(stack: Stack) -> list[str]:
    (row,) = await stack.fetch(NOT_THROUGH)
    if row["n"]:
        return [f"{row['n']} events are not through"]
    seen = await all_seen(stack.kafka.bootstrap, stack.database.dsn())
    return [*every_record_is_audited(Story(0), seen), *lag_is_zero(Story(0), seen)]


def _verified(dsn: str) -> str:
    """What `audit verify` finds in the chains; nothing where they stand."""
    command = [sys.executable, "-m", "services.audit", "verify"]
    found = subprocess.run(
        command, env=os.environ | {"FRONTDOOR_AUDITOR_DSN": dsn}, capture_output=True, text=True, check=False
    )
    return "" if found.returncode == 0 else found.stdout + found.stderr
