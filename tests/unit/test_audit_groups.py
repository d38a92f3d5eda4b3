"""What audit shows Prometheus of the groups: the same as `frontdoor lag` says, and nothing of what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import REGISTRY

from services.audit.groups import forget, show
from shared.lagging.looks import Look, Member, Position, Waiting
from shared.lagging.verdict import Looks

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "referrals.received"


def a_look(at: float, positions: Mapping[int, Position]) -> Look:
    places = {(TOPIC, partition): position for partition, position in positions.items()}
    return Look(at, "Stable", (Member("triage-1", frozenset(places)),), places)


def figure(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"group": "triage", **labels})


def of_partition(name: str, partition: int) -> float | None:
    return figure(name, topic=TOPIC, partition=str(partition))


def test_each_partition_has_its_records_and_its_time_and_what_is_unknown_has_none():
    positions = {
        0: Position(5, 0, 5),
        1: Position(5, 0, 9, Waiting(970.0, None)),
        2: Position(None, 0, 4),
        3: Position(7, 0, 9),
    }
    look = a_look(1000.0, positions)
    show({"triage": (look, Looks().add(look))})
    records = [of_partition("frontdoor_group_lag_records", partition) for partition in range(4)]
    seconds = [of_partition("frontdoor_group_lag_seconds", partition) for partition in range(4)]
    assert (records, seconds) == ([0, 4, None, 2], [0, 30, None, None])
    assert figure("frontdoor_group_unknown_partitions", topic=TOPIC) == 1
    assert figure("frontdoor_group_members") == 1


def test_trend_and_time_to_drain_are_shown_once_two_looks_tell_them_and_never_where_it_does_not_drain():
    looks = Looks()
    shown = []
    for at, waiting in ((0.0, 40), (10.0, 30), (20.0, 50)):
        look = a_look(1000.0 + at, {0: Position(100 - waiting, 0, 100, Waiting(990.0, None))})
        show({"triage": (look, looks.add(look))})
        shown.append((figure("frontdoor_group_trend"), figure("frontdoor_group_drain_seconds")))
    assert shown == [(None, None), (-1, 30), (1, None)]
    forget()
    assert figure("frontdoor_group_trend") is None
