"""Puts back what a restored database lacks, as the services had stored it; they are stopped meanwhile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from services.frontdoor.refill.found import packed_outputs
from services.frontdoor.refill.reading import SQL, Lacking
from services.frontdoor.refill.standing import Standing
from services.frontdoor.refill.unrestored import NOT_RECORDED, Why, referral_rows, why
from shared import topics
from shared.cloudevents import header, pack

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from services.frontdoor.refill.found import Published, Taken


class PutBack(NamedTuple):
    """How much was put back, and the ids of events and causes in whose place the database holds something else.

    `not_restored` are the events of intake without a receipt, for that or another reason.
    """

    events: int
    decisions: int
    outputs: int
    parked: int
    activations: int
    held_otherwise: frozenset[UUID]
    not_restored: Mapping[UUID, Why]


async def put_back(connection: Any, found: Lacking) -> PutBack:
    """All of it, in the caller's transaction."""
    events_there = await _events(connection, found)
    decisions_there = await _decisions(connection, found)
    outputs = await _outputs(connection, [found.decisions[cause] for cause in decisions_there])
    parked = await _parked(connection, found, decisions_there)
    await _standing(connection, found, decisions_there)
    await _activations(connection, found)
    lost = await _not_restored(connection, found, events_there)
    otherwise = (found.decisions.keys() - decisions_there) | {
        one for one, why in lost.items() if why is Why.TAKEN_SINCE
    }
    sizes = (len(events_there), len(decisions_there), outputs, parked, len(found.activations))
    return PutBack(*sizes, held_otherwise=frozenset(otherwise), not_restored=lost)


async def _events(connection: Any, found: Lacking) -> set[UUID]:
    await connection.execute(SQL.put_referrals, *_columns(referral_rows(found), 7))
    those = [*found.events.values()]
    stored = await connection.fetch(SQL.put_receipts, *_columns([_receipt(one) for one in those], 10))
    there = {row["event_id"] for row in stored}
    outbox = [_outbox(one) for one in those if one.event_id in there]
    await connection.execute(SQL.put_outbox, *_columns(outbox, 9))
    return there


async def _not_restored(connection: Any, found: Lacking, there: set[UUID]) -> dict[UUID, Why]:
    """What stays without a receipt: kept, so that the relay does not take the database for one that nobody refilled."""
    missing = (found.events.keys() | found.unreceived.keys() | found.other.keys()) - there
    about = [one.cause.referral_id for one in found.events.values()]
    known = {row["id"] for row in await connection.fetch(SQL.referrals_known, about)}
    lost = {event_id: why(event_id, found, known) for event_id in sorted(missing)}
    await connection.execute(SQL.put_not_restored, [*lost], [*lost.values()])
    return lost


def _receipt(one: Taken) -> tuple[Any, ...]:
    cause = one.cause
    answer = {"referral_id": str(cause.referral_id)} | ({"emergency": True} if one.emergency else {})
    said = json.dumps(answer, separators=(",", ":")).encode()
    head = (one.event_id, cause.referral_id, cause.sequence, one.kind, one.sender, one.synthetic, cause.received_at)
    return (*head, header(one.headers, "ce_receiptdigest"), said, NOT_RECORDED)


def _outbox(one: Taken) -> tuple[Any, ...]:
    head = (one.event_id, one.cause.referral_id, topics.RECEIVED, one.value, pack(one.headers), one.cause.received_at)
    return (*head, one.at, one.partition, one.offset)


async def _decisions(connection: Any, found: Lacking) -> set[UUID]:
    ones = [next(iter(outputs.values())) for outputs in found.decisions.values()]
    stored = await connection.fetch(SQL.put_decisions, *_columns([_decision(one) for one in ones], 10))
    return {row["cause_id"] for row in stored}


def _decision(one: Published) -> tuple[Any, ...]:
    d = one.decision
    head = (d.cause_id, d.decision_id, d.referral_id, d.sequence, d.kind, d.destination, d.urgency)
    return (*head, d.rules.hash if d.rules else None, one.document, d.decided_at)


async def _outputs(connection: Any, decisions: Sequence[dict[UUID, Published]]) -> int:
    rows = [row for there in decisions for row in packed_outputs(next(iter(there.values())).decision, there)]
    await connection.execute(SQL.put_outputs, *_columns(rows, 7))
    return len(rows)


async def _parked(connection: Any, found: Lacking, there: set[UUID]) -> int:
    rows = []
    for cause in there & found.letters.keys():
        letter, offset, event_id, _, digest = found.letters[cause]
        referral = next(iter(found.decisions[cause].values())).decision.referral_id
        place = (letter.topic, letter.partition, letter.offset)
        said = (letter.code, letter.message, letter.failed_at)
        rows.append((cause, referral, *place, *said, offset, event_id, digest))
    await connection.execute(SQL.put_parked, *_columns(rows, 11))
    return len(rows)


async def _standing(connection: Any, found: Lacking, there: Collection[UUID]) -> None:
    decided = [next(iter(found.decisions[cause].values())).decision for cause in there]
    about = sorted((d for d in decided if d.referral_id), key=lambda d: d.sequence)
    rows = await connection.fetch(SQL.standing, list({d.referral_id for d in about}))
    standing = {row["referral_id"]: Standing(*row.values()) for row in rows}
    for decision in about:
        if decision.referral_id:
            stands = standing.setdefault(decision.referral_id, Standing(decision.referral_id))
            stands.move(decision, found.causes.get(decision.cause_id), found.letters.get(decision.cause_id))
    await connection.executemany(SQL.put_standing, [tuple(vars(one).values()) for one in standing.values()])


async def _activations(connection: Any, found: Lacking) -> None:
    for number, (_, rules, at) in sorted(found.activations.items()):
        await connection.execute(SQL.put_ruleset, rules.hash, rules.locality, rules.version, rules.text.encode())
        row = (number, rules.locality, rules.hash, rules.effective_from, rules.activated_at, rules.by, rules.reason)
        await connection.execute(SQL.put_activation, *row, at)
    if found.activations:
        await connection.execute(SQL.number_activations)


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [[row[column] for row in rows] for column in range(count)]
