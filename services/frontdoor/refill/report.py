"""Says what a restored database lacked: whom a person must phone first, then what was put back. Pure."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from services.frontdoor.refill.found import KINDS
from services.frontdoor.refill.unrestored import NOT_RECORDED, Why, gone
from shared import events
from shared.cloudevents import header
from shared.codes import Urgency
from shared.command_line import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from services.frontdoor.refill.found import Published, Taken
    from services.frontdoor.refill.reading import Lacking
    from services.frontdoor.refill.storing import PutBack
    from shared.events import Decision


class Lost(NamedTuple):
    """A message whose content is gone: of which referral, whose, when; where that referral stood when the database was lost."""

    referral_id: UUID
    event_id: UUID
    kind: str
    sender: str
    locality: str
    synthetic: bool
    taken_at: dt.datetime
    urgency: str | None
    status: str | None
    destination: str | None

    def __str__(self) -> str:
        """For people."""
        stands = f"{self.status} at {self.destination}" if self.status else "not decided"
        urgency = Urgency(self.urgency).words if self.urgency else "urgency not known"
        made_up = " (synthetic)" if self.synthetic else ""
        sender = self.sender if self.sender != NOT_RECORDED else "a sender that nothing names any more"
        return f"{self.referral_id}{made_up} {urgency}, {stands}: {self.kind} from {sender} at {self.taken_at:%d %b %H:%M} UTC"


class Account(NamedTuple):
    """All that was lacking. `until` is the database's newest message, `newest` Kafka's newest record."""

    referrals: tuple[Lost, ...]
    messages: tuple[Lost, ...]
    back: PutBack
    until: dt.datetime | None
    newest: dt.datetime | None
    dry_run: bool

    @property
    def anything(self) -> bool:
        """Whether the database lacked anything."""
        return any(self.back)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        back = self.back._asdict() | {"held_otherwise": sorted(map(str, self.back.held_otherwise))}
        back["not_restored"] = {str(event_id): why for event_id, why in self.back.not_restored.items()}
        named = {"referrals": [*map(_plain, self.referrals)], "messages": [*map(_plain, self.messages)]}
        times = {"until": self.until and self.until.isoformat(), "newest": self.newest and self.newest.isoformat()}
        return {**named, **back, **times, "dry_run": self.dry_run}


def account_of(found: Lacking, back: PutBack, until: dt.datetime | None, *, dry_run: bool) -> Account:
    """The account, the most urgent first."""
    newest: dict[UUID | None, Decision] = {}
    lacking = (next(iter(outputs.values())) for outputs in found.decisions.values())
    for decision in (one.decision for one in (*lacking, *gone(found).values())):
        if decision.referral_id not in newest or newest[decision.referral_id].sequence < decision.sequence:
            newest[decision.referral_id] = decision

    def lost(head: tuple[Any, ...]) -> Lost:
        stands = newest.get(head[0])
        return Lost(*head, *((stands.urgency, stands.status, stands.destination) if stands else (None, None, None)))

    heads = [*map(_head, found.events.values()), *map(_head_of_gone, gone(found).values())]
    those = sorted(map(lost, heads), key=_most_urgent)
    whole = tuple(one for one in those if one.kind == KINDS[events.RECEIVED])
    without = {one.referral_id for one in whole}
    more = tuple(one for one in those if one.referral_id not in without)
    return Account(whole, more, back, until, found.newest, dry_run)


def _head(one: Taken) -> tuple[Any, ...]:
    head = (one.cause.referral_id, one.event_id, one.kind, one.sender, one.cause.locality, one.synthetic)
    return (*head, one.cause.received_at)


def _head_of_gone(one: Published) -> tuple[Any, ...]:
    """Of an event that Kafka keeps no more: what the decision on it says."""
    d, synthetic = one.decision, header(one.headers, "ce_synthetic") == "true"
    kind = str(d.outcome) if d.outcome else KINDS[d.cause_type]
    return (d.referral_id, d.cause_id, kind, NOT_RECORDED, d.locality, synthetic, _accepted(one))


def _accepted(one: Published) -> dt.datetime:
    """When intake took what was decided on."""
    try:
        return dt.datetime.fromisoformat(header(one.headers, "ce_acceptedtime") or "").astimezone(dt.UTC)
    except ValueError:
        return one.decision.received_at


def lines(account: Account) -> Iterator[str]:
    """For people."""
    if not account.anything:
        yield "nothing is lacking: the database has all that Kafka has"
        return
    until = f"{account.until:%d %b %H:%M:%S} UTC" if account.until else "never"
    newest = f"{account.newest:%d %b %H:%M:%S} UTC" if account.newest else "never"
    yield f"the database knows what was taken until {until}; Kafka has what was published until {newest}"
    yield "What was taken and not yet published then is nowhere: have every source send again what it sent since."
    yield f"\n{counted(len(account.referrals), 'referral')} lost who the person is and what was written: phone the source"
    yield from (f"  {one}" for one in account.referrals)
    yield f"\n{counted(len(account.messages), 'message')} about other referrals lost what was written"
    yield from (f"  {one}" for one in account.messages)
    back, verb = account.back, "would be put back" if account.dry_run else "put back"
    yield (
        f"\n{verb}: {counted(back.events, 'event')} of intake, {counted(back.decisions, 'decision')} of triage with "
        f"{counted(back.outputs, 'output')}, {counted(back.parked, 'parked record')}, "
        f"{counted(back.activations, 'activation')} of rules"
    )
    decided = back.held_otherwise - back.not_restored.keys()
    for why in Why:
        those = [one for one, its in back.not_restored.items() if its is why]
        those += decided if why is Why.TAKEN_SINCE else []
        if those:
            yield f"\n{why.words}"
            yield from (f"  event {one}" for one in sorted(those))


def _most_urgent(one: Lost) -> tuple[int, dt.datetime]:
    return (Urgency(one.urgency).severity if one.urgency else 0, one.taken_at)


def _plain(one: Lost) -> dict[str, Any]:
    return {
        name: value if isinstance(value, bool) or value is None else str(value) for name, value in one._asdict().items()
    }
