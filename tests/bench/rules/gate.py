"""How long the gate takes: all of it in one process that is warm, its parts, and what a child process adds."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from services.triage.gate import verdict
from services.triage.rules import read

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 9


def gate_times(count: int, file: bytes) -> dict[str, Any]:
    """Milliseconds of the whole gate on a file that passes, and of its reading alone."""
    if findings := verdict(file, "grown", "grown", None)["findings"]:
        sys.exit(f"the gate refuses the grown file of {count} rows, so its time says nothing: {findings[:3]}")
    return {
        "rows": count,
        "whole": _milliseconds(lambda: verdict(file, "grown", "grown", None)),
        "reading": _milliseconds(lambda: read(file, "grown", roles=None)),
    }


def starts() -> dict[str, float]:
    """Milliseconds of what a child process needs before it can judge: Python, our modules, the solver."""
    python = _milliseconds(lambda: _child("pass"))
    return {
        "python": python,
        "modules": _milliseconds(lambda: _child("import services.triage.gate")) - python,
        "solver": _milliseconds(lambda: _child("import z3")) - python,
    }


def _child(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def _milliseconds(work: Callable[[], object]) -> float:
    """CPU time, the best of some rounds: the gate works in one thread, so by the clock of an idle machine it is the same."""
    taken = []
    for _ in range(ROUNDS):
        started = _cpu()
        work()
        taken.append((_cpu() - started) * 1000)
    return min(taken)


def _cpu() -> float:
    """CPU seconds of this process and of the children that have ended."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in spent)
