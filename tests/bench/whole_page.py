"""The page that `make bench-load` writes."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final

from tests.bench.burden import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.burden import Look

ENGLAND: Final = {"steady": 15, "peak": 60}  # referrals a second


def page_of(found: dict[str, Any], is_held: Callable[[dict[str, Any]], bool]) -> str:
    """The whole page."""
    longest, backlog = found["tried"][-1], found["backlog"]
    rows = "\n".join(_tried(one, "yes" if is_held(one) else "no") for one in found["tried"])
    each = {name: 1000 * seconds / longest["taken"] for name, seconds in longest["spent"].items()}
    return f"""# Load

`make bench-load`: new referrals over HTTP to one intake, one triage and one audit, on Apache Kafka 4.3.1 (one broker, 12 partitions) and
PostgreSQL 17 (fsync on) in containers beside them and beside the sender, all on one machine ({found["machine"]}). A rate is held
where every referral was taken, within two seconds of its time, and, once under way, never more was behind than two seconds bring.

| referrals a second | for, seconds | took, seconds | taken | most behind, records | held |
|---|---|---|---|---|---|
{rows}

## Over {longest["seconds"] / 60:.0f} minutes at {longest["rate"]} a second

| from minute | behind, records, median | MB: {", ".join(SERVICES)} |
|---|---|---|
{_minutes(longest["looks"])}

## An hour's backlog

{backlog["count"]:,} referrals (an hour of all England) lie in Kafka while nobody reads, {backlog["behind"]:,} records to read. From the start of
the three services until every referral is decided and audited, and read by intake-status: **{backlog["seconds"]:.0f} s**.

## What all England would take

CPU of one referral from its sender to the audit's row, in the {longest["seconds"] / 60:.0f} minutes above, what stands still included:

| part | ms of a core each | cores at {ENGLAND["steady"]} a second | cores at {ENGLAND["peak"]} a second |
|---|---|---|---|
{_parts(each)}

A part's cores are its milliseconds, times the rate, over 1,000. It is taken that cost grows with the rate and no faster: nothing in the
flow looks at more than its own referral and person.
"""


def _tried(one: dict[str, Any], held: str) -> str:
    most = max((look.behind for look in one["looks"]), default=0)
    sent = one["rate"] * one["seconds"]
    return (
        f"| {one['rate']} | {one['seconds']} | {one['lasted']:.0f} | {one['taken']:,} of {sent:,} | {most:,} | {held} |"
    )


def _minutes(looks: Sequence[Look]) -> str:
    by_minute: dict[int, list[Look]] = {}
    for look in looks:
        by_minute.setdefault(int(look.at // 60), []).append(look)
    return "\n".join(
        f"| {minute} | {statistics.median(look.behind for look in those):,.0f} |"
        f" {', '.join(str(those[-1].megabytes[name]) for name in SERVICES)} |"
        for minute, those in by_minute.items()
    )


def _parts(each: dict[str, float]) -> str:
    rows = {**each, "**all**": sum(each.values())}
    return "\n".join(
        f"| {name} | {cost:.2f} | " + " | ".join(f"{cost * rate / 1000:.2f}" for rate in ENGLAND.values()) + " |"
        for name, cost in rows.items()
    )
