"""What is done to the system, and when: data, drawn from a seed, so that a failing run can be done again."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SERVICES: Final = ("intake", "triage", "audit")
INSTANCES: Final = ("1", "2")
SESSION_SECONDS: Final = 10  # of group members, in these runs alone
# Of a hundred steps so many are of each kind. Those that are quick are many, those that take half a minute few.
SHARES: Final = {
    "kill": 34,
    "terminate": 14,
    "cut sessions": 20,
    "postgres kill": 8,
    "postgres restart": 4,
    "broker kill": 5,
    "broker restart": 3,
    "freeze": 4,
    "roll": 3,
    "scale": 3,
    "poison": 12,
}
OF_AN_INSTANCE: Final = frozenset(("kill", "terminate", "freeze"))
OF_A_SERVICE: Final = frozenset(("cut sessions", "roll", "scale"))


class Fault(NamedTuple):
    """One thing that is done. `service` and `instance` say to whom, `held` for how many seconds it stays so."""

    number: int
    kind: str
    service: str
    instance: str
    held: float
    pause: float  # seconds before the next
    together: bool  # with the next one, at the same time

    @property
    def name(self) -> str:
        """The process that it is done to, as the stack calls it."""
        return self.service if self.instance in ("", "1") else f"{self.service}-{self.instance}"

    def __str__(self) -> str:
        return f"{self.number:4} {self.kind} {self.name}".rstrip() + (f" for {self.held:.1f} s" if self.held else "")


def schedule(seed: int, shares: Mapping[str, int] = SHARES, services: Sequence[str] = SERVICES) -> Iterator[Fault]:
    """The faults of a seed, without end: of these kinds, done to these services."""
    rng, number = Random(seed), 0
    while True:
        kind = rng.choices([*shares], [*shares.values()])[0]
        ours = kind in OF_AN_INSTANCE or kind in OF_A_SERVICE
        number += 1
        yield Fault(
            number=number,
            kind=kind,
            service=rng.choice(services) if ours else "",
            instance=rng.choice(INSTANCES) if kind in OF_AN_INSTANCE else "",
            held=_held(rng, kind),
            pause=rng.choice((0.0, 0.2, 1.0)),
            together=rng.random() < 0.15 and kind not in ("roll", "scale", "freeze"),
        )


def _held(rng: Random, kind: str) -> float:
    """How long it stays so: of a frozen member longer than its session, of the rest a moment."""
    if kind in ("freeze", "scale"):
        return SESSION_SECONDS + rng.uniform(1, 4)
    return 0.0 if kind in ("terminate", "roll", "poison", "cut sessions") else rng.choice((0.0, 0.5, 2.0, 4.0))
