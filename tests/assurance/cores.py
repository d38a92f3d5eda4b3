"""Trials on all cores: each process reads the rule file once."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from rich.progress import track

from tests.assurance.trial import Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.assurance.trial import Both, Tried

AT_ONCE: Final = 10  # mutants that a process is given
_trials: list[Trials] = []  # one for each process


def begin(text: bytes) -> None:
    """Reads the rule file, once a process."""
    _trials.append(Trials(text))


def short(numbers: list[int]) -> list[Tried]:
    """The short way of some mutants."""
    return [_trials[0].short(number) for number in numbers]


def both(numbers: list[int]) -> list[Both]:
    """Both ways of some mutants."""
    return [_trials[0].both(number) for number in numbers]


def on_all_cores(text: bytes, work: Callable[[list[int]], list[Any]], numbers: list[int], what: str) -> list[Any]:
    """What comes of the numbers, in their order."""
    parts = [numbers[place : place + AT_ONCE] for place in range(0, len(numbers), AT_ONCE)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=spawn, initializer=begin, initargs=(text,)) as pool:
        found: Iterable[list[Any]] = track(pool.map(work, parts), what, total=len(parts))
        return [one for part in found for one in part]
