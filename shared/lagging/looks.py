"""What was seen of a consumer group at one moment: how far it has come, what there is, and who works in it.

What was never committed is unknown, and not zero; no lag is negative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Place = tuple[str, int]  # topic, partition


class Waiting(NamedTuple):
    """The first record that waits: its Unix time in seconds, and its key."""

    at: float
    key: str | None


class Position(NamedTuple):
    """How far a group has come in a partition, whose records are those from `start` to before `end`.

    `kept` is for how many seconds Kafka keeps a record of it; None: for ever, or not known.
    """

    committed: int | None
    start: int
    end: int
    first: Waiting | None = None
    kept: float | None = None

    @property
    def following(self) -> int:
        """The offset read next: a group without a commit begins at the start, and so does one whose place is gone."""
        return self.start if self.committed is None else max(self.committed, self.start)

    @property
    def waits(self) -> bool:
        """Whether any record is there that is not committed."""
        return self.end > self.following

    @property
    def records(self) -> int | None:
        """How many are there that are not committed; None where nothing was ever committed."""
        return None if self.committed is None else max(0, self.end - self.following)

    def used(self, at: float) -> float:
        """How much of the time for which Kafka keeps it the first record that waits has waited; 1 is all of it."""
        if not self.waits or self.first is None or not self.kept:
            return 0.0
        return max(0.0, at - self.first.at) / self.kept


class Member(NamedTuple):
    """A member as Kafka lists it: its name (of a static member its own id), and the partitions that are its."""

    name: str
    places: frozenset[Place] = frozenset()


class Look(NamedTuple):
    """One group at one moment (Unix time in seconds); `state` is Kafka's word."""

    at: float
    state: str
    members: tuple[Member, ...]
    positions: Mapping[Place, Position]

    @property
    def waiting(self) -> dict[Place, Position]:
        """The partitions in which records wait."""
        return {place: position for place, position in self.positions.items() if position.waits}
