"""The synthetic month: repeatable, shaped like the published figures, dirty like real referrals, and nobody real."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from services.frontdoor.demo.dirt import KINDS
from services.frontdoor.demo.month import Message, Sent, month
from services.frontdoor.demo.people import check_digit
from services.frontdoor.demo.presentations import presentations
from services.frontdoor.demo.senders import LANES
from services.intake.contract.reading import read
from services.intake.person import missing

if TYPE_CHECKING:
    from collections.abc import Iterable

IDENTITY = ("nhs_number", "born", "postcode", "address", "mobile")
UNTIL = dt.datetime(2026, 11, 20, 18, tzinfo=dt.UTC)


@cache
def messages(seed: int = 2026, run: str = "run1", people: int = 500) -> tuple[Message, ...]:
    return month(seed=seed, run=run, people=people, until=UNTIL)


def referrals(seed: int = 2026, **more: Any) -> list[Message]:
    return [message for message in messages(seed, **more) if message.sent is Sent.REFERRAL]


def texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)
    else:
        yield str(value)


def test_the_same_seed_and_run_give_the_same_month() -> None:
    again = month(seed=2026, run="run1", people=500, until=UNTIL)
    assert again == messages()


def test_another_seed_gives_another_month() -> None:
    assert messages(seed=1) != messages(seed=2)


def test_another_run_has_the_same_presentations_but_other_people_and_ids() -> None:
    first, second = referrals(run="run1"), referrals(run="run2")
    assert [message.who for message in first] == [message.who for message in second]
    assert not {m.message_id for m in first if m.message_id} & {m.message_id for m in second}
    assert not set(filter(None, map(nhs_number, first))) & set(filter(None, map(nhs_number, second)))


@pytest.mark.parametrize("seed", range(3))
def test_another_run_sends_the_same_but_for_who_it_is_about(seed: int) -> None:
    first, second = (
        [(m.sent, m.lane, m.ref, m.dirt, without_identity(m)) for m in messages(seed, run=run)]
        for run in ("run1", "run2")
    )
    assert first == second


def without_identity(message: Message) -> dict[str, Any]:
    """What is sent, without the message's id and what tells its person from another."""
    return {
        part: {name: value for name, value in fields.items() if name not in IDENTITY}
        for part, fields in message.body.items()
        if isinstance(fields, dict)
    }


@pytest.mark.parametrize("people", [1, 7, 40, 500])
def test_every_person_is_referred_once(people: int) -> None:
    refs = [message.ref for message in referrals(people=people)]
    assert sorted(refs) == [f"{place:04}" for place in range(1, people + 1)]


def test_messages_come_in_the_order_of_their_times_and_a_referral_before_what_follows_it() -> None:
    seen: set[str] = set()
    assert [m.at for m in messages()] == sorted(m.at for m in messages())
    for message in messages():
        assert message.sent is Sent.REFERRAL or message.ref in seen
        seen.add(message.ref)


@pytest.mark.parametrize("seed", range(5))
def test_who_comes_follows_the_weights_of_the_presentations(seed: int) -> None:
    came = Counter(message.who for message in referrals(seed=seed))
    total = sum(kind.weight for kind in presentations())
    for kind in presentations():
        assert came[kind.who] == pytest.approx(500 * kind.weight / total, abs=2), kind.who


@pytest.mark.parametrize("seed", range(5))
def test_presentations_are_shaped_like_the_published_shares(seed: int) -> None:
    came = Counter(message.who for message in referrals(seed=seed))

    def share(*beginnings: str) -> float:
        return 100 * sum(count for who, count in came.items() if who.startswith(beginnings)) / 500

    in_crisis = ("acute,", "thoughts of suicide", "psychosis growing", "young person in crisis", "new mother")
    assert 2 <= share(*in_crisis) <= 4
    assert 8 <= share("known psychosis", "bipolar disorder") <= 10.5
    assert 23 <= share("trouble too tangled", "after a bad time", "an old diagnosis") <= 38


@pytest.mark.parametrize("seed", [2026, 1, 2])
def test_every_kind_of_dirt_and_every_second_thought_occurs(seed: int) -> None:
    assert {kind for message in messages(seed=seed) for kind in message.dirt} == set(KINDS)
    assert {message.sent for message in messages(seed=seed)} == set(Sent)


def test_nothing_is_so_dirty_that_intake_would_refuse_it() -> None:
    readings = [read(message.body) for message in referrals()]
    assert [reading for reading in readings if missing(reading)] == []


def test_some_amendments_raise_the_urgency_and_some_people_come_twice() -> None:
    amendments = [message.body for message in messages() if message.sent is Sent.AMENDMENT]
    raising = [body for body in amendments if body.get("risk", {}).get("suicidal") in {"ideation", "plan"}]
    assert raising
    assert len(raising) < len(amendments)
    people = Counter(
        (json.dumps(m.body["person"]["name"]).casefold(), m.body["person"].get("born")) for m in referrals()
    )
    assert max(people.values()) > 1


def test_a_repeat_is_the_same_message_and_a_conflict_is_not() -> None:
    first = {message.ref: message for message in referrals()}
    for message in messages():
        if message.sent is Sent.REPEAT:
            assert (message.body, message.message_id) == (first[message.ref].body, first[message.ref].message_id)
        if message.sent is Sent.CONFLICT:
            assert message.body["message_id"] == first[message.ref].message_id
            assert message.body != first[message.ref].body


def test_names_have_accents_and_other_scripts() -> None:
    names = "".join(part for m in referrals() for part in m.body["person"]["name"].values())
    scripts = {unicodedata.name(letter).split()[0] for letter in names if letter.isalpha()}
    assert scripts >= {"LATIN", "CYRILLIC", "ARABIC", "CJK"}
    assert re.search("[éãłøñ]", names)


def nhs_number(message: Message) -> str | None:
    number: str | None = message.body["person"].get("nhs_number")
    return number and number.replace(" ", "")


def test_people_have_different_nhs_numbers() -> None:
    people = {nhs_number(m): (m.body["person"]["name"]["family"].casefold()) for m in referrals() if nhs_number(m)}
    for m in referrals():
        if number := nhs_number(m):
            assert people[number] == m.body["person"]["name"]["family"].casefold()


def test_every_nhs_number_is_synthetic() -> None:
    numbers = [number for message in messages() if "person" in message.body if (number := nhs_number(message))]
    assert numbers
    assert all(re.fullmatch(r"999\d{7}", number) for number in numbers)


def test_an_nhs_number_is_valid_unless_it_was_spoiled() -> None:
    for message in referrals():
        if number := nhs_number(message):
            spoiled = "NHS number fails its check digit" in message.dirt
            assert (check_digit(number[:9]) == int(number[9])) is not spoiled


def test_nothing_sent_looks_like_a_real_number_or_address() -> None:
    everything = [text for message in messages() for text in texts(message.body)]
    assert not [text for text in everything if re.fullmatch(r"(?!999)\d{10}|(?!999)\d{3} \d{3} \d{4}", text)]
    phones = [text for text in everything if re.fullmatch(r"0[\d ]{9,}", text)]
    assert phones
    assert all(re.fullmatch(r"07700 900\d{3}|020 7946 0\d{3}", phone) for phone in phones)
    codes = {message.body["person"].get("postcode", "ZZ99 3VZ") for message in referrals()}
    assert all(re.fullmatch(r"ZZ99 3VZ|\w+ \d[CIKMOV]{2}", code) for code in codes)
    assert all(text.endswith(".example") for text in everything if "@" in text)


def test_several_systems_send_at_once() -> None:
    lanes = Counter(message.lane for message in referrals())
    assert set(lanes) == set(LANES)
    assert min(lanes.values()) > 20
