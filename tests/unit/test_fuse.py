"""The fuse: most of the newest records being poison stops the group, before any of them is parked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Bug
from shared.fuse import Fuse, FuseSettings
from tests.builders import ARecord


def a_fuse(window: int = 10, share: float = 0.5) -> Fuse:
    return Fuse(FuseSettings(postgres_dsn="", fuse_window=window, fuse_share=share))


def records(first: int, last: int) -> list[ARecord]:
    return [ARecord(offset=offset) for offset in range(first, last)]


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 7))
def test_it_goes_once_more_than_its_share_of_the_newest_is_poison_however_they_come(poison: list[bool], size: int):
    fuse, came = a_fuse(), records(0, len(poison))
    for start in range(0, len(poison), size):
        batch = came[start : start + size]
        newest = poison[: start + len(batch)][-10:]
        spoilt = [record for record in batch if poison[record.offset]]
        if len(newest) == 10 and sum(newest) > 5:
            with pytest.raises(Bug, match=f"{sum(newest)} of the newest 10 records cannot be read"):
                fuse.check(batch, spoilt)
            return
        fuse.check(batch, spoilt)


def test_a_batch_that_is_tried_again_counts_once_and_goes_again():
    fuse = a_fuse()
    few = records(0, 9)
    for _ in range(5):
        fuse.check(few, few)
    many = records(9, 30)
    for _ in range(2):
        with pytest.raises(Bug):
            fuse.check(many, many[-6:])


def places(of: list[ARecord]) -> list[tuple[str, int, int]]:
    return [(record.topic, record.partition, record.offset) for record in of]


def test_what_was_parked_before_a_restart_counts_after_it():
    fuse, came = a_fuse(), records(0, 20)
    fuse.remember([*[None] * 5, *places(came[:5])])
    with pytest.raises(Bug, match="6 of the newest 10 records cannot be read"):
        fuse.check(came[5:6], came[5:6])


def test_what_is_read_again_after_a_restart_counts_once():
    fuse, came = a_fuse(), records(0, 20)
    fuse.remember([*[None] * 5, *places(came[:5])])
    fuse.check(came[:5], came[:5])
    fuse.check(came[5:9], [])


def test_what_was_parked_with_a_share_of_one_stops_nobody_later():
    fuse, came = a_fuse(), records(0, 20)
    fuse.remember([*places(came[:9]), None])
    fuse.check(came[9:13], came[9:13])


def test_few_before_a_restart_are_no_reason_to_stop():
    fuse, came = a_fuse(), records(0, 20)
    fuse.remember(places(came[:3]))
    fuse.check(came[3:9], came[3:9])


def test_a_share_of_one_never_goes():
    fuse, all_poison = a_fuse(share=1), records(0, 50)
    fuse.check(all_poison, all_poison)
