"""Taking a message: what it is compared with, what a repeat or a conflict is, and its place in the referral's sequence."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID  # noqa: TC003  (NamedTuple reads the annotations at run time)

import msgspec
import orjson

from services.intake import metrics, person
from services.intake.coding import code
from services.intake.contract.reading import Notice
from services.intake.contract.values import plain
from services.intake.problems import Fault, Refused, not_found
from services.intake.sources.told import unmapped
from services.intake.taking.content import content_hash
from services.intake.taking.receipts import A_DAY, FOR_EVER, Message, receipt
from shared.errors import Transient
from shared.events import Cause, ReferralConflicting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.intake.coding import Place
    from services.intake.contract.reading import Reading
    from services.intake.senders import Senders, Source, Team
    from services.intake.sources.told import Told
    from services.intake.store import First, Last, Locked, Referral, Store
    from shared.referral import CodedReferral

TRIES: Final = 5
RETRIED: Final = dt.timedelta(minutes=10)  # how long a system tries again by itself


class Incoming(NamedTuple):
    """A request's body and what goes with it: its clock, its chance (a new id, a salt) and its trace."""

    body: bytes
    idempotency_key: str | None
    traceparent: str
    received_at: dt.datetime
    new_id: UUID
    salt: bytes


@dataclass(frozen=True, slots=True)
class Desk:
    """What every handler works with. `wake` tells the relay that there is something to publish."""

    place: Place
    senders: Senders
    store: Store
    phone_now: str
    wake: Callable[[], None]


class Answer(NamedTuple):
    """How a message was answered (JSON, as it is kept), and whether that had been answered before."""

    body: bytes
    repeat: bool = False


class Said(NamedTuple):
    """What a handler makes of a message: the event, the answer's members, and the referral as it then stands."""

    payload: Cause
    warnings: Iterable[Notice]
    members: dict[str, Any]
    document: dict[str, Any] | None = None


May = Callable[["Referral", "int | None"], bool]
Decide = Callable[["Locked", "Last | None"], Awaitable[Said]]


def named(desk: Desk, sender: Source | Team, told: Told) -> tuple[bytes, ...]:
    """What the sender calls the referral, so that nobody can read it."""
    own = (person.keyed(desk.place.secret, _of(sender, "referral"), sender.account, name) for name in told.names)
    return tuple(map(bytes.fromhex, own))


def _of(sender: Source | Team, kind: str) -> str:
    """What a source tried out while it was synthetic is no name, id or content of anybody's once it is live."""
    return f"synthetic {kind}" if sender.synthetic else kind


def message_of(
    desk: Desk,
    sender: Source | Team,
    incoming: Incoming,
    document: dict[str, Any],
    told: Told,
    *,
    kind: str,
    about: str = "",
    reading: Reading | None = None,
) -> tuple[Message, list[Notice]]:
    """The message with its content's hash and the key that a repeat of it is known by."""
    own_id, warnings = _own_id(document, incoming.idempotency_key)
    content = content_hash(desk.place.secret, _of(sender, kind), about, document)
    key = None if about else content
    if own_id is not None:
        key = bytes.fromhex(person.keyed(desk.place.secret, _of(sender, "message-id"), sender.account, own_id))
    message = Message(
        sender=sender.account,
        synthetic=sender.synthetic,
        body=incoming.body,
        content=content,
        key=key,
        expires_at=incoming.received_at + A_DAY if own_id is None else FOR_EVER,
        received_at=incoming.received_at,
        salt=incoming.salt,
        traceparent=incoming.traceparent,
        standard=told.standard,
        unmapped=tuple(unmapped(told, reading)) if reading else (),
        names=named(desk, sender, told),
        attachments=told.attachments,
        reply_to=told.reply_to if "endpoint" in told.reply_to else None,
    )
    return message, [*warnings, *told.warnings]


def _own_id(document: dict[str, Any], header: str | None) -> tuple[str | None, list[Notice]]:
    """The sender's own id: `message_id`, which its system wrote once; else the header, which a gateway may renew."""
    told, header = plain(document.get("message_id")) or None, (header or "").strip().strip('"') or None
    differ = told is not None and header is not None and told != header
    return told or header, [Notice("message_id", "two-message-ids")] if differ else []


async def follow(desk: Desk, message: Message, referral_id: UUID, may: May, decide: Decide) -> Answer:
    """Takes a message about a known referral; the answer.

    Without an id it repeats the same sender's last message about this referral, if that says the same, is not older
    than a day and is the newest of all: after anything else that was said, by whomever, it is something new (the hub
    releases a second hold in the words of the first). Within minutes it is a repeat all the same: a system that lost
    the answer tries again, and must not end a hold that nobody has looked at.
    """
    for _ in range(TRIES):
        if message.key and (first := await desk.store.first(message.sender, message.key, message.received_at)):
            return await again(desk, message, first)
        async with desk.store.locked(referral_id) as locked:
            if locked is None:
                raise not_found()
            last = await locked.last_by(message.sender)
            if message.key is None and last is not None and _repeats(message, last, locked.referral):
                return repeated(last.answer)
            if not may(locked.referral, last.returned if last else None):
                raise not_found()
            payload, warnings, members, document = await decide(locked, last)
            answer = answer_of(referral_id, warnings, **members)
            row = receipt(message, payload, answer, document)
            grown = await locked.append(row)
        if grown:
            return taken(desk, row.kind, answer)
    raise Transient("busy", "other messages with the same id keep coming")


async def again(
    desk: Desk,
    message: Message,
    first: First,
    coded: CodedReferral | None = None,
    document: dict[str, Any] | None = None,
    *,
    detail: str = "this id was used before, for a message with other content; a person will look at both",
    place: str = "message_id",
) -> Answer:
    """The first answer for the same content; for other content a conflict, which a person must see (once).

    Where what came first was disposed of, nobody can tell whether it is the same, unless the content was its id: a
    conflict costs a look, and a repeat that is none would lose a person.
    Of what conflicts neither names nor documents nor addresses become those of the referral that it conflicts with.
    """
    if message.content == (message.key if first.content is None else first.content):
        return repeated(first.answer)
    key = hashlib.sha256(b"conflict" + (message.key or b"") + message.content).digest()
    async with desk.store.locked(first.referral_id) as locked:
        if locked is not None:
            fields = next_cause(locked.referral, message)
            payload = ReferralConflicting(**fields, conflicts_with=first.event_id, referral=coded)
            once = message._replace(key=key, expires_at=FOR_EVER, names=(), attachments=(), reply_to=None)
            if await locked.append(receipt(once, payload, b"{}", document)):
                metrics.CONFLICTS.inc()
    desk.wake()
    fault = Fault(place, "conflict", detail)
    raise Refused(409, "conflict", detail, fault, referral_id=str(first.referral_id))


def next_cause(referral: Referral, message: Message) -> dict[str, Any]:
    """The fields of the next cause of a locked referral."""
    return {
        "referral_id": referral.referral_id,
        "sequence": referral.sequence + 1,
        "locality": referral.locality,
        "received_at": message.received_at,
    }


def answer_of(referral_id: UUID, warnings: Iterable[Notice], **members: Any) -> bytes:
    """The body of a 202."""
    place = {"referral_id": str(referral_id), "status_url": f"/referrals/{referral_id}"}
    return orjson.dumps({**place, **members, "warnings": [warning.as_json() for warning in warnings]})


def repeated(answer: bytes) -> Answer:
    """The first answer, counted as a repeat."""
    metrics.REPEATS.inc()
    return Answer(answer, repeat=True)


def taken(desk: Desk, kind: str, answer: bytes) -> Answer:
    """The answer of a message that was just taken; the relay is told."""
    metrics.TAKEN.labels(kind).inc()
    desk.wake()
    return Answer(answer)


def _repeats(message: Message, last: Last, referral: Referral) -> bool:
    age = message.received_at - last.received_at
    current = last.sequence == referral.sequence or age < RETRIED
    return current and last.content == message.content and age < A_DAY


def begins_anew(message: Message, first: First) -> bool:
    """Whether what looks like a repeat is a new referral: told by its content alone, and the first one is over."""
    return first.over and message.expires_at < FOR_EVER


def coded_of(desk: Desk, source: Source, reading: Reading, locality: str, message: Message) -> CodedReferral:
    """The coded referral; its age counts on the locality's date, its message id travels hashed."""
    here = desk.place.localities.get(locality) or desk.place.localities[desk.place.default]
    received = message.received_at.astimezone(here.zone).date()
    coded = code(reading, desk.place, received, placed=source.locality is not None)
    metrics.SCREENED.labels("yes" if coded.risk_words else "no").inc()
    more: dict[str, str] = {}
    if message.synthetic and coded.person_key:  # an invented person is nobody's history (promise 9)
        more["person_key"] = person.keyed(desk.place.secret, "synthetic", coded.person_key)
    if message.expires_at == FOR_EVER and message.key:
        more["message_digest"] = message.key.hex()
    return msgspec.structs.replace(coded, **more) if more else coded
