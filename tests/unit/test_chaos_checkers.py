"""Each checker of `make chaos` says nothing of a run in which all is well, and speaks where one thing is not."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest
from aiokafka import TopicPartition

from tests.chaos.seeded.checkers import CHECKERS, broken, each_event_is_published_once
from tests.chaos.seeded.poison import RECEIVED, Put
from tests.chaos.seeded.run import Story
from tests.chaos.seeded.senders import MARK, Yes
from tests.chaos.seeded.witness import GROUPS, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

REFERRAL, CAUSES, DECISIONS = "r-1", ("c-1", "c-2"), ("d-1", "d-2")
HUB: Final = "referrals.routed.front-door"
LETTERS: Final = f"{RECEIVED}.dlq.triage"


def _record(topic: str, partition: int, offset: int, value: Any, **headers: str) -> Any:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    named = [(name.replace("__", "-"), text.encode()) for name, text in headers.items()]
    return SimpleNamespace(
        topic=topic, partition=partition, offset=offset, key=REFERRAL.encode(), value=body, headers=named
    )


def _whole() -> tuple[Story, Seen]:
    """A referral that was taken, amended, decided twice and audited, and a poison record behind it."""
    story = Story(1, lambda _: None)
    story.done["kill"] += 1
    story.yeses = [Yes("received", REFERRAL, "m-1", {}), Yes("amended", REFERRAL, "m-2", {})]
    story.sent = [("m-1", "received"), (REFERRAL, "amended")]
    story.put = [Put("no JSON", RECEIVED, 1, 2, REFERRAL.encode(), b"{")]
    records = {
        RECEIVED: [
            *(_record(RECEIVED, 1, n, {"n": n}, ce_id=CAUSES[n], ce_sequence=str(n + 1)) for n in (0, 1)),
            _record(RECEIVED, 1, 2, b"{"),
        ],
        HUB: [
            _record(HUB, 1, n, {"cause_id": CAUSES[n], "decision_id": DECISIONS[n]}, ce_id=f"o-{n}", ce_sequence=str(n + 1))
            for n in (0, 1)
        ],
        LETTERS: [_record(LETTERS, 1, 0, b"{", dlq__original__partition="1", dlq__original__offset="2")],
    }  # fmt: skip
    ends = {TopicPartition(topic, 1): len(those) for topic, those in records.items()}
    decisions = [
        {"cause_id": CAUSES[n], "decision_id": DECISIONS[n], "referral_id": REFERRAL, "sequence": n + 1} for n in (0, 1)
    ]
    kinds = ("received", "amended")
    seen = Seen(
        records=records,
        receipts=[{"event_id": CAUSES[n], "referral_id": REFERRAL, "kind": kinds[n]} for n in (0, 1)],
        decisions=decisions,
        outputs=[],
        audited=[
            {"topic": r.topic, "partition": 1, "offset": r.offset, "key": r.key, "value": r.value, "gap_to": None}
            for those in records.values()
            for r in those
        ],
        ends=ends,
        committed={group: {TopicPartition(RECEIVED, 1): 3} for group in GROUPS},
    )
    return story, seen


SPOILT: Final[dict[str, Callable[[Story, Seen], Any]]] = {
    "every_yes_has_exactly_one_receipt": lambda _, seen: seen.receipts.pop(),
    "every_receipt_is_published": lambda _, seen: seen.receipts.append(
        {"event_id": "c-3", "referral_id": "r-2", "kind": "received"}
    ),
    "every_cause_has_exactly_one_decision": lambda _, seen: seen.decisions.pop(),
    "every_referral_lies_in_one_partition": lambda _, seen: vars(seen.records[HUB][1]).update(partition=2),
    "every_referral_is_in_order": lambda _, seen: seen.records[HUB][0].headers.insert(0, ("ce_sequence", b"9")),
    "every_record_is_audited": lambda _, seen: seen.audited.pop(0),
    "what_comes_out_and_is_parked_is_what_came_in": lambda _, seen: seen.records[LETTERS].clear(),
    "commits_never_go_back": lambda story, _: story.commits_back.append("triage went from 3 to 2"),
    "lag_is_zero": lambda _, seen: seen.committed["audit"].update({TopicPartition(RECEIVED, 1): 2}),
    "nothing_personal_is_logged": lambda story, _: story.logs.update(triage=f"taken: {MARK}"),
    "every_chain_stands": lambda story, _: setattr(story, "verified", "row 2 does not follow row 1"),
    "senders_were_answered_rightly": lambda story, _: story.wrong.append("answered 500"),
}


def test_of_a_run_in_which_all_is_well_nobody_says_anything():
    assert broken(*_whole()) == {}


@pytest.mark.parametrize("name", [check.__name__ for check in CHECKERS])
def test_a_checker_speaks_where_one_thing_is_not_well(name: str):
    story, seen = _whole()
    SPOILT[name](story, seen)
    assert name in broken(story, seen)


@pytest.mark.parametrize("topic", [RECEIVED, HUB])
def test_what_is_published_twice_is_broken_only_where_all_came_and_went_in_order(topic: str):
    story, seen = _whole()
    again = vars(seen.records[topic][1]) | {"offset": 7}
    seen.records[topic].append(SimpleNamespace(**again))
    assert broken(story, seen) == {}
    story.done.clear()
    assert each_event_is_published_once.__name__ in broken(story, seen)


def test_decisions_out_of_order_are_seen_in_their_own_partition():
    story, seen = _whole()
    one, two = seen.records[HUB]
    one.offset, two.offset = 1, 0
    assert "every_referral_is_in_order" in broken(story, seen)
