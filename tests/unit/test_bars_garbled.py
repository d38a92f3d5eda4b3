"""Whatever becomes of a BaRS message on the way: it is read, or refused in the standard's own form; nothing in between."""

from __future__ import annotations

import datetime as dt
import json as plain
from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.contract.reading import read
from services.intake.problems import Refused
from services.intake.sources import json
from services.intake.sources.bars import outcome
from services.intake.sources.bars.bundle import parse
from services.intake.sources.forms import FORMS, Moment
from tests.bars import EXPECTED, SOURCES, TEAM, issue, sample
from tests.spoilt import garbled

MOMENT = Moment(dt.datetime(2026, 11, 25, tzinfo=dt.UTC), UUID(int=7))
BODIES = [sample(name) for name in EXPECTED]


def test_thousands_of_spoilt_messages_are_each_read_or_refused_in_form():
    statuses = set()
    for body in garbled(BODIES, 4000):
        for from_team in (False, True):
            try:
                told = outcome.told(body, TEAM) if from_team else FORMS["bars"].read(body, SOURCES["strict-gp"])
                read(told.document)
            except Refused as refused:
                reply = FORMS["bars"].refused(body, refused, SOURCES["gp"], MOMENT)
                assert issue(reply.body)[1].startswith("REC_")
                statuses.add(reply.status)
    assert statuses == {"400", "422"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted({name for body in BODIES[:1] for entry in plain.loads(body)["entry"] for name in entry["resource"]})


@given(st.integers(0, 8), st.sampled_from(NAMES), values)
def test_any_value_in_any_place_is_read_or_refused(place: int, name: str, value: Any):
    bundle = plain.loads(sample("new-referral.json"))
    bundle["entry"][place]["resource"][name] = value
    with suppress(Refused):
        read(FORMS["bars"].read(plain.dumps(bundle).encode(), SOURCES["gp"]).document)


@given(values)
def test_the_quick_parse_reads_what_the_strict_one_reads(value: Any):
    """Where both read, they read the same; numbers of more than 19 digits alone are told otherwise."""
    body = plain.dumps({"a": value}).encode()
    try:
        strict = json.parse(body)
    except Refused:
        with pytest.raises(Refused):
            parse(body)
        return
    assert orjson.dumps(parse(body)[0]) == orjson.dumps(strict) or any(len(part) > 19 for part in body.split())


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"x":[{"status":"active","b":{"c":1,"c":1}}]}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":"\\":","a":1}',
        b'{"a":"x\\\\","a":":"}',
        b'{"a" :1,"a"\t: ":"}',
        b'{"a:b":":","a:b":"::"}',
    ],
)
def test_a_name_that_is_given_twice_is_never_read_as_the_last_of_the_two(body: bytes):
    with pytest.raises(Refused, match="duplicate-key"):
        parse(body)


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"entry":[' + b"{}," * 1_000_000 + b"{}]}",
            b'{"a":' + b"9" * 1_000_000 + b"}",
        ),
        *(b'{"a":1e999}', b'{"a":NaN}', b'{"a":"' + b"\xff" * 9 + b'"}', b'"' * 2_000_000, b" " * 16_000_000),
    ],
    ids=range(9),
)
@pytest.mark.timeout(10)
def test_what_would_cost_too_much_is_refused_before_it_does(body: bytes):
    with pytest.raises(Refused):
        FORMS["bars"].read(body, SOURCES["gp"])
