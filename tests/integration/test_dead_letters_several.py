"""Several records of one referral that cannot be read: the hub has the person until the last of them is worked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.cloudevents import header
from shared.codes import DecisionKind, HoldReason
from tests.builders import Person
from tests.dead_letters import WHO, listed, parked, said, standing
from tests.feeding import as_record

if TYPE_CHECKING:
    from pathlib import Path

    from shared.kafka import Record
    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(180)]


def somebody() -> Person:
    return Person(f"ada {uuid4()}")


def written(folder: Path, value: bytes | None) -> Path:
    file = folder / "value.json"
    file.write_bytes(value or b"")
    return file


async def parked_in_order(stack: Stack, *records: Record) -> list[str]:
    """The ids of the dead letters of these records, whose values are spoilt."""
    rows = await parked(stack, *(record._replace(value=b"{") for record in records))
    mine = {row["event_id"]: row["id"] for row in rows}
    return [mine[header(record.headers, "ce_id")] for record in records]


async def test_of_several_parked_records_of_one_referral_only_the_last_that_is_worked_ends_its_hold(
    shared_stack: Stack, tmp_path: Path
) -> None:
    ada = somebody()
    records = [as_record(shared_stack, cause) for cause in (ada.received(), ada.amended(), ada.amended())]
    for letter, record in zip(await parked_in_order(shared_stack, *records), records, strict=True):
        held = await standing(shared_stack, ada.referral_id)
        assert (held.kind, held.hold_reason, held.destination) == (DecisionKind.HOLD, HoldReason.PARKED, "hub")
        await said(shared_stack, "edit", letter, "--value", written(tmp_path, record.value), *WHO)
    last = await standing(shared_stack, ada.referral_id)
    assert (last.kind, last.destination) == (DecisionKind.ROUTE, "talking-therapies-step-2")


async def test_where_the_last_parked_record_of_a_referral_is_discarded_it_stays_with_the_hub(
    shared_stack: Stack, tmp_path: Path
) -> None:
    ada = somebody()
    records = as_record(shared_stack, ada.received()), as_record(shared_stack, ada.amended())
    one, other = await parked_in_order(shared_stack, *records)
    await said(shared_stack, "edit", one, "--value", written(tmp_path, records[0].value), *WHO)
    await said(shared_stack, "discard", other, *WHO)
    last = await standing(shared_stack, ada.referral_id)
    assert (last.hold_reason, last.destination, last.proposed) == (HoldReason.PARKED, "hub", "talking-therapies-step-2")


async def test_nothing_is_discarded_whose_referral_is_not_held_any_more(shared_stack: Stack, tmp_path: Path) -> None:
    """Who is in danger goes to the crisis team at once, though another record cannot be read yet."""
    ada = somebody()
    first = as_record(shared_stack, ada.received(risk={"suicidal": "plan"}))
    one, other = await parked_in_order(shared_stack, first, as_record(shared_stack, ada.amended()))
    await said(shared_stack, "edit", one, "--value", written(tmp_path, first.value), *WHO)
    assert (await standing(shared_stack, ada.referral_id)).destination == "crisis-outreach"
    refused = await said(shared_stack, "discard", other, *WHO, code=1)
    assert "not held any more" in refused["refused"][0]["why"]
    (still,) = [row for row in await listed(shared_stack, "--referral", ada.referral_id) if row["id"] == other]
    assert still["state"] == "waiting"
