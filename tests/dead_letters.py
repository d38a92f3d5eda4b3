"""What tests of dead letters do: send what can never work, and run the commands that work it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from shared import topics
from shared.cloudevents import from_json
from shared.events import Decision
from tests.feeding import publish
from tests.waiting import eventually

if TYPE_CHECKING:
    from uuid import UUID

    from shared.kafka import Record
    from tests.stack import Stack

WHO: Final = ("--by", "Sam Operator", "--why", "the sender confirmed what it should have been")


def command(
    stack: Stack, *arguments: object, piped: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`frontdoor dead-letters` against the stack, as an operator runs it."""
    return frontdoor(stack, "dead-letters", *arguments, piped=piped, **environment)


def frontdoor(
    stack: Stack, *arguments: object, piped: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A command against the stack, as the auditor who may use its Kafka."""
    told = {"FRONTDOOR_AUDITOR_DSN": stack.database.dsn("frontdoor_auditor"), "FRONTDOOR_KAFKA": stack.kafka.bootstrap}
    whole = [sys.executable, "-m", "services.frontdoor", *map(str, arguments)]
    environment = os.environ | told | environment
    return subprocess.run(whole, env=environment, input=piped, capture_output=True, text=True, check=False)


async def ran(stack: Stack, *arguments: object, piped: str | None = None) -> subprocess.CompletedProcess[str]:
    """The same, while the loop turns on."""
    return await asyncio.to_thread(command, stack, *arguments, piped=piped)


async def said(stack: Stack, *arguments: object, code: int = 0, piped: str | None = None) -> Any:
    """What it said for a program, where it ended with that exit code."""
    done = await ran(stack, *arguments, "--json", piped=piped)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


async def parked(stack: Stack, *records: Record) -> list[dict[str, Any]]:
    """Sends records that can never work; each as it is listed once it is parked and audited."""
    before = await _recorded(stack)
    await publish(stack, records)

    async def there() -> set[tuple[int, int]] | None:
        fresh = await _recorded(stack) - before
        return fresh if len(fresh) == len(records) else None

    fresh = await eventually(there, 40)
    return [row for row in await listed(stack) if (row["lies"]["partition"], row["lies"]["offset"]) in fresh]


async def _recorded(stack: Stack) -> set[tuple[int, int]]:
    topic = topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP)
    rows = await stack.fetch('SELECT partition, "offset" FROM audit.record WHERE topic = $1', topic)
    return {tuple(row) for row in rows}


async def listed(stack: Stack, *filters: object) -> list[dict[str, Any]]:
    """Every dead letter, whatever its state."""
    done = await ran(stack, "list", "--all", "--json", *filters)
    assert done.returncode in {0, 1}, done.stderr
    letters: list[dict[str, Any]] = json.loads(done.stdout)["dead_letters"]
    return letters


async def decisions(stack: Stack, referral: UUID) -> list[Decision]:
    """What triage decided about a referral, in order."""
    rows = await stack.fetch("SELECT document FROM triage.decision WHERE referral_id = $1 ORDER BY sequence", referral)
    return [from_json(Decision, row["document"]) for row in rows]


async def standing(stack: Stack, referral: UUID) -> Decision:
    """What holds of a referral now."""
    return (await decisions(stack, referral))[-1]


async def letters(stack: Stack) -> list[Any]:
    """Every record of triage's dead-letter topic."""
    return list(await stack.records(topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP)))
