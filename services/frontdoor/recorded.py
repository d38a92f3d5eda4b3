"""What audit recorded of one referral, read as the auditor role: each event once, its payload parsed where it can be."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  (NamedTuple reads the annotations at run time)
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID  # noqa: TC003  (the same)

from shared.cloudevents import Unreadable, from_json, header, unpack
from shared.errors import Usage
from shared.events import PAYLOADS, Decision, RulesActivated
from shared.running import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.cloudevents import Headers
    from shared.referral import Coded

DEAD_LETTER: Final = ".dlq."
SOURCES: Final = "urn:frontdoor:"
SENDERS: Final = SOURCES + "intake:"


class Recorded(NamedTuple):
    """One event as audited. `payload` is None where its content was disposed of or cannot be read."""

    stream: str
    topic: str
    partition: int
    offset: int
    event_id: UUID | None
    referral_id: UUID | None
    type: str | None
    causation_id: UUID | None
    at: dt.datetime | None
    sequence: int | None
    synthetic: bool
    recorded_at: dt.datetime
    headers: Headers
    payload: Coded | None
    disposed: bool

    @property
    def time(self) -> dt.datetime:
        """When it happened, else when it was recorded."""
        return self.at or self.recorded_at

    @property
    def dead_letter(self) -> bool:
        """Whether it is the copy of a record that could not be worked."""
        return DEAD_LETTER in self.topic

    @property
    def sender(self) -> str:
        """Which source or team sent what caused it, or which service made it."""
        return (header(self.headers, "ce_source") or "unknown").removeprefix(SENDERS).removeprefix(SOURCES)

    def note(self, name: str) -> str | None:
        """A header's text."""
        return header(self.headers, name)


async def recorded(auditor_dsn: str, wanted: UUID) -> list[Recorded]:
    """Every event of a referral, or of the referral of that event, in the order of the story; `Usage` for none."""
    from services.frontdoor.reading import SQL
    from shared.postgres import connected

    async with connected(auditor_dsn) as connection:
        rows = await connection.fetch(SQL.story, wanted)
    if not rows:
        raise Usage(UNKNOWN, f"audit holds nothing of {wanted}: not a referral's id, or not audited yet")
    return in_order([_recorded(row) for row in rows])


async def rule_text(auditor_dsn: str, digest: str) -> str:
    """The text of the rule set with that SHA-256, as it was announced; empty where audit does not have it."""
    from services.frontdoor.reading import SQL
    from shared.postgres import connected

    async with connected(auditor_dsn) as connection, connection.transaction(readonly=True):
        async for row in connection.cursor(SQL.rule_sets):
            rules = _payload(RulesActivated, row["value"])
            if isinstance(rules, RulesActivated) and rules.hash == digest:
                return rules.text
    return ""


def in_order(events: Sequence[Recorded]) -> list[Recorded]:
    """By time, but never an event before its cause: the services' clocks may differ."""
    by_id = {event.event_id: event for event in events if not event.dead_letter}

    def moment(event: Recorded) -> tuple[dt.datetime, bool, int, int, bool]:
        cause = by_id.get(event.causation_id) if event.causation_id else None
        time = max(event.time, cause.time) if cause and cause is not event else event.time
        return time, cause is not None, event.sequence or 0, _turn(event), event.dead_letter

    return sorted(events, key=moment)


def _turn(event: Recorded) -> int:
    """An output's place among those of its decision, whose first is where the person stands."""
    outputs = event.payload.outputs if isinstance(event.payload, Decision) else ()
    return next((turn for turn, output in enumerate(outputs) if output.event_id == event.event_id), 0)


def decisions(events: Sequence[Recorded]) -> list[Decision]:
    """The decisions among the events, each once, in the order that triage gave them."""
    found = {event.payload.decision_id: event.payload for event in events if isinstance(event.payload, Decision)}
    return sorted(found.values(), key=lambda decision: decision.sequence)


def _recorded(row: Any) -> Recorded:
    fields = dict(row)
    value, packed = fields.pop("value"), fields.pop("headers")
    try:
        headers = unpack(packed or b"")
    except ValueError:
        headers = ()
    payload = _payload(PAYLOADS[row["type"]], value) if value is not None and row["type"] in PAYLOADS else None
    return Recorded(**fields, headers=headers, payload=payload)


def _payload(model: type[Coded], value: bytes) -> Coded | None:
    try:
        return from_json(model, value)
    except Unreadable:
        return None
