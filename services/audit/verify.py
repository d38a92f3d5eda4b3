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

from services.audit import store
from services.audit.chain import Place
from services.audit.findings import Finding, Walk
from services.audit.settings import AuditSettings
from shared.cloudevents import Unreadable, from_json
from shared.errors import FrontDoorError, Usage
from shared.operations import AuditHeads
from shared.postgres import TRANSIENT_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shared.postgres import Connection

    Published = dict[Place, dict[int, bytes]]
    Progress = Callable[[str], None]

PROGRESS_SECONDS = 2.0


@dataclass
class Verified:
    """What a verification saw: rows that fit, rows disposed of whose digest stands, and at most one finding a chain."""

    chains: int = 0
    rows: int = 0
    disposed: dict[Place, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> str:
        """The whole as one JSON object."""
        return json.dumps(
            {
                "chains": self.chains,
                "rows": self.rows,
                "disposed": [{**place._asdict(), "rows": rows} for place, rows in self.disposed.items()],
                "findings": [
                    {"finding": f.kind, **f.place._asdict(), "offset": f.offset, "why": f.why} for f in self.findings
                ],
            }
        )


async def verify(connection: Connection, kept: Sequence[AuditHeads], progress: Progress) -> Verified:
    """Verifies all chains against themselves, their heads, the published heads and the `kept` copies of these."""
    heads = published([*_own(await store.published_heads(connection)), *kept])
    seen = Verified()
    places = sorted({*await store.places(connection), *heads})
    for place in places:
        seen.chains += 1
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            walk = Walk(place, await store.head(connection, place), heads.get(place, {}))
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
    heads: Published = defaultdict(dict)
    for event in events:
        for head in event.heads:
            heads[Place(head.stream, head.topic, head.partition)][head.offset] = bytes.fromhex(head.hash)
    return heads


def _own(published: Mapping[str, bytes]) -> Iterator[AuditHeads]:
    """What each stream's newest heads event says of that stream; one that was tampered with shows in its own chain."""
    for stream, value in published.items():
        try:
            event = from_json(AuditHeads, value)
        except Unreadable:
            continue
        yield AuditHeads(at=event.at, heads=tuple(head for head in event.heads if head.stream == stream))


def main(arguments: Sequence[str]) -> int:
    """The command: 0 where every chain stands, 1 where one does not, 2 where it could not be looked at."""
    parser = argparse.ArgumentParser(prog="python -m services.audit verify")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--heads", type=Path, action="append", default=[])
    asked = parser.parse_args(arguments)
    try:
        seen = asyncio.run(_run([_kept(file) for file in asked.heads]))
    except FrontDoorError as error:
        print(f"frontdoor: {error.detail} ({error.code})", file=sys.stderr)
        return 2
    print(seen.as_json()) if asked.json else _say(seen)
    return 1 if seen.findings else 0


async def _run(kept: Sequence[AuditHeads]) -> Verified:
    dsn = os.environ.get("FRONTDOOR_AUDITOR_DSN") or AuditSettings().postgres_dsn
    try:
        connection = await store.connect(dsn)
    except TRANSIENT_ERRORS as error:
        raise Usage("postgres-away", f"cannot reach the audit database: {type(error).__name__}") from error
    try:
        return await verify(connection, kept, _progress())
    finally:
        await connection.close()


def _kept(file: Path) -> AuditHeads:
    try:
        return from_json(AuditHeads, file.read_bytes())
    except (OSError, Unreadable) as error:
        raise Usage("heads-unreadable", f"{file} holds no heads event: {type(error).__name__}") from error


def _progress() -> Progress:
    """Says where the work is, on standard error, every other second."""
    last = time.monotonic()

    def say(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > PROGRESS_SECONDS:
            last = time.monotonic()
            print(f"verifying: {text}", file=sys.stderr)

    return say


def _say(seen: Verified) -> None:
    for finding in seen.findings:
        print(finding)
        print(f"  {finding.why}", file=sys.stderr)
    for place, rows in seen.disposed.items():
        print(f"disposed, digest stands: {place.stream} {place.topic} {place.partition}, {rows} rows")
    state = f"{len(seen.findings)} with a finding" if seen.findings else "all stand"
    print(f"verified {seen.rows} rows in {seen.chains} chains: {state}")
