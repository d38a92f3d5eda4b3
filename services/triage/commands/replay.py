"""`frontdoor rules replay`: past referrals under a new rule file, beside the rules in force."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import running
from shared.command_line import CLEAN, FINDING, add_command, since_when

if TYPE_CHECKING:
    import argparse

    from services.triage.commands.decided import Store
    from services.triage.proof.comparing import Comparison
    from services.triage.rules import RuleSet
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules replay FILE --since 2026-11-01                       under FILE and under the rules in force now
frontdoor rules replay FILE --since 90d --json                       every referral that comes out otherwise, by id
frontdoor rules replay FILE --since 2026-01-01 --until 2026-02-01    decided in January alone
frontdoor rules replay FILE --since 7d --synthetic                   made-up people, where a system is tried out

Needs a running system. Each referral counts once, with the facts that its newest decision by rules in that time saw.
Both rule sets are asked what they propose: gates, open hours and what already stands come after them. Exit code 1:
somebody's urgency would fall, or somebody could not be compared.
"""


def register(commands: Commands) -> None:
    """Adds `replay` to the command line."""
    parser = add_command(commands, "replay", "show what a rule file would make of past referrals", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--since", required=True, metavar="TIME", help="a day or time, or so long ago (24h, 90d)")
    parser.add_argument("--until", metavar="TIME", help="before this day or time (default: to now)")
    parser.add_argument("--synthetic", action="store_true", help="made-up people in place of real ones")
    parser.add_argument("--json", action="store_true", help="the comparison as JSON")
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """1 where somebody's urgency would fall, or somebody had to be left out; `Usage` where nothing runs."""
    from services.triage.commands.decided import decided_since
    from services.triage.commands.given import draft
    from services.triage.proof.comparing import compare

    new, now, started = draft(arguments.file), dt.datetime.now(dt.UTC), time.perf_counter()
    since = since_when(arguments.since, now)
    until = since_when(arguments.until, now, "--until") if arguments.until else None
    dsn = running.auditor_dsn(arguments.data)
    store = await decided_since(dsn, new.locality, since, until, synthetic=arguments.synthetic)
    fetched = time.perf_counter()
    comparison = compare(store.in_force, new, store.past)
    if arguments.json:
        print(json.dumps(as_json(new, store, comparison), ensure_ascii=False, default=str))
    else:
        from rich.console import Console

        from services.triage.commands.replay_report import show

        console = Console(highlight=False)
        took = f"read in {fetched - started:.1f} s, decided twice in {time.perf_counter() - fetched:.1f} s"
        show(console, new, store, comparison, f"since {since:%-d %B %Y}, {took}")
    falls = any(change.falls for change in comparison.changes)
    return FINDING if falls or comparison.left_out else CLEAN


def as_json(new: RuleSet, store: Store, comparison: Comparison) -> dict[str, Any]:
    """The whole comparison; a number about age or ethnicity that might give someone away is null."""
    return {
        "old": _named(store.in_force),
        "new": _named(new),
        "compared": comparison.compared,
        "disposed": store.disposed,
        "not_counted": store.others,
        "never_recorded": comparison.never_recorded,
        "left_out": [each._asdict() for each in comparison.left_out],
        "changes": [
            {
                "referral_id": change.referral_id,
                "urgency_falls": change.falls,
                "before": change.before._asdict(),
                "after": change.after._asdict(),
            }
            for change in comparison.changes
        ],
        "by_age": [group._asdict() for group in comparison.by_age],
        "by_ethnicity": [group._asdict() for group in comparison.by_ethnicity],
    }


def _named(rules: RuleSet) -> dict[str, str]:
    return {"locality": rules.locality, "version": rules.version, "hash": rules.hash}
