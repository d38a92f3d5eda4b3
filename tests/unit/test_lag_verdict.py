"""Verdicts on a group's lag: what each means, that unknown is not zero, and that nothing is ever negative."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lagging.looks import Look, Member, Place, Position, Waiting
from shared.lagging.verdict import HEALTHY, Looks, Trend, Verdict, judge
from shared.lagging.words import span

P0, P1 = ("referrals.received", 0), ("referrals.received", 1)
NOON = 1_795_435_200.0
ONE = (Member("triage-1", frozenset((P0, P1))),)
GONE: tuple[Member, ...] = ()

offsets = st.integers(0, 30)
positions = st.builds(
    lambda committed, start, more, age: Position(
        committed, start, start + more, None if age is None else Waiting(NOON - age, None)
    ),
    st.none() | offsets,
    offsets,
    offsets,
    st.none() | st.integers(-60, 60),
)
places = st.dictionaries(st.sampled_from([P0, P1]), positions)
looks = st.lists(
    st.builds(Look, st.just(NOON), st.sampled_from(["Stable", "Empty"]), st.sampled_from([ONE, GONE]), places),
    min_size=1,
    max_size=4,
).map(lambda seen: [look._replace(at=NOON + 5 * step) for step, look in enumerate(seen)])


def at(committed: int | None, end: int, start: int = 0, waits_since: float | None = None) -> Position:
    return Position(committed, start, end, None if waits_since is None else Waiting(waits_since, None))


def look(after: float = 0, members: tuple[Member, ...] = ONE, **of: Position) -> Look:
    named: dict[str, Place] = {"p0": P0, "p1": P1}
    state = "Stable" if members else "Empty"
    return Look(NOON + after, state, members, {named[name]: position for name, position in of.items()})


def verdicts(*seen: Look) -> list[Verdict]:
    remembered = Looks()
    for each in seen[:-1]:
        remembered.add(each)
    return [finding.verdict for finding in remembered.add(seen[-1]).findings]


def why(*seen: Look) -> str:
    return " / ".join(finding.why for finding in judge(seen, {}).findings)


def test_a_group_without_anything_to_do_is_ok():
    assert verdicts(look(p0=at(4, 4)), look(2, p0=at(4, 4))) == [Verdict.OK]


def test_a_group_that_has_done_all_that_was_there_is_ok_though_more_came():
    assert verdicts(look(p0=at(4, 9)), look(2, p0=at(9, 12))) == [Verdict.OK]


def test_a_group_that_has_done_some_of_what_was_there_is_behind():
    assert verdicts(look(p0=at(4, 9)), look(2, p0=at(8, 12))) == [Verdict.BEHIND]


def test_a_group_with_a_member_that_commits_nothing_while_a_record_waits_is_stalled():
    assert verdicts(look(p0=at(4, 9)), look(2, p0=at(4, 9))) == [Verdict.STALLED]


def test_one_partition_that_stands_still_is_enough():
    first, last = look(p0=at(4, 9), p1=at(0, 9)), look(2, p0=at(9, 9), p1=at(0, 9))
    assert verdicts(first, last) == [Verdict.STALLED]
    assert "referrals.received/1" in why(first, last)


def test_whose_partition_stands_still_is_said_and_that_its_member_may_be_gone():
    first, last = look(p0=at(4, 9)), look(2, p0=at(4, 9))
    assert "that partition is triage-1; Kafka lists a static member that is gone until" in why(first, last)


def test_a_record_that_came_since_the_first_look_stalls_nobody():
    assert verdicts(look(p0=at(4, 4)), look(2, p0=at(4, 9))) == [Verdict.OK]


def test_a_group_whose_member_has_only_come_is_behind_and_not_stalled():
    assert verdicts(look(0, GONE, p0=at(4, 9)), look(2, ONE, p0=at(4, 9))) == [Verdict.BEHIND]


def test_nothing_stands_still_at_the_first_look():
    assert verdicts(look(p0=at(4, 9))) == [Verdict.BEHIND]


def test_a_group_without_members_is_stopped_whether_anything_waits_or_not():
    assert verdicts(look(0, GONE, p0=at(4, 4))) == [Verdict.STOPPED]
    assert verdicts(look(0, GONE, p0=at(4, 9)), look(2, GONE, p0=at(4, 9))) == [Verdict.STOPPED]
    assert why(look(0, GONE, p0=at(4, 9))) == "the group has no member, 5 records wait"


def test_a_commit_that_goes_back_is_rewound_until_it_has_come_there_again():
    back = [look(p0=at(9, 9)), look(5, p0=at(3, 9)), look(10, p0=at(7, 9))]
    assert verdicts(*back[:2])[0] is Verdict.REWOUND
    assert verdicts(*back)[0] is Verdict.REWOUND
    assert verdicts(*back, look(15, p0=at(9, 9))) == [Verdict.OK]


def test_a_commit_that_is_gone_is_rewound_to_the_start():
    seen = judge([look(p0=at(9, 9)), look(5, p0=at(None, 9))], {P0: 9})
    assert seen.findings[0] == (
        Verdict.REWOUND,
        "the commit of referrals.received/0 is gone from 9: 9 records to be read again",
    )


def test_a_rewind_is_remembered_for_longer_than_the_looks():
    seen = [look(p0=at(9, 9)), *(look(5 * step, p0=at(3, 9)) for step in range(1, 20))]
    assert verdicts(*seen)[0] is Verdict.REWOUND


def test_records_that_went_before_they_were_done_are_lost_data_and_not_lag():
    judged = judge([look(p0=at(4, 40, start=30))], {})
    assert judged.verdict is Verdict.DATA_LOST
    assert (
        "26 records went before this group had done them: referrals.received/0 begins at 30, the commit is 4"
        in judged.findings[0].why
    )
    assert judged.records == 10


def test_a_partition_that_ends_before_its_commit_has_lost_data():
    judged = judge([look(p0=at(9, 4))], {})
    assert (judged.verdict, judged.records) == (Verdict.DATA_LOST, 0)
    assert "ends at 4, before the commit 9" in judged.findings[0].why


def test_what_no_restart_mends_is_said_first_and_the_rest_after_it():
    first, last = look(0, GONE, p0=at(20, 40)), look(5, GONE, p0=at(4, 40, start=30))
    assert verdicts(first, last) == [Verdict.DATA_LOST, Verdict.REWOUND, Verdict.STOPPED]


def test_what_was_never_committed_is_unknown_and_not_zero():
    judged = judge([look(p0=at(None, 9, waits_since=NOON - 60), p1=at(4, 4))], {})
    assert (judged.records, judged.unknown, judged.seconds) == (0, 1, None)
    assert at(None, 9).records is None


def test_a_group_that_never_committed_anything_while_records_wait_is_stalled():
    seen = look(p0=at(None, 9)), look(2, p0=at(None, 9))
    assert verdicts(*seen) == [Verdict.STALLED]
    assert "9 in partitions without a commit" in why(*seen)


def test_a_partition_that_never_held_a_record_disturbs_nobody():
    assert verdicts(look(p0=at(None, 0)), look(2, p0=at(None, 0))) == [Verdict.OK]


def test_time_lag_is_the_age_of_the_oldest_record_at_a_commit():
    judged = judge([look(p0=at(4, 9, waits_since=NOON - 60), p1=at(4, 9, waits_since=NOON - 90))], {})
    assert (judged.seconds, judged.oldest) == (90, P1)


def test_a_record_whose_writers_clock_is_ahead_is_of_no_age():
    assert judge([look(p0=at(4, 9, waits_since=NOON + 3))], {}).seconds == 0


@pytest.mark.parametrize(
    ("committed", "trend", "drain"),
    [(6, Trend.SHRINKING, 2 * 14 / 2), (4, Trend.STEADY, None), (2, Trend.GROWING, None), (20, Trend.SHRINKING, 0)],
)
def test_the_trend_and_when_nothing_would_wait_follow_from_two_looks(
    committed: int, trend: Trend, drain: float | None
) -> None:
    judged = judge([look(p0=at(4, 20)), look(2, p0=at(committed, 20))], {})
    assert (judged.trend, judged.drain_seconds) == (trend, drain)


def test_one_look_has_no_trend():
    assert (judge([look(p0=at(4, 9))], {}).trend, judge([look(p0=at(4, 9))], {}).drain_seconds) == (None, None)


@given(looks)
def test_nothing_is_ever_negative(seen: list[Look]) -> None:
    remembered = Looks()
    for each in seen:
        judged = remembered.add(each)
        assert judged.records >= 0
        assert judged.unknown >= 0
        assert judged.seconds is None or judged.seconds >= 0
        assert judged.drain_seconds is None or judged.drain_seconds >= 0
        assert all(position.records is None or position.records >= 0 for position in each.positions.values())


@given(looks)
def test_zero_is_said_only_where_it_is_known(seen: list[Look]) -> None:
    judged = judge(seen, {})
    waiting = seen[-1].waiting.values()
    if judged.seconds == 0 and not any(position.first for position in waiting):
        assert not waiting
    if judged.records == 0 and not judged.unknown:
        assert not waiting


@given(looks)
def test_every_verdict_says_why_and_ok_stands_alone(seen: list[Look]) -> None:
    judged = judge(seen, {})
    said = [finding.verdict for finding in judged.findings]
    assert all(finding.why for finding in judged.findings)
    assert judged.verdict is min(said, key=list(Verdict).index)
    assert (Verdict.OK in said) <= (said == [Verdict.OK])


@given(looks)
def test_a_group_without_a_member_never_works(seen: list[Look]) -> None:
    assert judge([*seen, seen[-1]._replace(members=())], {}).verdict not in HEALTHY


@given(looks)
def test_whoever_has_committed_since_in_every_partition_is_not_stalled(seen: list[Look]) -> None:
    moved = {place: p._replace(committed=(p.committed or 0) + 1) for place, p in seen[0].positions.items()}
    judged = judge([seen[0], seen[0]._replace(positions=moved, at=NOON + 5)], {})
    assert Verdict.STALLED not in [finding.verdict for finding in judged.findings]


@pytest.mark.parametrize("wanted", list(Verdict))
def test_every_verdict_can_be_reached(wanted: Verdict) -> None:
    reached = {
        Verdict.OK: [look(p0=at(4, 4))],
        Verdict.BEHIND: [look(p0=at(4, 9))],
        Verdict.STALLED: [look(p0=at(4, 9)), look(2, p0=at(4, 9))],
        Verdict.STOPPED: [look(0, GONE)],
        Verdict.REWOUND: [look(p0=at(9, 9)), look(2, p0=at(4, 9))],
        Verdict.DATA_LOST: [look(p0=at(4, 9, start=5))],
        Verdict.AT_RISK: [look(p0=Position(4, 0, 9, Waiting(NOON - 8, None), kept=14))],
    }
    assert verdicts(*reached[wanted])[0] is wanted


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.9, "9.9 s"), (12.4, "12 s"), (59.6, "1 min"), (185, "3 min"), (3600, "1 h"), (7500, "2 h 5 min"), (400_000, "5 days")],
)  # fmt: skip
def test_a_time_is_said_to_the_unit_that_matters(seconds: float, words: str) -> None:
    assert span(seconds) == words
