"""What `make chaos` does is drawn from its seed, its senders read every yes, and its page tells only of sound runs."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.intake.sources.bars import answers
from services.intake.sources.forms import repeated
from tests.chaos.seeded.page import page_of
from tests.chaos.seeded.schedule import SHARES, schedule
from tests.chaos.seeded.standards import by_bars

RUN: dict[str, Any] = {
    "commit": "abc1234",
    "brokers": 1,
    "seed": 7,
    "seconds": 600,
    "faults": 12,
    "by_kind": {"kill": 12, "poison": 3},
    "unseen": {"scale": 1},
    "ended": [],
    "yeses": 100,
    "broken": {},
}
PLANTED: dict[str, Any] = {
    "planted": "dedupe off",
    "service": "intake",
    "by": "senders_were_answered_rightly",
    "right": True,
}


def test_a_seed_draws_the_same_faults_again_and_every_kind_of_them():
    drawn = list(islice(schedule(7), 500))
    assert drawn == list(islice(schedule(7), 500))
    assert {fault.kind for fault in drawn} == set(SHARES)


def test_what_is_seen_by_a_group_has_both_of_its_instances_to_itself():
    kinds = {fault.kind: len(fault.touches) for fault in islice(schedule(7), 500)}
    assert {kind for kind, count in kinds.items() if count == 2} == {"freeze", "roll", "scale"}


def test_the_page_counts_poison_apart():
    page = page_of([RUN, PLANTED])
    assert "| **all** | **12** | **0** |" in page
    assert "nor do\n3 records of poison" in page
    assert "| dedupe off | intake | senders were answered rightly |" in page


@pytest.mark.parametrize("unsound", [RUN | {"broken": {"lag_is_zero": ["1 in all"]}}, PLANTED | {"right": False}])
def test_a_run_that_broke_an_invariant_and_a_fault_that_was_not_caught_have_no_place_there(unsound: dict[str, Any]):
    with pytest.raises(AssertionError):
        page_of([RUN, unsound])


async def test_a_gp_system_whose_answer_was_lost_reads_from_the_duplicate_what_its_message_became():
    became = str(uuid4())
    refused = repeated(json.dumps({"referral_id": became}).encode())
    body = json.dumps(answers.outcome(refused, uuid4())).encode()
    answer = httpx.MockTransport(lambda _: httpx.Response(answers.status_of(refused), content=body))
    async with httpx.AsyncClient(transport=answer) as client:
        assert await by_bars(client, "http://intake", str(uuid4()), "Example") == became
