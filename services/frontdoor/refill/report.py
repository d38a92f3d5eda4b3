"""Says what a restored database lacked: whom a person must phone first, then what was put back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from shared import events
from shared.codes import Urgency
from shared.command_line import counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from uuid import UUID

    from services.frontdoor.refill.found import Taken
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
        return f"{self.referral_id}{made_up} {urgency}, {stands}: {self.kind} from {self.sender} at {self.taken_at:%d %b %H:%M} UTC"


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
        named = {"referrals": [*map(_plain, self.referrals)], "messages": [*map(_plain, self.messages)]}
        times = {"until": self.until and self.until.isoformat(), "newest": self.newest and self.newest.isoformat()}
        return {**named, **back, **times, "dry_run": self.dry_run}


def account_of(found: Lacking, back: PutBack, until: dt.datetime | None, *, dry_run: bool) -> Account:
    """The account, the most urgent first."""
    newest: dict[UUID | None, Decision] = {}
    for outputs in found.decisions.values():
        decision = next(iter(outputs.values())).decision
        if decision.referral_id not in newest or newest[decision.referral_id].sequence < decision.sequence:
            newest[decision.referral_id] = decision

    def lost(one: Taken) -> Lost:
        stands = newest.get(one.cause.referral_id)
        where = (stands.urgency, stands.status, stands.destination) if stands else (None, None, None)
        head = (one.cause.referral_id, one.event_id, one.kind, one.sender, one.cause.locality, one.synthetic)
        return Lost(*head, one.cause.received_at, *where)

    those = sorted((lost(one) for one in found.events.values()), key=_most_urgent)
    whole = tuple(one for one in those if found.events[one.event_id].type == events.RECEIVED)
    gone = {one.referral_id for one in whole}
    more = tuple(one for one in those if one.referral_id not in gone)
    return Account(whole, more, back, until, found.newest, dry_run)


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
    if back.held_otherwise:
        yield "\nThe database holds something else in the place of these: a service ran before this. A person must look:"
        yield from (f"  event {one}" for one in sorted(back.held_otherwise))


def _most_urgent(one: Lost) -> tuple[int, dt.datetime]:
    return (Urgency(one.urgency).severity if one.urgency else 0, one.taken_at)


def _plain(one: Lost) -> dict[str, Any]:
    return {
        name: value if isinstance(value, bool) or value is None else str(value) for name, value in one._asdict().items()
    }
