"""What commands about dead letters print and refuse, without a system."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.frontdoor.dead_letters.asking import PERSONAL
from services.frontdoor.dead_letters.editing import edited, why_another
from services.frontdoor.dead_letters.entries import Content, Entry, Wanted
from services.frontdoor.dead_letters.showing import age, shown
from shared.cloudevents import header
from shared.dead_letters import dead_letter
from shared.errors import Poison, Usage
from shared.kafka import Record
from shared.parked import letter_of, parked_id, without_notes
from tests.builders import MONDAY_10AM, ARecord, Person, a_record_of, an_id
from tests.poison import WAYS, WORDS

HOUR = dt.timedelta(hours=1)


def an_entry(person: Person) -> tuple[Entry, Content]:
    """A waiting dead letter of somebody's first record, whose value was cut short."""
    record = a_record_of(person.received(sequence=1), partition=3, offset=17)
    record.value = b"{"
    letter = dead_letter(record, Poison("unreadable", "value: no JSON"), "triage", MONDAY_10AM)
    known = letter_of(letter.headers, "a-cluster.1")
    assert known is not None
    ids = {"event_id": an_id("event"), "referral_id": person.referral_id, "type": "frontdoor.referral.received.v1"}
    entry = Entry(known, "a-cluster.1", letter.topic, 3, 0, **ids, source="gp", synthetic=False)  # type: ignore[arg-type]  # as given
    return entry, Content(letter.key, letter.value, letter.headers)


def test_a_dead_letter_says_where_its_record_was_read_and_gives_it_back_as_it_was() -> None:
    record = ARecord(partition=3, offset=17, key=b"k", value=b"{", headers=(("ce_id", b"\xff"), ("none", None)))
    letter = dead_letter(record, Poison("unreadable", "value: no JSON"), "triage", MONDAY_10AM)
    known = letter_of(letter.headers, "a-cluster.2")
    assert known is not None
    assert (known.topic, known.partition, known.offset) == ("referrals.received", 3, 17)
    assert (known.group, known.code, known.failed_at) == ("triage", "unreadable", MONDAY_10AM)
    assert known.id == parked_id("referrals.received", 3, 17, 2) != parked_id("referrals.received", 3, 17)
    assert without_notes(letter.headers) == record.headers


@given(st.lists(st.tuples(st.text(), st.none() | st.binary())))
def test_headers_that_parking_did_not_write_are_no_dead_letter_whatever_they_hold(
    headers: list[tuple[str, bytes]],
) -> None:
    assert letter_of(tuple(headers), "a-cluster.1") is None


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_shown_of_a_record_that_is_not_an_id_a_time_or_a_number(way: str) -> None:
    record = a_record_of(Person().received())
    _, spoilt = WAYS[way]
    odd = spoilt(Record(record.topic, 0, record.key, record.value, record.headers))
    said = " ".join(shown(raw) for raw in (odd.key, odd.value, *(raw for _, raw in odd.headers)))
    assert WORDS not in said
    assert "Ada" not in said


@pytest.mark.parametrize(
    "text", ["Ada Example", "9434765919", "943 476 5919", "SW9 8JX", "1986-05-04", "ada@example.org", ""]
)
def test_what_could_be_a_persons_is_shown_as_its_length(text: str) -> None:
    assert shown(text.encode()) == f"({len(text)} bytes)"


@pytest.mark.parametrize(
    "why",
    ["NHS number 943 476 5919", "9434765919", "born 4/5/1986", "born 1986-05-04", "at SW9 8JX", "ask ada@example.org"],
)
def test_a_reason_that_names_a_person_is_found(why: str) -> None:
    assert PERSONAL.search(why)


@pytest.mark.parametrize(
    "why",
    ["received_at had no zone; the sender says UTC", "triage can read it since 2026.4", "12 of the vendor's tests"],
)
def test_a_reason_about_the_record_is_none(why: str) -> None:
    assert not PERSONAL.search(why)


def test_filters_leave_what_has_all_that_was_asked_and_what_was_worked_only_on_demand() -> None:
    entry, _ = an_entry(Person())
    at = MONDAY_10AM
    for wanted in (
        Wanted(),
        Wanted(frozenset({entry.letter.id})),
        Wanted(group="triage", code="unreadable", source="gp", referral=Person().referral_id),
        Wanted(since=at, until=at + HOUR),
    ):
        assert wanted.takes(entry)
    for other in (
        Wanted(frozenset({an_id("another")})),
        Wanted(group="intake-status"),
        Wanted(code="empty"),
        Wanted(source="another"),
        Wanted(referral=an_id("bea")),
        Wanted(since=at + HOUR),
        Wanted(until=at),
    ):
        assert not other.takes(entry)


def test_the_same_edit_has_the_same_id_and_another_value_has_another() -> None:
    entry, was = an_entry(Person())
    one, other = Person().received(sequence=1).value, Person().received(sequence=1, reason={"code": "01"}).value
    assert one
    assert other
    (first, record), (again, _), (second, _) = (edited(entry, was, value, None, 12) for value in (one, one, other))
    assert first == again != second
    assert (header(record.headers, "ce_causationid"), record.partition) == (str(entry.event_id), 3)
    assert header(record.headers, "ce_sequence") == "1"


def test_an_edit_is_about_the_referral_and_the_place_that_intake_took_it_as() -> None:
    ada = Person()
    entry, was = an_entry(ada)
    _, record = edited(entry, was, ada.received(sequence=1).value or b"", None, 12)
    taken = {"referral_id": ada.referral_id, "sequence": 1}
    assert why_another(record, entry, was, taken) is None
    assert why_another(record, entry, was, None) is None
    assert "sequence 2" in (why_another(record, entry, was, taken | {"sequence": 2}) or "")
    _, record = edited(entry, was, Person("bea").received(sequence=1).value or b"", None, 12)
    assert str(ada.referral_id) in (why_another(record, entry, was, None) or "")


@pytest.mark.parametrize(
    ("value", "kind", "why"),
    [
        (b"{", None, "no JSON|truncated"),
        (b'{"referral_id": "no"}', None, "referral_id"),
        (b"{}", "frontdoor.decision.routed.v1", "takes no such type"),
        (b"{}", "another", "takes no such type"),
    ],
)
def test_a_value_that_is_none_of_its_type_is_refused_with_where_and_why(
    value: bytes, kind: str | None, why: str
) -> None:
    entry, was = an_entry(Person())
    with pytest.raises(Usage, match=why):
        edited(entry, was, value, kind, 12)


def test_ages_are_read_at_a_glance() -> None:
    assert [age(dt.timedelta(seconds=seconds)) for seconds in (-1, 40, 720, 18_000, 260_000)] == [
        "0s",
        "40s",
        "12m",
        "5h",
        "3d",
    ]
