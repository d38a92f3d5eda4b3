"""Dead letters for people: incidents as a table, one record with its history. No content, but for who asks for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.frontdoor.dead_letters.entries import incidents, waiting
from shared.parked import NOTE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from services.frontdoor.dead_letters.entries import Content, Entry
    from services.frontdoor.dead_letters.working import Work

# What a header may be and be shown: an id, a digest, a name of ours, a time, a small number, a trace. Never free text.
PLAIN: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|(urn:)?frontdoor[:.][a-z0-9.:-]{1,80}|true|1\.0"
    r"|\d{4}-\d\d-\d\dT[\d:.]{5,15}(Z|[+-]\d\d:\d\d)|\d{1,6}|00-[0-9a-f]{32}-[0-9a-f]{16}-\d\d|application/json"
)


def table(found: Sequence[Entry], now: dt.datetime) -> Iterator[str]:
    """One line an incident: a group and a code."""
    yield f"{'GROUP':14} {'CODE':16} {'WAITING':>7}  {'OLDEST':>8}  {'FIRST SEEN':17}  {'LAST SEEN':17}"
    for (group, code), entries in incidents(found).items():
        first, last = (f"{entries[at].letter.failed_at:%Y-%m-%d %H:%M}Z" for at in (0, -1))
        open_ones = waiting(entries)
        oldest = age(now - open_ones[0].letter.failed_at) if open_ones else "-"
        yield f"{group:14} {code:16} {len(open_ones):>7}  {oldest:>8}  {first:17}  {last:17}"


def each(found: Sequence[Entry]) -> Iterator[str]:
    """One line a dead letter."""
    for entry in sorted(found, key=lambda entry: entry.letter.failed_at):
        about = f"referral {entry.referral_id}" if entry.referral_id else "names no referral"
        yield f"{entry.letter.id}  {entry.state:9}  {entry.letter.group}  {entry.letter.code}  {about}"


def age(span: dt.timedelta) -> str:
    """`40s`, `12m`, `5h`, `3d`."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def one(entry: Entry, was: Content) -> Iterator[str]:
    """Where it came from, why it waits, its headers so far as they are plain, and what people did."""
    letter = entry.letter
    yield f"dead letter {letter.id}: {entry.state}"
    yield f"  parked {letter.failed_at:%Y-%m-%d %H:%M:%S}Z by group {letter.group}, version {letter.version}"
    yield f"  {letter.code}: {letter.message}"
    yield f"  read from {letter.topic} partition {letter.partition} offset {letter.offset}"
    yield f"  lies in {entry.topic} partition {entry.partition} offset {entry.offset} (stream {entry.stream})"
    yield f"  referral {entry.referral_id or 'unknown'}, from {entry.source}{', synthetic' if entry.synthetic else ''}"
    yield f"  key: {shown(was.key)}"
    yield f"  value: {'none' if was.value is None else f'{len(was.value)} bytes (--value gives them as they came)'}"
    yield "  headers:"
    yield from (f"    {_plain_name(name)}: {shown(raw)}" for name, raw in was.headers if not name.startswith(NOTE))
    yield "  history:" if entry.steps else "  nobody has done anything about it yet"
    for step in entry.steps:
        sent = (
            f", sent to partition {step.sent_partition} offset {step.sent_offset}"
            if step.sent_offset is not None
            else ""
        )
        new = f" as event {step.sent_as}" if step.sent_as else ""
        yield f"    {step.at:%Y-%m-%d %H:%M:%S}Z {step.step} by {step.by}: {step.why}{sent}{new}"


def shown(raw: bytes | None) -> str:
    """Bytes that are plain, as text; of anything else how much it is: it may be what a sender put there."""
    if raw is None:
        return "none"
    text = raw.decode(errors="replace")
    return text if PLAIN.fullmatch(text) else f"({len(raw)} bytes)"


def _plain_name(name: str) -> str:
    return name if re.fullmatch(r"[a-z_-]{1,40}", name) else f"(a name of {len(name)} characters)"


def told(done: Work) -> Iterator[str]:
    """What came of a step."""
    step = done.deed.step
    for entry in done.already:
        last = entry.steps[-1]
        yield f"not {step}: {entry.letter.id} was {last.step} already by {last.by}, {last.at:%Y-%m-%d %H:%M}Z: {last.why}"
    yield from (f"not {step}: {entry.letter.id}: {why}" for entry, why in done.refused)
    yield from (f"parked again: {entry.letter.id} ({entry.letter.code})" for entry in done.parked_again)
    yield from (f"not handled yet: {entry.letter.id} (does group {entry.letter.group} run?)" for entry in done.late)
    if done.not_sent:
        yield f"not sent, since the first of their kind did not go through: {len(done.not_sent)}"
    yield f"{'would be ' if done.deed.dry_run else ''}{step}: {len(done.worked)}"
