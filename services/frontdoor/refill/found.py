"""What records of Kafka say that a restored database may lack. Pure: a record comes in, what it stands for goes out.

A record counts only where its id is the one that our services derive for what it says: nothing that somebody else wrote is
put back as if intake or triage had stored it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from shared import events
from shared.cloudevents import Unreadable, from_json, from_plain, header, pack, unpack
from shared.events import NAMESPACE, Cause, derived_id
from shared.parked import digest_of, letter_of, without_notes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.cloudevents import Headers
    from shared.events import Decision, RulesActivated
    from shared.parked import Letter

KINDS: Final = {
    events.RECEIVED: "received",
    events.AMENDED: "amended",
    events.CANCELLED: "cancelled",
    events.CONFLICTING: "conflicting",
    events.OUTCOME: "outcome",
}
INTAKE: Final = "urn:frontdoor:intake:"
MOST_ACTIVATIONS: Final = 100_000  # of rules, in the life of a database


class Taken(NamedTuple):
    """An event that triage may decide, as Kafka has it: one of intake, or one that a person edited.

    Where its value cannot be read, `cause` is what its headers say, without a locality.
    """

    event_id: UUID
    type: str
    cause: Cause
    value: bytes
    headers: Headers
    partition: int
    offset: int
    at: dt.datetime

    @property
    def of_intake(self) -> bool:
        """Whether intake wrote it: its id is derived from its referral, type and place."""
        told = (header(self.headers, "ce_source") or "").startswith(INTAKE) and header(self.headers, "ce_receiptdigest")
        return bool(told) and derived_id(self.cause.referral_id, self.type, str(self.cause.sequence)) == self.event_id

    @property
    def readable(self) -> bool:
        """Whether its value could be read."""
        return type(self.cause) is not Cause

    @property
    def edited_from(self) -> UUID | None:
        """The record whose place it takes."""
        return _id(self.headers, "ce_causationid")

    @property
    def sender(self) -> str:
        """Whose message it was."""
        return (header(self.headers, "ce_source") or "").removeprefix(INTAKE)

    @property
    def kind(self) -> str:
        """As in `intake.receipt`."""
        return str(self.cause.kind) if isinstance(self.cause, events.OutcomeRecorded) else KINDS[self.type]

    @property
    def synthetic(self) -> bool:
        """Whether it is about nobody."""
        return header(self.headers, "ce_synthetic") == "true"

    @property
    def emergency(self) -> bool:
        """Whether its sender said so."""
        referral = getattr(self.cause, "referral", None)
        return referral is not None and referral.referrer.urgency == "1"


class Unread(NamedTuple):
    """A dead letter of triage: what it says, where it lies, which event its record was, or was edited from, and its digest."""

    letter: Letter
    offset: int
    event_id: UUID | None
    edited_from: UUID | None
    digest: bytes | None = None


class Published(NamedTuple):
    """One output of a decision, as Kafka has it."""

    event_id: UUID
    decision: Decision
    document: bytes
    headers: Headers
    topic: str
    partition: int
    offset: int
    at: dt.datetime


class Activated(NamedTuple):
    """A rule set that came into force, by the number of its row."""

    id: int
    rules: RulesActivated
    at: dt.datetime


def taken(record: Any) -> Taken | None:
    """What triage may decide in a record; None where there is nothing of the kind."""
    event_id, event_type = identity(record)
    if event_id is None or event_type not in KINDS:
        return None
    try:
        cause: Any = from_json(events.PAYLOADS[event_type], record.value or b"")
    except Unreadable:
        cause = _by_headers(record.headers)
        if cause is None:
            return None
    place = (record.partition, record.offset)
    return Taken(event_id, event_type, cause, record.value or b"", tuple(record.headers), *place, _time(record))


def _by_headers(headers: Any) -> Cause | None:
    """Whom an event that cannot be read is about, and its place there: its envelope says it."""
    said = {"referral_id": header(headers, "ce_subject"), "received_at": header(headers, "ce_time"), "locality": ""}
    try:
        cause = from_plain(Cause, {**said, "sequence": int(header(headers, "ce_sequence") or 0)})
    except ValueError:
        return None
    return cause if cause.received_at.tzinfo else None


def cause_of_intake(one: Published) -> bool:
    """Whether a decision is on an event of intake: its id is derived from its referral, type and place."""
    d = one.decision
    if d.referral_id is None or d.cause_sequence is None:
        return False
    return derived_id(d.referral_id, d.cause_type, str(d.cause_sequence)) == d.cause_id


def unread(record: Any, stream: str) -> Unread | None:
    """The dead letter in a record; None where parking did not write it."""
    headers = tuple(record.headers)
    letter = letter_of(headers, stream)
    if letter is None:
        return None
    digest = digest_of(record.key, record.value, without_notes(headers))
    return Unread(letter, record.offset, _id(headers, "ce_id"), _id(headers, "ce_causationid"), digest)


def published(record: Any, decision_type: str) -> Published | None:
    """The output of a decision in a record of a routed topic; None where there is none."""
    event_id, event_type = identity(record)
    if event_id is None or event_type not in events.DECISION_TYPES.values():
        return None
    try:
        decision = from_json(events.Decision, record.value or b"")
    except Unreadable:
        return None
    declared = {(output.event_id, output.topic) for output in decision.outputs}
    if decision.decision_id != derived_id(decision.cause_id, decision_type) or (event_id, record.topic) not in declared:
        return None
    place = (record.topic, record.partition, record.offset)
    return Published(event_id, decision, record.value, tuple(record.headers), *place, _time(record))


def activated(record: Any) -> Activated | None:
    """The rule set that a record says came into force; None where there is none."""
    event_id, event_type = identity(record)
    if event_type != events.RULES_ACTIVATED:
        return None
    try:
        rules = from_json(events.RulesActivated, record.value or b"")
    except Unreadable:
        return None
    numbers = (
        n for n in range(1, MOST_ACTIVATIONS) if derived_id(NAMESPACE, events.RULES_ACTIVATED, str(n)) == event_id
    )
    number = next(numbers, None)
    return Activated(number, rules, _time(record)) if number else None


def identity(record: Any) -> tuple[UUID | None, str | None]:
    """The id and type that a record's headers give it."""
    return _id(record.headers, "ce_id"), header(record.headers, "ce_type")


def _id(headers: Any, name: str) -> UUID | None:
    try:
        return UUID(header(headers, name) or "")
    except ValueError:
        return None


def packed_outputs(decision: Decision, there: Mapping[UUID, Published]) -> list[tuple[Any, ...]]:
    """The rows of a decision's outputs; one that Kafka lacks was never sent, and has the headers that it would have had."""
    one = next(iter(there.values()))
    rows: list[tuple[Any, ...]] = []
    for output in decision.outputs:
        found = there.get(output.event_id)
        headers = found.headers if found else _readdressed(one, output)
        row = (output.event_id, decision.cause_id, output.topic, one.partition, pack(headers))
        rows.append((*row, found.at if found else None, found.offset if found else None))
    return rows


def _readdressed(one: Published, output: events.Output) -> Headers:
    before = header(one.headers, "ce_type") or ""
    named = {"ce_id": str(output.event_id).encode(), "ce_type": output.type.encode()}
    schema = (header(one.headers, "ce_dataschema") or "").removesuffix(before) + output.type
    named["ce_dataschema"] = schema.encode()
    return tuple((name, named.get(name, value)) for name, value in unpack(pack(one.headers)))


def _time(record: Any) -> dt.datetime:
    return dt.datetime.fromtimestamp(max(0, record.timestamp) / 1000, dt.UTC)
