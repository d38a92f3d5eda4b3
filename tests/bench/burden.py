"""What a load costs: CPU seconds and memory of each service, and of Kafka and PostgreSQL beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

if TYPE_CHECKING:
    from tests.stack import Stack

SERVICES: Final = ("intake", "triage", "audit")
BESIDE: Final = {"java": "Kafka", "postgres": "PostgreSQL"}  # as the containers' processes are called on this machine


class Look(NamedTuple):
    """At so many seconds: records behind, and resident megabytes by service."""

    at: float
    behind: int
    megabytes: dict[str, int]


class Burden:
    """Looks at the processes of a stack. One broker and one PostgreSQL run on the machine, or the figures are of all."""

    def __init__(self, stack: Stack) -> None:
        self._ours = {name: psutil.Process(stack.process(name).pid) for name in SERVICES}
        self._gone: dict[str, float] = {}

    def memory(self) -> dict[str, int]:
        """Resident megabytes of each service."""
        return {name: process.memory_info().rss // 1_000_000 for name, process in self._ours.items()}

    def spent(self) -> dict[str, float]:
        """CPU seconds since they began, of each service and of what is beside them (with the children that ended)."""
        spent = {name: _seconds(process) for name, process in self._ours.items()}
        spent |= dict.fromkeys(BESIDE.values(), 0.0)
        for process in psutil.process_iter(["name"]):
            if called := BESIDE.get(process.info["name"]):
                spent[called] += _seconds(process)
        return spent


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
