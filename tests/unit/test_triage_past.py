"""A rollback goes back to what stood before, and never to what was left or has not stood."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.past import Event, brought_back
from shared.errors import Usage

NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


def past(versions: str, waiting: str = "") -> list[Event]:
    """An activation for each letter, the last of them in force; those of `waiting` have not come into force."""
    return [
        Event(n, "lambeth", NOW, "activated", v, f"hash of {v}", "x", "y", None, NOW, None, v not in waiting, n == last, None, None)
        for last in [max((n for n, v in enumerate(versions) if v not in waiting), default=None)]
        for n, v in enumerate(versions)
    ]  # fmt: skip


def back(versions: str, to: str | None = None, waiting: str = "") -> str | None:
    return brought_back(past(versions, waiting), to).version


@pytest.mark.parametrize(
    ("versions", "waiting", "version"),
    [("ab", "", "a"), ("abc", "", "b"), ("abcb", "", "a"), ("abac", "", "a"), ("abw", "w", "a"), ("awb", "w", "a")],
)
def test_it_goes_to_what_stood_before_the_present_set_first_did(versions: str, waiting: str, version: str) -> None:
    assert back(versions, waiting=waiting) == version


@given(st.text("abcdef", min_size=1, max_size=12))
def test_one_after_another_they_reach_the_first_and_never_what_one_of_them_left(versions: str) -> None:
    left = []
    while versions[0] != versions[-1]:
        left.append(versions[-1])
        versions += back(versions) or ""
        assert versions[-1] not in left
    with pytest.raises(Usage, match="was the first in force"):
        back(versions)


@pytest.mark.parametrize(
    ("to", "says"),
    [("c", "c is in force"), ("w", "w was never in force in lambeth"), ("z", "what was: a, b")],
)
def test_a_version_named_must_have_stood_and_be_another(to: str, says: str) -> None:
    assert back("abwc", "a", "w") == "a"
    with pytest.raises(Usage, match=says):
        back("abwc", to, "w")


def test_where_nothing_is_in_force_nothing_is_rolled_back() -> None:
    with pytest.raises(Usage, match="no rule set is in force"):
        back("w", waiting="w")
