"""The page that this benchmark writes."""

from __future__ import annotations

from typing import Any


def page_of(found: dict[str, Any]) -> str:
    """The whole page."""
    naive = found["naive"]
    return f"""# Benchmarks of the rules

`make bench-rules`, all sides in one run ({found["machine"]}). Rates differ from machine to
machine; the ratios are what to compare.

## Decisions a second of one core

| rows | inputs asked | ours | if/elif | zen | zen, README | ours against if/elif | against zen | against zen, README |
|---|---|---|---|---|---|---|---|---|
{chr(10).join(_speed(each) for each in found["speeds"])}

The rules are grown by a seed from Lambeth's own rows, in its proportions of urgency, destination and overlay rows; those
of nine and ten inputs are as wide as the table that the design was measured on, the others as wide as Lambeth's. Medians of
{found["rounds"]} interleaved rounds of {found["share"]:,} referrals each that no side has seen: a synthetic month's, of each three
facts changed to any value. Ours gives with each answer all its reasons (rows, beaten rows, notes for people); the
others give the answer alone.

- *if/elif*: the same rules as plain Python comparisons of local variables, most urgent first, first match returns.
- *zen*: zen-engine with a graph compiled when it is loaded, its quickest use (batches were slower); what it is given holds
  only the inputs that are asked. *zen, README*: its `create_decision`, as its README begins.

Answers that differed between ours, if/elif, zen and a naive interpreter of the file's cells:
{sum(each["disagreeing"] for each in found["speeds"])}. Of {naive["count"]:,} random referrals decided by ours and by the naive interpreter, reasons and all,
{naive["differ"]} differed.

{_gates(found)}
## A rules change under load

{_change(found["change"])}
"""


def _gates(found: dict[str, Any]) -> str:
    starts = found["starts"]
    return f"""## The gate

| rows | the whole gate, ms | of which reading, ms |
|---|---|---|
{chr(10).join(_gate(each) for each in found["gate"])}

The gate runs in a child process, whose start stands apart: Python itself {starts["python"]:.0f} ms, our modules {starts["modules"]:.0f} ms; importing
the solver takes {starts["solver"]:.0f} ms. Files as wide as Lambeth's, with an example for every row and every threshold; CPU time,
the best of 9.
"""


def _change(found: dict[str, Any] | None) -> str:
    if found is None:
        return "Not measured: no container engine answered."
    return (
        f"Half-way through {found['decided']:,} referrals at {found['rate']} a second another version of the whole Lambeth set is saved,\n"
        "gated in its child process and comes into force. Of those after the first second, from Kafka's receipt of a referral to that of its decision:\n"
        f"median {found['p50']:.0f} ms, 99 of 100 within {found['p99']} ms, the longest {found['most']} ms (Apache Kafka and PostgreSQL in containers, the\n"
        "sender and the gate on the same machine)."
    )


def _speed(each: dict[str, Any]) -> str:
    rates = " | ".join(f"{rate:,.0f}" for rate in each["rates"].values())
    by_hand, zen, readme = (each["against"][side] for side in ("by hand", "zen", "zen, README"))
    return f"| {each['rows']} | {each['inputs']} | {rates} | {by_hand:.2f} | {zen:.0f} | {readme:.0f} |"


def _gate(each: dict[str, Any]) -> str:
    return f"| {each['rows']} | {each['whole']:.0f} | {each['reading']:.0f} |"
