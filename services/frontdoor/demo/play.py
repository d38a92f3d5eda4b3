"""Plays a month on a system that runs: makes it, sends it, waits until all of it is audited, and says what became of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.frontdoor.demo.figures import figures, stories
from services.frontdoor.demo.month import Sent, month
from services.frontdoor.demo.progress import progress_on
from services.frontdoor.demo.reading import recorded, rules_of
from services.frontdoor.demo.result import Report
from services.frontdoor.demo.sending import send
from services.frontdoor.demo.words import in_words
from services.frontdoor.reconcile import Scope, look, reconcile
from shared.command_line import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rich.console import Console

    from services.frontdoor.account import Account
    from services.frontdoor.demo.month import Message
    from services.frontdoor.demo.progress import Progress
    from services.frontdoor.demo.sending import Access
    from shared.running import Running

SETTLE: Final = 30.0  # seconds for the last event to be audited
LOOK_AGAIN: Final = 0.5


async def play(
    arguments: argparse.Namespace, access: Access, running: Running, console: Console, *, stays: bool = True
) -> Report:
    """The whole month; the report of what was sent and of what can be seen of it. `stays`: the system does, afterwards."""
    run, began = secrets.token_hex(2), dt.datetime.now(dt.UTC)
    messages = month(seed=arguments.seed, run=run, people=arguments.people, until=began)
    console.print(
        f"\n[bold]A month at one borough's front door[/]: {counted(arguments.people, 'referral')}, "
        f"{counted(len(messages), 'message')}"
    )
    progress = progress_on(console)
    try:
        progress.begin("sent", "sent by the referrers' systems", len(messages))
        progress.begin("answered", "looked at by teams and the hub", arguments.people)
        sending = await send(messages, access, f"{arguments.seed}", progress)
        scope = Scope(referrals=tuple(map(UUID, sending.ids.values())))
        account = await _settled(running.reader_dsn, scope, progress) if running.reader_dsn else None
    finally:
        progress.close()
    dirt = Counter(kind for message in messages if message.sent is Sent.REFERRAL for kind in message.dirt)
    report = Report(
        arguments.people, arguments.seed, run, sending, dirt, account=account, unseen=_unseen(access, running)
    )
    if running.auditor_dsn is None:
        return report
    return await _read_back(report, messages, running.auditor_dsn, stays=stays)


async def _settled(reader_dsn: str, scope: Scope, progress: Progress) -> Account:
    """The account once nothing is under way any more, or as it is after SETTLE seconds."""
    deadline = time.monotonic() + SETTLE
    account = await look(reader_dsn, scope)
    progress.begin("audited", "events followed to their audit row", account.taken)
    while (account.in_flight or account.unaccounted) and time.monotonic() < deadline:
        progress.step("audited", account.audited)
        await asyncio.sleep(LOOK_AGAIN)
        account = await look(reader_dsn, scope)
    progress.step("audited", account.audited)
    return await reconcile(reader_dsn, scope) if account.unaccounted else account


async def _read_back(report: Report, messages: Sequence[Message], auditor_dsn: str, *, stays: bool) -> Report:
    """The report with what audit knows of the run."""
    records = await recorded(auditor_dsn, report.sending.ids.values())
    rules = await rules_of(auditor_dsn, records)
    seen = figures(records, rules.names)
    who = {report.sending.ids.get(message.ref): message.who for message in messages}
    told = {str(story[0].referral_id): story for story in stories(records)}
    words = [in_words(who[str(example)], told[str(example)], rules, stays=stays) for example in seen.examples]
    return replace(report, figures=seen, explanations=words)


def _unseen(access: Access, running: Running) -> tuple[str, ...]:
    """What cannot be shown from here, and what would show it."""
    lacks = (
        (access.team, "no receiving team answered: that needs FRONTDOOR_TEAM_KEY, a synthetic team's key"),
        (access.hub, "nobody at the hub answered: that needs FRONTDOOR_HUB_KEY, a synthetic hub's key"),
        (
            running.auditor_dsn,
            "where the rules propose to send people, why, and how fast: that needs FRONTDOOR_AUDITOR_DSN",
        ),
        (running.reader_dsn, "the account, taken to audited: that needs FRONTDOOR_READER_DSN"),
    )
    return tuple(why for there, why in lacks if not there)
