"""The story of a referral in words: one sentence an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared import events
from shared.codes import DecisionKind, OutcomeKind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from services.frontdoor.recorded import Recorded
    from shared.operations import DeadLetterWorked

DID: Final[Mapping[OutcomeKind, str]] = {
    OutcomeKind.ACCEPTED: "accepted",
    OutcomeKind.RETURNED: "returned",
    OutcomeKind.STEPPED_UP: "stepped up",
    OutcomeKind.CLOSED: "closed",
    OutcomeKind.RELEASED: "released",
    OutcomeKind.REROUTED: "rerouted",
    OutcomeKind.URGENCY_LOWERED: "urgency lowered",
    OutcomeKind.ADVISED: "answered with advice",
    OutcomeKind.INFORMATION_REQUESTED: "more information asked for",
}


class Told(NamedTuple):
    """One event of the story: who did it, and what, in words. Times are in UTC."""

    at: dt.datetime
    type: str
    by: str
    summary: str
    event_id: UUID | None
    sequence: int | None
    topic: str
    partition: int
    offset: int
    recorded_at: dt.datetime
    synthetic: bool

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        times = {"at": self.at.isoformat(), "recorded_at": self.recorded_at.isoformat()}
        return self._asdict() | times | {"event_id": str(self.event_id) if self.event_id else None}


def tell(event: Recorded) -> Told:
    """One event in words; what cannot be read is told as such."""
    by, summary = _dead_letter(event) if event.dead_letter else _said(event)
    event_id, kind = (None, "dead letter") if event.dead_letter else (event.event_id, event.type or "unknown")
    place = (event.topic, event.partition, event.offset)
    return Told(event.time, kind, by, summary, event_id, event.sequence, *place, event.recorded_at, event.synthetic)


def _said(event: Recorded) -> tuple[str, str]:
    if event.disposed:
        return event.sender, f"{event.type}: content disposed of, digest stands"
    words = WORDS.get(event.type or "")
    if event.payload is None or words is None:
        return event.sender, f"{event.type or 'a record'} that cannot be read (kept byte for byte)"
    return words(event, event.payload)


def _origin(event: Recorded) -> str:
    return "an operator, who put it right" if event.sender == "operator" else f"source {event.sender}"


def _received(event: Recorded, payload: events.ReferralReceived) -> tuple[str, str]:
    linked = f"; the same content as referral {payload.linked_to}" if payload.linked_to else ""
    return event.sender, f"taken from {_origin(event)} (sequence {payload.sequence}){linked}"


def _amended(event: Recorded, payload: events.ReferralAmended) -> tuple[str, str]:
    changed = f": {', '.join(payload.changed)}" if payload.changed else ""
    return event.sender, f"amended by {_origin(event)} (sequence {payload.sequence}){changed}"


def _cancelled(event: Recorded, payload: events.ReferralCancelled) -> tuple[str, str]:
    return event.sender, f"cancelled by {_origin(event)} (sequence {payload.sequence}), reason {payload.reason}"


def _conflicting(event: Recorded, payload: events.ReferralConflicting) -> tuple[str, str]:
    came = f"other content came from {_origin(event)} under the same message id or name (sequence {payload.sequence})"
    return event.sender, f"{came}: a person must see which one holds"


def _outcome(_: Recorded, payload: events.OutcomeRecorded) -> tuple[str, str]:
    registered = f", {payload.by.registration}" if payload.by.registration else ""
    by = f"{payload.by.name} ({payload.by.role}{registered}) of {payload.by.team}"
    details = (
        ("to", payload.to),
        ("new urgency", payload.urgency.words if payload.urgency else None),
        ("reason", payload.reason),
        ("onward", payload.onward),
    )
    said = "".join(f", {name} {value}" for name, value in details if value)
    return by, f"{DID[payload.kind]} by {by} (sequence {payload.sequence}){said}"


def _decision(event: Recorded, decision: events.Decision) -> tuple[str, str]:
    by = f"rule set {decision.rules.version}" if decision.rules else event.sender
    output = next((output for output in decision.outputs if output.event_id == event.event_id), None)
    if output and output.type == events.WITHDRAWN:
        return by, f"withdrawn from {output.destination}"
    if output and output.destination != decision.destination:
        return by, f"{output.destination} told as well, {decision.urgency.words}"
    return by, _VERDICTS[decision.kind](decision)


def _routed(decision: events.Decision) -> str:
    return f"routed to {decision.destination}, {decision.urgency.words}{by_rows(decision)}; due {due(decision)}"


def _kept(decision: events.Decision) -> str:
    late = " (late news)" if decision.late else ""
    return f"kept at {decision.destination}, {decision.urgency.words}, {decision.status}{late}{by_rows(decision)}"


def _held(decision: events.Decision) -> str:
    why = f" ({decision.hold_reason})" if decision.hold_reason else ""
    proposed = f"; {proposing(decision)} {decision.proposed}" if decision.proposed else ""
    held = f"held at {decision.destination} for a person{why}, {decision.urgency.words}{by_rows(decision)}"
    return f"{held}{proposed}; due {due(decision)}"


def proposing(decision: events.Decision) -> str:
    """Whose proposal a decision names: its own rules', or one from before a person, a team or a parked record came in."""
    own = decision.hold_reason and decision.rules and decision.proposed not in decision.told
    return "the rules propose" if own else "proposed before:"


def _withdrawn(decision: events.Decision) -> str:
    return f"withdrawn from {decision.destination}"


def by_rows(decision: events.Decision) -> str:
    """The rows that decided, and the rule set that they stand in."""
    if not decision.rows or not decision.rules:
        return ""
    return f", by rows {', '.join(decision.rows)} of rule set {decision.rules.version}"


def due(decision: events.Decision) -> str:
    """When the receiving side must have acted, on this machine's clock."""
    return f"{decision.due_at.astimezone():%a %-d %b %Y %H:%M}"


def _disclosed(_: Recorded, payload: events.RecordDisclosed) -> tuple[str, str]:
    by = f"{payload.by} of {payload.team}"
    return by, f"record read by {by}, purpose {payload.purpose}"


def _worked(_: Recorded, payload: DeadLetterWorked) -> tuple[str, str]:
    new = f" as event {payload.sent_as}" if payload.sent_as else ""
    return payload.by, f"dead letter ({payload.code}) {payload.step} by {payload.by}{new}: {payload.why}"


def _dead_letter(event: Recorded) -> tuple[str, str]:
    group, code = event.note("dlq-original-group"), event.note("dlq-error-code")
    place = "-".join(event.note(f"dlq-original-{part}") or "?" for part in ("topic", "partition", "offset"))
    return group or "unknown", f"parked by {group} as a dead letter: {code} ({place})"


_VERDICTS: Final[Mapping[DecisionKind, Callable[[events.Decision], str]]] = {
    DecisionKind.ROUTE: _routed,
    DecisionKind.KEEP: _kept,
    DecisionKind.HOLD: _held,
    DecisionKind.WITHDRAW: _withdrawn,
}

WORDS: Final[Mapping[str, Callable[[Recorded, Any], tuple[str, str]]]] = {
    events.RECEIVED: _received,
    events.AMENDED: _amended,
    events.CANCELLED: _cancelled,
    events.CONFLICTING: _conflicting,
    events.OUTCOME: _outcome,
    events.RECORD_DISCLOSED: _disclosed,
    events.DEAD_LETTER_WORKED: _worked,
    **dict.fromkeys(events.DECISION_TYPES.values(), _decision),
}
