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
    "cut sessions": 22,
    "postgres kill": 8,
    "postgres restart": 4,
    "broker kill": 4,
    "broker restart": 2,
    "freeze": 4,
    "roll": 3,
    "scale": 3,
    "poison": 12,
}
OF_AN_INSTANCE: Final = frozenset(("kill", "terminate", "freeze"))
OF_A_SERVICE: Final = frozenset(("cut sessions", "roll", "scale"))
OF_A_GROUP: Final = frozenset(("freeze", "roll", "scale"))  # seen by what the group's other member does


class Fault(NamedTuple):
    """One thing that is done. `service` and `instance` say to whom, `held` for how many seconds it stays so.

    `at_work`: once the process is ready; else whatever it is doing, its start included. `which` is of several servers.
    """

    number: int
    kind: str
    service: str
    instance: str
    held: float
    pause: float  # seconds before the next, which does not wait for the end of this one
    at_work: bool
    which: int

    @property
    def name(self) -> str:
        """The process that it is done to, as the stack calls it."""
        return name_of(self.service, self.instance)

    @property
    def touches(self) -> tuple[str, ...]:
        """What no other fault touches meanwhile: so that each does what it says, and its own effect is what is seen."""
        if self.kind in OF_A_GROUP:
            return tuple(f"{self.service} {instance}" for instance in INSTANCES)
        if self.kind in OF_AN_INSTANCE:
            return (f"{self.service} {self.instance}",)
        return ("postgres",) if self.kind in ("cut sessions", "postgres kill", "postgres restart") else ("broker",)

    def __str__(self) -> str:
        return f"{self.number:4} {self.kind} {self.name}".rstrip() + (f" for {self.held:.1f} s" if self.held else "")


def name_of(service: str, instance: str) -> str:
    """What the stack calls the process of an instance."""
    return service if instance in ("", "1") else f"{service}-{instance}"


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
            at_work=rng.random() < 0.8,
            which=rng.randrange(6),
        )


def _held(rng: Random, kind: str) -> float:
    """How long it stays so, once its effect was seen: of a frozen member that is after its session."""
    return 0.0 if kind in ("terminate", "roll", "poison", "cut sessions") else rng.choice((0.0, 0.5, 2.0, 4.0))
