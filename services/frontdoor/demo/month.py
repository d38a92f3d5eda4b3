"""One month at one borough's front door, made from a seed: the timed messages that referrers send.

Pure: the same seed, run, people and end give the same month. The run only makes message ids, NHS numbers, birth
dates and addresses new, so that a second demo on the same system is not taken for repeats of the first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate, pairwise
from random import Random
from typing import TYPE_CHECKING, Any, Final

from services.frontdoor.demo.dirt import dirty
from services.frontdoor.demo.people import ELSEWHERE, background, identity, nhs_number
from services.frontdoor.demo.presentations import Presentation, draw, nested, number, pick, presentations
from services.frontdoor.demo.second_thoughts import amended, contradicted
from services.frontdoor.demo.senders import PRACTICE_ELSEWHERE, WITHOUT_IDS, lane_of, referrer

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS: Final = 30
AGAIN: Final = 0.02  # people sent twice in the month, by two referrers
OUT_OF_AREA: Final = 0.012
NO_MORE: Final = ("no-longer-needed", "person-declined", "moved-away", "sent-in-error")
REPEATS, CONFLICTS, AMENDMENTS, CANCELLATIONS = 0.04, 0.012, 0.07, 0.022


class Sent(StrEnum):
    """What a referrer sends."""

    REFERRAL = "referral"
    REPEAT = "repeat"
    CONFLICT = "conflict"
    AMENDMENT = "amendment"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing sent: when in the month, by which lane, about which referral of the month (`ref`, 0001 and on)."""

    at: dt.datetime
    sent: Sent
    lane: str
    ref: str
    message_id: str | None
    body: dict[str, Any] = field(repr=False)
    who: str = ""
    dirt: tuple[str, ...] = ()


def month(*, seed: int, run: str, people: int, until: dt.datetime) -> tuple[Message, ...]:
    """Every message of the month that ends at `until`, in the order of its times."""
    rng = Random(f"{seed}/month")
    kinds = _who_comes(rng, people)
    whose = _people(rng, kinds)
    first_number = Random(f"{seed}/{run}").randrange(10**6)
    messages: list[Message] = []
    for index, (kind, at) in enumerate(zip(kinds, _moments(rng, people, until), strict=True)):
        ref = f"{index + 1:04}"
        who = whose[index]
        shape, rng = Random(f"{seed}/person/{who}"), Random(f"{seed}/{run}/person/{who}")
        person = _person(shape, rng, kind, until.date(), first_number + who)
        first = _referral(Random(f"{seed}/{index}"), person, kind, at, f"{run}-{ref}")
        messages += [first, *_afterwards(Random(f"{seed}/{index}/after"), first, until)]
    return tuple(sorted(messages, key=lambda message: message.at))


def _who_comes(rng: Random, people: int) -> list[Presentation]:
    """Presentations in proportion to their weights (systematic sampling, so that shares do not wobble), shuffled."""
    kinds = presentations()
    edges = [0.0, *accumulate(kind.weight for kind in kinds)]
    step = edges[-1] / people
    points = [(rng.random() + index) * step for index in range(people)]
    chosen = [kind for kind, (low, high) in zip(kinds, pairwise(edges), strict=True) for p in points if low <= p < high]
    rng.shuffle(chosen)
    return chosen


def _people(rng: Random, kinds: list[Presentation]) -> list[int]:
    """Whose referral each one is: mostly a new person's, sometimes that of one who came with the same before."""
    whose: list[int] = []
    for index, kind in enumerate(kinds):
        before = [whose[i] for i in range(index) if kinds[i] is kind]
        whose.append(rng.choice(before) if before and rng.random() < AGAIN else index)
    return whose


def _moments(rng: Random, count: int, until: dt.datetime) -> list[dt.datetime]:
    """When referrals are made: mostly on working days and in surgery hours, in order."""
    start = until - dt.timedelta(days=DAYS)
    days = [start + dt.timedelta(days=day) for day in range(DAYS)]
    weights = [1.0 if day.weekday() < 5 else 0.15 for day in days]
    hours = (rng.triangular(8, 19, 11) for _ in range(count))
    picked = rng.choices(days, weights, k=count)
    return sorted(
        day.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(seconds=int(hour * 3600))
        for day, hour in zip(picked, hours, strict=True)
    )


def _person(shape: Random, rng: Random, kind: Presentation, today: dt.date, place: int) -> dict[str, Any]:
    """One person: what rules may see of them comes from `shape`, what tells them from others from `rng`."""
    homeless = kind.answers.get("person.no_fixed_abode") == "yes"
    in_area, age = shape.random() >= OUT_OF_AREA, number(shape, kind.age)
    who = identity(rng, age, today, number=nhs_number(place), in_area=in_area, homeless=homeless)
    return background(shape) | who


def _referral(rng: Random, person: dict[str, Any], kind: Presentation, at: dt.datetime, name: str) -> Message:
    """One person's first message; `name` is what its sender calls it, and its last part the place in the month."""
    sender = pick(rng, kind.sender)
    answers = draw(rng, kind, at.date()) | person | referrer(rng, sender, at)
    if person.get("person.postcode", "").startswith(ELSEWHERE):
        answers["referrer.practice"] = PRACTICE_ELSEWHERE
    if "presentation.phq9" not in answers:
        answers.pop("presentation.phq9_item9", None)
    words = rng.choice(kind.words).format(given=answers["person.name"]["given"])
    answers |= {"referred_at": at.isoformat(), "reason.text": words}
    dirt = dirty(rng, answers)
    lane = lane_of(rng, sender)
    message_id = None if lane in WITHOUT_IDS else name
    if message_id:
        answers["message_id"] = message_id
    return Message(at, Sent.REFERRAL, lane, name.rpartition("-")[2], message_id, nested(answers), kind.who, dirt)


def _afterwards(rng: Random, first: Message, until: dt.datetime) -> Iterator[Message]:
    """What is sent after a referral: the same again, something that contradicts it, more about it, or its end."""

    def later(hours: float) -> dt.datetime:
        return min(until, first.at + dt.timedelta(hours=hours))

    def sent(kind: Sent, hours: float, body: dict[str, Any], suffix: str = "") -> Message:
        message_id = f"{first.message_id}{suffix}" if first.message_id else None
        content = body | {"message_id": message_id} if message_id else body
        return Message(later(hours), kind, first.lane, first.ref, message_id, content, first.who)

    if rng.random() < REPEATS:
        yield sent(Sent.REPEAT, rng.choice((0.01, 0.02, 8)), first.body)
    if first.message_id and rng.random() < CONFLICTS:
        yield sent(Sent.CONFLICT, 0.05, contradicted(rng, first.body))
    if first.message_id and rng.random() < AMENDMENTS:
        yield sent(Sent.AMENDMENT, rng.uniform(1, 90), amended(rng, first.body), "-a1")
    if rng.random() < CANCELLATIONS:
        yield sent(Sent.CANCELLATION, rng.uniform(20, 200), {"reason": rng.choice(NO_MORE)}, "-c1")
