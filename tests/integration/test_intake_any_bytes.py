"""Any bytes to the HTTP edge get an answer with its reason."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.contract.fields import CONTRACT
from shared.impatient import Impatient
from tests.intake import Desk, a_body, intake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stack import Database, Stack

VALID = orjson.dumps(a_body(message_id="m1", risk={"suicidal": "none"}, presentation={"phq9": 12}))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
sections = st.dictionaries(st.sampled_from(sorted(CONTRACT)), anything)
spoilt = st.builds(
    lambda place, cut, put: VALID[:place] + put + VALID[place + cut :],
    st.integers(0, len(VALID)),
    st.integers(0, 9),
    st.binary(max_size=6),
)
lone = st.sampled_from(
    [b'{"person":{"name":"\\ud800","born":"\\u0000"},"reason":{"text":"\\udfff\\u0000"}}', b"\xef\xbb\xbf{}"]
)


def as_json(document: Any) -> bytes:
    """JSON as Python writes it, NaN included."""
    return json.dumps(document).encode()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with intake(database, tmp_path) as open_desk:
        yield open_desk


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=60)
    | spoilt
    | lone
    | anything.map(as_json)
    | sections.map(lambda noise: as_json(a_body() | noise))
    | sections.map(as_json)
)
async def test_any_bytes_get_an_answer_with_its_reason(desk: Desk, body: bytes):
    answer = await desk.post("/referrals", body, "fast")
    told = answer.json()
    if answer.status_code == 202:
        assert set(told) >= {"referral_id", "status_url", "emergency", "warnings"}
    else:
        assert answer.status_code in {400, 409, 422}
        assert answer.headers["content-type"] == "application/problem+json"
        assert told["code"] and told["detail"] and told["errors"]


async def exchange(stack: Stack, sent: bytes) -> bytes:
    """What a raw connection is answered until it is closed (or says nothing more)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.ports["intake"])
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 14)
    finally:
        writer.close()


HEAD = b"POST /referrals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-key-of-gp\r\n"


async def test_bytes_that_are_no_http_and_slow_senders_get_their_reason_too(stack: Stack):
    stack.start("intake", body_timeout=1)
    assert b'"code":"unreadable"' in await exchange(stack, b"\x16\x03\x01 hello\r\n\r\n")
    slow = await exchange(stack, HEAD + b"Content-Length: 9\r\n\r\n{")
    assert slow.startswith(b"HTTP/1.1 408")
    assert b'"code":"too-slow"' in slow
    large = await exchange(stack, HEAD + b"Content-Length: 99999999\r\n\r\n{")
    assert large.startswith(b"HTTP/1.1 413")
    assert (await exchange(stack, HEAD + b"X: " + b"x" * 40_000)).startswith(b"HTTP/1.1 431")


async def test_a_head_that_does_not_come_is_not_waited_for(stack: Stack):
    assert Impatient.head_timeout <= 10
    stack.start("intake")
    answer = await asyncio.wait_for(exchange(stack, b"POST /referrals HT"), 15)
    assert answer.startswith(b"HTTP/1.1 408")
