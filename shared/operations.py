"""The payloads of events that are about the system's own work, not about one referral's course."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from shared.referral import Coded, Moment

Step = Literal["replayed", "edited", "discarded"]


class AuditHead(Coded, kw_only=True):
    """The newest row of one partition's chain."""

    stream: str
    topic: str
    partition: int
    offset: int
    hash: str


class AuditHeads(Coded, kw_only=True):
    """The heads of every chain at one moment.

    `signature` is Ed25519, in hex, over the bytes of `services.audit.heads.text`, by the key with that `key_id`; heads of an
    audit without a key have neither.
    """

    at: Moment
    heads: tuple[AuditHead, ...]
    key_id: str | None = None
    signature: str | None = None


class DeadLetterWorked(Coded, kw_only=True):
    """What a person did about a dead letter: who and why; `why` is about the record, never about whom it is about.

    `entry` is the dead letter's id (`shared.parked.parked_id`), `topic`, `partition` and `offset` where the record was
    read, `event_id` its own id where that could be read. What was replayed or edited lies at `sent_offset` of
    `sent_partition` of the same topic; an edited record is another event, `sent_as`.
    """

    entry: UUID
    step: Step
    by: str
    why: str
    at: Moment
    group: str
    code: str
    topic: str
    partition: int
    offset: int
    referral_id: UUID | None = None
    event_id: UUID | None = None
    sent_as: UUID | None = None
    sent_partition: int | None = None
    sent_offset: int | None = None
