"""The page that a bench writes."""

from __future__ import annotations

from typing import Any


def page_of(found: dict[str, Any]) -> str:
    """The whole page."""
    bare, ours, tutorial = found["bare"], found["triage"], found["tutorial"]
    rows = "\n".join(_latency(row) for row in found["latency"])
    return f"""# Benchmarks

`make bench`, both sides in one run, on Apache Kafka 4.3.1 and PostgreSQL 17 in containers beside them
({found["machine"]}). Rates differ from machine to machine; the ratios are what to compare.

## (a), (b) Triage, messages a CPU second of its process

The median of {found["rounds"]} rounds. In each, every side handles {found["share"]:,} referrals (the tutorial 2,000) that were in the topic
before it began.

| what | a CPU second | a wall second | triage against it |
|---|---|---|---|
| triage: rules, decision store, outputs, exact commits | {ours.cpu:,.0f} | {ours.wall:,.0f} | |
| bare aiokafka loop: consume, validate, produce | {bare.cpu:,.0f} | {bare.wall:,.0f} | {found["against_bare"]:.2f} |
| FastStream as in its tutorial, with one insert each | {tutorial.cpu:,.0f} | {tutorial.wall:,.0f} | {found["against_tutorial"]:.1f} |

The bare loop is no slow peer: a CPU probe puts it at {found["bare_expected"]:,.0f} a CPU second here (the design notes' figure
scaled by {found["probe"]:,.0f} probes a second); it reached {bare.cpu / found["bare_expected"]:.2f} of that.

## (c) Accepted to audited, through every service

The middle of {found["rounds"]} rounds of {found["seconds"]} s by its p99, and the p99 of the best and the worst. At 500 a second Kafka, PostgreSQL, the
services and the senders together leave this machine hardly any idle time.

| referrals a second | p50 ms | p99 ms | p99 best, worst | CPU of a core: intake, triage, audit | MB: intake, triage, audit |
|---|---|---|---|---|---|
{rows}

## (d) Durable receipts

{found["receipts"]:,.0f} a second with 32 senders at once (synchronous commit, fsync on), while triage and audit keep up beside it.
"""


def _latency(rounds: list[dict[str, Any]]) -> str:
    best, row, worst = (
        sorted(rounds, key=lambda found: float(found["p99"]))[place] for place in (0, len(rounds) // 2, -1)
    )
    cpu = ", ".join(f"{share:.2f}" for share in row["cpu"].values())
    memory = ", ".join(f"{share:.0f}" for share in row["memory"].values())
    span = f"{best['p99']:.0f}, {worst['p99']:.0f}"
    return f"| {row['rate']} | {row['p50']:.0f} | {row['p99']:.0f} | {span} | {cpu} | {memory} |"
