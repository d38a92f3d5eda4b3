"""Whether a record may be discarded: only where the person it is about stays with somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.frontdoor.reading import SQL
from services.frontdoor.recorded import decisions, recorded
from shared.codes import DecisionKind
from shared.errors import Usage
from shared.topics import RECEIVED

if TYPE_CHECKING:
    from uuid import UUID

    from services.frontdoor.dead_letters.entries import Entry
    from services.frontdoor.dead_letters.working import At
    from shared.events import Decision


async def why_not_discard(at: At, entry: Entry) -> str | None:
    """Why discarding the record would leave somebody nowhere; None where it does not."""
    if entry.letter.topic == RECEIVED:
        return await _of_received(at, entry)
    return await _of_decision(at, entry)


async def receipt_of(at: At, entry: Entry) -> Any:
    """Intake's event behind a record of `referrals.received`, or None: then the record is not intake's."""
    if entry.letter.topic != RECEIVED:
        return None
    here = entry.stream == at.stream  # the offsets of an earlier generation name other records now
    place = (entry.letter.partition, entry.letter.offset) if here else (None, None)
    return await at.connection.fetchrow(SQL.receipt_of, entry.event_id, *place)


async def _of_received(at: At, entry: Entry) -> str | None:
    """Triage holds at the hub whoever a parked record names; that hold must stand, or a person have answered since."""
    hold = await at.connection.fetchrow(SQL.hold_of, entry.letter.id)
    receipt = await receipt_of(at, entry)
    if hold is None:
        return "triage has not told the hub of it yet"
    if receipt and receipt["referral_id"] != hold["referral_id"]:
        return f"it is an event of referral {receipt['referral_id']}, of which the hub was not told"
    if hold["referral_id"] is None:
        return None  # it names nobody, and intake took nothing there: the hub was told all that there is
    made = await _decisions(at.dsn, hold["referral_id"])
    since = [each for each in made if each.decision_id == hold["decision_id"] or _after(each, hold, made)]
    if not since:
        return "audit does not have the decision that holds its referral yet"
    if since[-1].hold_reason or any(each.outcome or each.kind is DecisionKind.WITHDRAW for each in since):
        return None
    if await _edited_before(at, entry):
        return None
    return f"its referral is not held any more: the rules sent it to {since[-1].destination} without this record"


async def _edited_before(at: At, entry: Entry) -> bool:
    """Whether what somebody sent in place of this very event is decided: it was published again since."""
    edits = [row["event_id"] for row in await at.connection.fetch(SQL.edits) if row["causation_id"] == entry.event_id]
    return bool(entry.event_id and await at.connection.fetch(SQL.decided_of, edits))


def _after(decision: Decision, hold: Any, made: list[Decision]) -> bool:
    held = next((each.sequence for each in made if each.decision_id == hold["decision_id"]), None)
    return held is not None and decision.sequence > held


async def _of_decision(at: At, entry: Entry) -> str | None:
    """A decision that intake could not note: the sender and the team hear of a later one alone."""
    letter, here = entry.letter, entry.stream == at.stream
    place = (letter.topic, letter.partition, letter.offset) if here else (None, None, None)
    output = await at.connection.fetchrow(SQL.output_of, entry.event_id, *place)
    if output is None or output["referral_id"] is None:
        return None  # not a decision of triage's
    made = await _decisions(at.dsn, output["referral_id"])
    if made and made[-1].decision_id != output["decision_id"]:
        return None
    return "it is where its referral stands: neither the sender nor the team would hear of it"


async def _decisions(auditor_dsn: str, referral: UUID) -> list[Decision]:
    try:
        return decisions(await recorded(auditor_dsn, referral))
    except Usage:
        return []  # nothing of it is audited yet
