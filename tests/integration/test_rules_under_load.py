"""A rules change while referrals come in: no decision fails, and each is by exactly one version."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.changing import change_under_load

if TYPE_CHECKING:
    from tests.stack import Stack


async def test_each_referral_is_decided_once_and_by_one_version_and_none_by_the_old_after_the_new(stack: Stack):
    stack.start("triage", rules_poll=0.2)
    decided = await change_under_load(stack, rate=500, seconds=6)
    assert '"level": "error"' not in stack.logs("triage")
    assert len(decided) == 3000
    in_order: defaultdict[int, list[str]] = defaultdict(list)
    for one in sorted(decided, key=lambda one: one.offset):
        in_order[one.partition].append(one.version)
    assert len({one.version for one in decided}) == 2, "the change came while referrals did"
    assert all(versions == sorted(versions) for versions in in_order.values())
