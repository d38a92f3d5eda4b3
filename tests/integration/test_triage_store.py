"""What triage stores, without Kafka."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import asyncpg

from services.triage.store import Arrival, Store
from shared.cloudevents import header
from tests.builders import MONDAY_10AM, Person
from tests.deciding import LAMBETH, small_rules

if TYPE_CHECKING:
    from tests.stack import Database


async def test_what_was_decided_and_never_published_is_published_in_the_order_of_each_referral(database: Database):
    arrivals = []
    for number in range(20):
        person = Person(f"person {number}")
        causes = person.received(), person.amended(reason={"code": "01"}), person.cancelled()
        arrivals += [Arrival(cause, "referrals.received", 0, 3 * number + place) for place, cause in enumerate(causes)]
    by_index = {"enable_seqscan": "off", "enable_bitmapscan": "off"}  # as PostgreSQL reads a table that has grown
    async with asyncpg.create_pool(database.dsn("frontdoor_triage"), server_settings=by_index) as pool:
        store = Store(pool, {"lambeth": LAMBETH}, "lambeth")
        first, _ = await store.decide(arrivals, {"lambeth": small_rules()}, MONDAY_10AM)
        again, decided = await store.decide(arrivals, {"lambeth": small_rules()}, MONDAY_10AM)
    assert (decided, set(again.event_ids)) == ([], set(first.event_ids))
    sequences: dict[bytes | None, list[int]] = defaultdict(list)
    for record in again.records:
        sequences[record.key].append(int(header(record.headers, "ce_sequence") or 0))
    assert all(numbers == sorted(numbers) for numbers in sequences.values())
