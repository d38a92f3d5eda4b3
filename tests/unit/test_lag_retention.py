"""What waits is told of before Kafka deletes it: half of the time for which it keeps a record is left to act in."""

from __future__ import annotations

import pytest

from shared.lagging.looks import Position, Waiting
from shared.lagging.verdict import HEALTHY, Verdict
from tests.unit.test_lag_verdict import GONE, NOON, at, look, verdicts, why


def kept(days: float, since_days: float, committed: int | None = 4) -> Position:
    return Position(committed, 0, 9, Waiting(NOON - since_days * 86_400, None), days * 86_400)


def test_what_is_older_than_half_of_the_time_that_kafka_keeps_it_is_at_risk_whatever_else_is_so():
    assert verdicts(look(members=GONE, p0=kept(14, 8))) == [Verdict.AT_RISK, Verdict.STOPPED]
    assert verdicts(look(p0=kept(14, 8)), look(2, p0=kept(14, 8))) == [Verdict.AT_RISK, Verdict.STALLED]
    assert Verdict.AT_RISK not in HEALTHY


def test_at_risk_says_which_and_in_how_long_it_is_deleted():
    said = why(look(members=GONE, p0=kept(14, 8), p1=kept(14, 10)))
    assert "the oldest record that waits in referrals.received/1 (and 1 more) is 10 days old" in said
    assert "Kafka keeps records for 14 days: in 4 days it is deleted" in said
    assert "from now on it is deleted" in why(look(members=GONE, p0=kept(14, 15)))


@pytest.mark.parametrize(
    "position",
    [
        kept(14, 6),
        Position(9, 0, 9, None, 86_400.0),
        at(4, 9, waits_since=NOON - 86_400 * 99),
        kept(14, 8)._replace(first=None),
    ],
    ids=["half of it is left", "nothing waits", "kept for ever, or not known", "its time is not known"],
)
def test_unless_it_is_known_that_it_goes_soon_nothing_is_said_of_it(position: Position):
    assert Verdict.AT_RISK not in verdicts(look(members=GONE, p0=position))


def test_a_group_that_never_committed_is_at_risk_too():
    assert Verdict.AT_RISK in verdicts(look(members=GONE, p0=kept(14, 8, committed=None)))
