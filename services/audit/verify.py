"""Recomputes every chain from what is stored, and names the first row of each that is not as it was written."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from services.audit import heads, store
from services.audit.chain import Place
from services.audit.findings import UNPROVEN, Finding, Walk
from services.audit.settings import AuditSettings
from shared.cloudevents import Unreadable, from_json
from shared.errors import FrontDoorError, Usage
from shared.operations import AuditHeads
from shared.postgres import TRANSIENT_ERRORS
from shared.signing import public_keys
from shared.topics import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shared.postgres import Connection
    from shared.signing import PublicKeys

    Published = dict[Place, dict[int, bytes]]
    Progress = Callable[[str], None]

PROGRESS_SECONDS = 2.0


@dataclass
class Verified:
    """What a verification saw: rows that fit, rows disposed of whose digest stands, and at most one finding a chain.

    `heads` says of each stream who signed the newest heads in it.
    """

    chains: int = 0
    rows: int = 0
    disposed: dict[Place, int] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> str:
        """The whole as one JSON object."""
        return json.dumps(
            {
                "chains": self.chains,
                "rows": self.rows,
                "heads": self.heads,
                "disposed": [{**place._asdict(), "rows": rows} for place, rows in self.disposed.items()],
                "findings": [
                    {"finding": f.kind, **f.place._asdict(), "offset": f.offset, "why": f.why} for f in self.findings
                ],
            }
        )


async def verify(
    connection: Connection, kept: Sequence[AuditHeads], progress: Progress, keys: PublicKeys | None = None
) -> Verified:
    """Verifies all chains against themselves, their heads, the published heads and the `kept` copies of these.

    With `keys`, heads count only where one of them signed them, and each stream must have such heads.
    """
    seen, own = Verified(), await store.published_heads(connection)
    known = published([*_believed(own, keys, seen), *kept])
    places = sorted({*await store.places(connection), *known})
    if keys is not None:
        seen.findings += _unproven({place.stream for place in places}, {place.stream for place in known}, seen.findings)
    for place in places:
        seen.chains += 1
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            walk = Walk(place, await store.head(connection, place), known.get(place, {}))
            finding = None
            async for rows in store.rows(connection, place):
                if finding := walk.feed(rows):
                    break
                progress(f"{seen.rows + walk.rows} rows, chain {seen.chains} of {len(places)}: {place.topic}")
            finding = finding or walk.end()
        seen.rows += walk.rows
        if walk.disposed:
            seen.disposed[place] = walk.disposed
        if finding:
            seen.findings.append(finding)
    return seen


def published(events: Iterable[AuditHeads]) -> Published:
    """What was said of each chain, by offset; the later events of `events` have the last word."""
    known: Published = defaultdict(dict)
    for event in events:
        for head in event.heads:
            known[Place(head.stream, head.topic, head.partition)][head.offset] = bytes.fromhex(head.hash)
    return known


def _believed(own: Iterable[tuple[Place, int, bytes]], keys: PublicKeys | None, seen: Verified) -> list[AuditHeads]:
    """What each stream's newest heads event says of that stream, if it is believed; notes who signed it, and doubts.

    One that was tampered with shows in its own chain too, unless all of that was made anew.
    """
    believed = []
    for place, offset, value in own:
        try:
            event = from_json(AuditHeads, value)
        except Unreadable:
            continue
        seen.heads[place.stream] = f"signed by key {event.key_id}" if event.signature else "unsigned"
        if keys is not None and (why := heads.doubt(event, keys)):
            seen.findings.append(Finding(UNPROVEN, place, offset, why))
        else:
            told = tuple(head for head in event.heads if head.stream == place.stream)
            believed.append(AuditHeads(at=event.at, heads=told))
    return believed


def _unproven(streams: set[str], proven: set[str], doubted: Iterable[Finding]) -> list[Finding]:
    """The streams that no signed heads speak of: whoever owns the database could have made them anew."""
    left = sorted(streams - proven - {finding.place.stream for finding in doubted})
    why = "no signed heads speak of this stream: were none published yet, or were they removed?"
    return [Finding(UNPROVEN, Place(stream, OPERATIONS, 0), 0, why) for stream in left]


def main(arguments: Sequence[str]) -> int:
    """The command: 0 where every chain stands, 1 where one does not, 2 where it could not be looked at."""
    parser = argparse.ArgumentParser(prog="python -m services.audit verify")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--heads", type=Path, action="append", default=[])
    parser.add_argument("--key", type=Path, action="append", default=[])
    asked = parser.parse_args(arguments)
    try:
        keys = public_keys(asked.key) if asked.key else None
        seen = asyncio.run(_run([_kept(file, keys) for file in asked.heads], keys))
    except FrontDoorError as error:
        print(f"frontdoor: {error.detail} ({error.code})", file=sys.stderr)
        return 2
    print(seen.as_json()) if asked.json else _say(seen, checked=keys is not None)
    return 1 if seen.findings else 0


async def _run(kept: Sequence[AuditHeads], keys: PublicKeys | None) -> Verified:
    dsn = os.environ.get("FRONTDOOR_AUDITOR_DSN") or AuditSettings().postgres_dsn
    try:
        connection = await store.connect(dsn)
    except TRANSIENT_ERRORS as error:
        raise Usage("postgres-away", f"cannot reach the audit database: {type(error).__name__}") from error
    try:
        return await verify(connection, kept, _progress(), keys)
    finally:
        await connection.close()


def _kept(file: Path, keys: PublicKeys | None) -> AuditHeads:
    """A copy of heads kept elsewhere; `Usage` where it is none, or where none of the keys vouches for it."""
    try:
        event = from_json(AuditHeads, file.read_bytes())
    except (OSError, Unreadable) as error:
        raise Usage("heads-unreadable", f"{file} holds no heads event: {type(error).__name__}") from error
    if keys is not None and (why := heads.doubt(event, keys)):
        raise Usage("heads-unproven", f"{file} is not believed: {why}")
    return event


def _progress() -> Progress:
    """Says where the work is, on standard error, every other second."""
    last = time.monotonic()

    def say(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > PROGRESS_SECONDS:
            last = time.monotonic()
            print(f"verifying: {text}", file=sys.stderr)

    return say


def _say(seen: Verified, *, checked: bool) -> None:
    for finding in seen.findings:
        print(finding)
        print(f"  {finding.why}", file=sys.stderr)
    for place, rows in seen.disposed.items():
        print(f"disposed, digest stands: {place.stream} {place.topic} {place.partition}, {rows} rows")
    state = f"{len(seen.findings)} with a finding" if seen.findings else "all stand"
    print(f"verified {seen.rows} rows in {seen.chains} chains: {state}")
    for stream, signed in seen.heads.items():
        print(f"heads of {stream}: {signed}" + ("" if checked else ", which was not checked: no --key"))
