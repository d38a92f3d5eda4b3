"""Each difference, and each stage of waiting for an answer, is told once when it comes and once when it is over."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.frontdoor.watch.differences import Difference, Key, Kind
from services.frontdoor.watch.following import Answers, Noted, Stage, Waiting, follow, stage
from shared.codes import Urgency
from tests.accounts import MINUTE, NOW, an_id

HOUR = 60 * MINUTE


def a_difference(name: int, urgency: Urgency | None = Urgency.URGENT) -> Difference:
    return Difference(Kind.NOT_DECIDED, an_id(name), an_id(name), an_id("ada"), NOW, urgency=urgency)


@given(st.lists(st.sets(st.integers(0, 3)), max_size=40), st.integers(1, 30))
def test_each_is_told_once_when_it_lasts_once_when_it_is_overdue_and_once_when_it_is_gone(
    looks: list[set[int]], minutes: int
) -> None:
    noted: dict[Key, Noted] = {}
    said: Counter[tuple[str, Key]] = Counter()
    spans: Counter[Key] = Counter()  # of two looks or more, one after the other
    length: Counter[int] = Counter()
    for number, names in enumerate([*looks, set()]):
        now = NOW + number * minutes * MINUTE
        found = [a_difference(name) for name in names]
        noted, news = follow(noted, found, now)
        for what, differences in vars(news).items():
            said.update((what, each.key) for each in differences)
        length = Counter({name: length[name] + 1 for name in names})
        spans.update(a_difference(name).key for name in names if length[name] == 2)
        assert {each.key for each in news.overdue} <= {each.key for each in found if each.is_overdue(now)}
    for key, count in spans.items():
        assert said["came", key] == said["cleared", key] == count
        assert said["overdue", key] <= count
    assert {key for _, key in said} <= set(spans)


def test_one_look_alone_tells_nothing() -> None:
    noted, news = follow({}, [a_difference(1, None)], NOW + HOUR)
    assert not (news.came or news.overdue)
    assert follow(noted, [], NOW + HOUR)[1].cleared == []


def test_what_is_overdue_already_when_it_is_first_seen_is_told_as_both() -> None:
    noted, _ = follow({}, [a_difference(1)], NOW + HOUR)
    _, news = follow(noted, [a_difference(1)], NOW + HOUR)
    assert [each.id for each in news.came] == [each.id for each in news.overdue] == [an_id(1)]


def test_an_urgency_that_goes_down_and_up_again_is_no_second_alarm() -> None:
    noted: dict[Key, Noted] = {}
    alarms = []
    for urgency in (Urgency.URGENT, Urgency.URGENT, Urgency.ROUTINE, Urgency.URGENT):
        noted, news = follow(noted, [a_difference(1, urgency)], NOW + HOUR)
        alarms.append(len(news.overdue))
    assert alarms == [0, 1, 0, 0]


def waiting(status: str | None = "routed", hours: float = 4, **more: Any) -> Waiting:
    due = NOW + hours * HOUR
    return Waiting(an_id("ada"), an_id("decision"), status, "north-team", "4", "lambeth", NOW, due, False)._replace(
        **more
    )


@given(st.floats(0, 10), st.floats(0.1, 10))
def test_half_is_half_and_over_is_over(passed: float, hours: float) -> None:
    at = stage(waiting(hours=hours), NOW + passed * HOUR)
    assert at is (
        Stage.OVER
        if passed * HOUR >= hours * HOUR
        else Stage.HALF
        if 2 * (passed * HOUR) >= hours * HOUR
        else Stage.WITHIN
    )


def test_what_is_due_at_once_is_over_at_once() -> None:
    assert stage(waiting(hours=0), NOW) is Stage.OVER


def test_a_decision_that_cannot_be_read_waits_for_somebody_to_look() -> None:
    answers = Answers()
    answers.learn([waiting(status=None, due_at=None)])
    assert [at for _, at in answers.news(answers.stages(NOW))] == [Stage.OVER]


def test_each_stage_is_told_once_and_the_answer_clears_it() -> None:
    answers = Answers()
    answers.learn([waiting()])
    told = [[at for _, at in answers.news(answers.stages(NOW + hours * HOUR))] for hours in (0, 1, 2, 3, 4, 5)]
    assert told == [[], [], [Stage.HALF], [], [Stage.OVER], []]
    assert answers.learn([waiting("accepted")])[0].referral_id == an_id("ada")
    assert answers.learn([waiting("accepted")]) == []
    assert answers.news(answers.stages(NOW + 9 * HOUR)) == []


def test_an_answer_in_time_tells_nothing() -> None:
    answers = Answers()
    answers.learn([waiting()])
    answers.news(answers.stages(NOW + HOUR))
    assert answers.learn([waiting("closed")]) == []


def test_news_about_it_gives_nobody_more_time() -> None:
    answers = Answers()
    answers.learn([waiting()])
    answers.learn([waiting(decided_at=NOW + 1.9 * HOUR)])
    assert [at for _, at in answers.news(answers.stages(NOW + 2 * HOUR))] == [Stage.HALF]


def test_sent_to_somebody_else_its_time_begins_anew_and_what_was_told_is_cleared() -> None:
    answers = Answers()
    answers.learn([waiting("held", destination="hub")])
    assert [at for _, at in answers.news(answers.stages(NOW + 5 * HOUR))] == [Stage.OVER]
    moved = waiting(decided_at=NOW + 5 * HOUR, due_at=NOW + 9 * HOUR)
    assert [each.destination for each in answers.learn([moved])] == ["hub"]
    assert [at for _, at in answers.news(answers.stages(NOW + 7 * HOUR))] == [Stage.HALF]
