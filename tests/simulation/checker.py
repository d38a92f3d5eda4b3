"""What must hold of every schedule, read off its journal alone: it knows neither the loop nor how it works."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    Entry = tuple[float, str, str, tuple[object, ...]]  # seconds, what, which process, of what


STOPS_WITHIN: Final = 6.0  # seconds: the slowest handler, a commit without an answer, a client that does not stop


class Violation(NamedTuple):
    """What did not hold, by a name that is the same for the same fault, and when."""

    name: str
    at: float
    detail: str

    def __str__(self) -> str:
        return f"{self.name} at {self.at:.3f} s: {self.detail}"


class Checker:
    """Reads a journal from its beginning."""

    def __init__(self) -> None:
        self.at = 0.0
        self.appended: dict[int, int] = defaultdict(int)
        self.handled: dict[int, int] = defaultdict(int)  # without a gap, from the first
        self.committed: dict[int, int] = defaultdict(int)
        self.decisions: dict[tuple[int, int], int] = {}
        self.owned: dict[str, set[int]] = defaultdict(set)
        self.leaving: set[str] = set()
        self.asked: dict[str, float] = {}
        self.poison: set[tuple[int, int]] = set()  # and not parked yet
        self.raised: dict[str, str] = {}

    def read(self, journal: Iterable[Entry]) -> Violation | None:
        """The first thing that does not hold."""
        for self.at, what, who, of in journal:
            if wrong := getattr(self, f"_{what}")(who, *of):
                return Violation(wrong, self.at, f"{who} {what} {' '.join(map(str, of))}")
        return self._at_the_end(self.at)

    def _at_the_end(self, at: float) -> Violation | None:
        for who, error in self.raised.items():
            return Violation("an error that stopped nothing", at, f"{who} {error}")
        for who in self.asked:
            return Violation("a stop that never came", at, who)
        for partition, end in self.appended.items():
            if not self.handled[partition] == self.committed[partition] == end:
                how_far = f"handled {self.handled[partition]}, committed {self.committed[partition]} of {end}"
                return Violation("not drained", at, f"partition {partition}: {how_far}")
            if any((partition, offset) not in self.decisions for offset in range(end)):
                return Violation("a record without a decision", at, f"partition {partition}")
        return None

    def _appended(self, _: str, partition: int, poison: str) -> None:
        if poison:
            self.poison.add((partition, self.appended[partition]))
        self.appended[partition] += 1

    def _decided(self, who: str, partition: int, offset: int, decision: int) -> str | None:
        """Something was published for a record under this decision."""
        if self.decisions.setdefault((partition, offset), decision) != decision:
            return "decided twice"
        return self._may_work(who, partition)

    def _handled(self, who: str, partition: int, offset: int) -> str | None:
        if offset > self.handled[partition]:
            return "a record skipped"
        if (partition, offset) in self.poison:
            return "handled before it was parked"
        self.handled[partition] = max(self.handled[partition], offset + 1)
        return self._may_work(who, partition)

    def _parked(self, _: str, partition: int, offset: int) -> None:
        self.poison.discard((partition, offset))

    def _may_work(self, who: str, partition: int) -> str | None:
        if partition not in self.owned[who]:
            return "handled after its revoke"
        return "worked on after an error" if who in self.raised else None

    def _committed(self, who: str, partition: int, offset: int) -> str | None:
        if offset > self.handled[partition]:
            return "committed before it was handled"
        if offset < self.committed[partition]:
            return "a commit that went back"
        self.committed[partition] = offset
        return "worked on after an error" if who in self.raised else None

    def _assigned(self, who: str, *partitions: int) -> None:
        self.owned[who] = set(partitions)
        self.leaving.discard(who)

    def _revoked(self, who: str) -> None:
        self.owned[who] = set()

    def _raised(self, who: str, error: str) -> None:
        """The loop was given an error that it must end with."""
        self.raised.setdefault(who, error)

    def _killed(self, who: str) -> None:
        self.raised.pop(who, None)
        self.asked.pop(who, None)
        self.owned[who] = set()

    def _asked(self, who: str) -> None:
        """To stop."""
        self.asked[who] = self.at

    def _ended(self, who: str, error: str) -> str | None:
        """The loop returned or raised."""
        if self.raised.pop(who, "") != error:
            return "ended with another error"
        asked = self.asked.pop(who, None)
        self.owned[who] = set()
        if asked is None:
            return None if error else "ended without being asked"
        return "a stop that took too long" if self.at - asked > STOPS_WITHIN else None

    def _revoking(self, who: str) -> None:
        self.leaving.add(who)

    def _trying(self, who: str) -> str | None:
        """The handler is called, or the service places itself."""
        return "begun during a revoke" if who in self.leaving else None

    def _found(self, _: str, *what: str) -> str:
        """What was looked at once everything was well again: lag, readiness, a stop."""
        return what[0]
