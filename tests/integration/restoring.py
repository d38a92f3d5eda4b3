"""A system whose database comes back from a copy: how it is used before, copied, lost, and what it held."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import asyncpg

from services.frontdoor.reconcile import look
from shared import topics
from shared.events import derived_id
from shared.kafka import Record, partition_of
from tests.feeding import as_record
from tests.intake import a_body
from tests.signing import signed
from tests.waiting import eventually

if TYPE_CHECKING:
    from uuid import UUID

    from services.triage.causes import Seen
    from tests.stack import Stack

# All that triage and intake hold of where everybody stands, but for what tells only when it was written down.
TABLES = {
    "triage.decision": "*",
    "triage.output": 'event_id, cause_id, topic, partition, headers, "offset"',
    "triage.referral": "*",
    "triage.parked": 'cause_id, referral_id, topic, partition, "offset", code, detail, dlq_offset',
    "triage.ruleset": "hash, locality, version, text",
    "triage.activation": "id, locality, hash, effective_from, activated_at, by, reason, instead_of",
    "intake.referral": "*",
    "intake.receipt": "event_id, referral_id, sequence, kind, sender, synthetic, received_at, digest",
    "intake.outbox": 'event_id, referral_id, topic, value, headers, partition, "offset"',
    "intake.status": "*",
}


def poison(stack: Stack, referral: str) -> Record:
    """A record about somebody that triage can never read."""
    key = referral.encode()
    headers = (("ce_id", b"none"), ("ce_type", b"frontdoor.referral.amended.v1"), ("ce_subject", key))
    return Record(topics.RECEIVED, partition_of(key, stack.settings["partitions"]), key, b"{", headers)


def as_intake_wrote(stack: Stack, cause: Seen, value: bytes | None = None) -> Record:
    """The record of an event as if intake had taken it, of which the database knows nothing."""
    made = as_record(stack, cause)
    said = {"ce_source": b"urn:frontdoor:intake:gp", "ce_receiptdigest": b"ab", "ce_id": str(taken_as(cause)).encode()}
    headers = tuple(pair for pair in made.headers if pair[0] not in said) + tuple(said.items())
    return made._replace(value=value or made.value, headers=headers)


def taken_as(cause: Seen) -> UUID:
    """The id that intake gives an event."""
    assert cause.referral_id
    return derived_id(cause.referral_id, cause.type, str(cause.sequence))


def new_rules(stack: Stack) -> None:
    file = stack.config / "rules/lambeth/ruleset.yaml"
    file.write_text(signed(re.sub(r"(?m)^version: .*$", "version: 9999.1.1", file.read_text())))


async def refer(stack: Stack, name: str, urgency: str = "3", phq9: int = 12, suicidal: str = "none") -> str:
    risk = {"life_in_danger": "no", "suicidal": suicidal, "self_harm": "none", "to_others": "none"}
    told = {"referrer": {"urgency": urgency}, "presentation": {"phq9": phq9, "phq9_item9": 0}, "risk": risk}
    body = a_body(message_id=name, **told)
    return str((await post(stack, "/referrals", body, "gp"))["referral_id"])


async def answer(stack: Stack, referral: str, **outcome: Any) -> None:
    key = "team" if outcome["kind"] in {"accepted", "returned", "closed"} else "hub"
    await eventually(lambda: _known(stack, referral, key))
    await post(stack, f"/referrals/{referral}/outcomes", outcome, key)


async def post(stack: Stack, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    answered = await stack.post(path, body, key)
    assert answered.status_code == 202, answered.text
    return dict(answered.json())


async def _known(stack: Stack, referral: str, key: str) -> bool:
    return (await stack.get(f"/referrals/{referral}", key)).status_code == 200


async def through(stack: Stack, parked: int = 0, *, audit: bool = True) -> None:
    """Waits until all is decided and audited, and intake knows every decision."""

    async def all_of_it() -> bool:
        account = await look(stack.database.dsn("frontdoor_reader"))
        counts = await stack.fetch(
            "SELECT (SELECT count(*) FROM intake.receipt) AS taken, (SELECT count(*) FROM triage.decision) AS decided,"
            " (SELECT count(*) FROM intake.status) AS told"
        )
        taken, decided, told = counts[0]
        assert (taken + parked, decided) == (decided, told)
        return not audit or (account.audited == taken and not account.unaccounted)

    await eventually(all_of_it, 60)


async def held(stack: Stack) -> dict[str, set[tuple[Any, ...]]]:
    return {table: await _rows(stack, table) for table in TABLES}


async def _rows(stack: Stack, table: str) -> set[tuple[Any, ...]]:
    found = await stack.fetch(f"SELECT {TABLES[table]} FROM {table}")
    return {tuple(tuple(v) if isinstance(v, list) else v for v in row) for row in found}


async def holds(stack: Stack, table: str, rows: set[tuple[Any, ...]]) -> bool:
    return await _rows(stack, table) == rows


async def dump(stack: Stack, name: str) -> None:
    await asyncio.to_thread(in_server, stack, f"pg_dump -U postgres -Fc -f /tmp/{name} {stack.database.name}")


async def restore(stack: Stack, name: str) -> None:
    superuser = await asyncpg.connect(stack.database.server.dsn("postgres", "postgres"))
    await superuser.execute(f"DROP DATABASE {stack.database.name} WITH (FORCE)")
    await superuser.execute(f"CREATE DATABASE {stack.database.name}")
    await superuser.close()
    await asyncio.to_thread(
        in_server, stack, f"pg_restore -U postgres --exit-on-error -d {stack.database.name} /tmp/{name}"
    )


def in_server(stack: Stack, command: str) -> None:
    code, said = stack.database.server.exec(command)  # type: ignore[union-attr]  # in a container, by the mark
    assert code == 0, said
