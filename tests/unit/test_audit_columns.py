"""Whatever a record holds, audit makes a row of it: bytes as they came, and columns where its headers make sense."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.chain import digest
from services.audit.columns import as_count, as_text, as_time, as_uuid, entry
from shared.cloudevents import Envelope, pack, unpack

REFERRAL = UUID("5d1c6f0e-0000-4000-8000-000000000001")
NOW = dt.datetime(2026, 11, 23, 10, 2, 11, 123456, tzinfo=dt.UTC)
Headers = list[tuple[str, bytes | None]]

told = st.sampled_from(["ce_id", "ce_subject", "ce_type", "ce_time", "ce_sequence", "ce_synthetic"])
headers = st.lists(st.tuples(told | st.text(), st.none() | st.binary() | st.text().map(str.encode)))


@dataclass
class ARecord:
    headers: Headers
    offset: int = 7
    timestamp: int = 1_795_000_000_000
    key: bytes | None = None
    value: bytes | None = b"{}"


@given(headers, st.none() | st.binary(), st.none() | st.binary())
def test_any_record_becomes_an_entry_that_keeps_its_bytes(
    headers: Headers, key: bytes | None, value: bytes | None
) -> None:
    made = entry(ARecord(headers, key=key, value=value))
    assert (made.key, made.value, unpack(made.headers or b"")) == (key, value, tuple(headers))
    assert (made.value_digest, made.headers_digest) == (digest(value), digest(made.headers))
    assert "\0" not in (made.type or "")


def test_the_columns_are_what_the_envelope_says() -> None:
    event_id, cause = uuid4(), uuid4()
    envelope = Envelope(
        event_id, "urn:test", "frontdoor.referral.received.v1", NOW, str(REFERRAL), causation_id=cause, sequence=3,
        accepted_time=NOW - dt.timedelta(seconds=1), synthetic=True,
    )  # fmt: skip
    made = entry(ARecord(list(envelope.headers())))
    assert (made.event_id, made.referral_id, made.type) == (event_id, REFERRAL, "frontdoor.referral.received.v1")
    assert (made.causation_id, made.sequence, made.synthetic) == (cause, 3, True)
    assert (made.at, made.accepted_time) == (NOW, NOW - dt.timedelta(seconds=1))


def test_a_record_without_a_subject_is_about_the_referral_that_its_key_names() -> None:
    assert entry(ARecord([], key=str(REFERRAL).encode())).referral_id == REFERRAL
    assert entry(ARecord([("ce_subject", b"?")], key=str(REFERRAL).encode())).referral_id == REFERRAL
    assert entry(ARecord([], key=b"\xff")).referral_id is None


@pytest.mark.parametrize("text", [None, "", "a\0b", "x" * 201])
def test_text_that_the_database_could_not_hold_is_left_empty(text: str | None) -> None:
    assert as_text(text) is None


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-23T10:00:00", "0001-01-01T00:00:00+14:00", "12"])
def test_a_time_without_its_offset_or_outside_any_clock_is_left_empty(text: str | None) -> None:
    assert as_time(text) is None


def test_times_are_kept_in_utc() -> None:
    assert as_time("2026-11-23T11:02:11.123456+01:00") == NOW
    assert as_time("2026-11-23T10:02:11.123456Z") == NOW


@pytest.mark.parametrize("text", [None, "", "-1", "1_0", "१", "1" * 19, "1.0"])
def test_a_sequence_in_anything_but_plain_digits_is_left_empty(text: str | None) -> None:
    assert as_count(text) is None


@pytest.mark.parametrize("text", [None, "", "{" + "0" * 34 + "}", "z" * 36, str(REFERRAL)[:-1]])
def test_an_id_in_any_other_form_is_left_empty(text: str | None) -> None:
    assert as_uuid(text) is None


@given(st.lists(st.tuples(st.text(), st.none() | st.binary())))
def test_packed_headers_come_back_as_they_were(headers: Headers) -> None:
    assert unpack(pack(tuple(headers))) == tuple(headers)


def test_the_packed_form_is_the_one_that_is_stored_already() -> None:
    """It is part of every audited record's fingerprint: another form would make old records look altered."""
    assert pack((("ce_id", b"7"), ("none", None))) == b"5:ce_id1:74:none-"


def test_headers_that_an_earlier_version_stored_are_read() -> None:
    headers = (("ce_id", b"7"), ("none", None))
    assert unpack(bytes.fromhex("92 92a563655f6964c40137 92a46e6f6e65c0")) == headers


@pytest.mark.parametrize("packed", [b"\x92\x91", b"1", b"x:a", b"1:a", b"1:a9:b"])
def test_bytes_that_are_no_packed_headers_are_refused(packed: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(packed)
