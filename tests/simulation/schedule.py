"""A schedule: what happens to a group of consumers, as data. It is made from a seed, written as text and read back."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable

PARTITIONS: Final = 3
MEMBERS: Final = 3
REFUSALS: Final = (  # how aiokafka ends a commit; what is retriable it tries again by itself
    *("CommitFailedError", "CommitFailedError", "CommitFailedError", "IllegalStateError", "RequestTimedOutError"),
    *("GroupAuthorizationFailedError", "TopicAuthorizationFailedError"),
    *("OffsetMetadataTooLargeError", "InvalidCommitOffsetSizeError"),
)
FETCH_ERRORS: Final = (  # how aiokafka ends a poll
    *("RequestTimedOutError", "KafkaConnectionError", "NodeNotReadyError"),
    *("GroupAuthorizationFailedError", "CorruptRecordException", "fetching-ended"),
)
Argument = int | float | str


class Verb(NamedTuple):
    """One kind of step: how often it is chosen, its arguments, and what it means."""

    weight: int
    arguments: Callable[[Random], tuple[Argument, ...]]
    meaning: str


def _partition(chance: Random) -> int:
    return chance.randrange(PARTITIONS)


def _member(chance: Random) -> int:
    return chance.randrange(MEMBERS)


def _seconds(chance: Random) -> float:
    """Mostly short; at times longer than a commit, a session or a rebalance may take."""
    return round(chance.choice((0.1, 0.6, 2.0)) * chance.random(), 3)


VERBS: Final = {
    "append": Verb(10, lambda c: (_partition(c), c.randint(1, 5)), "PARTITION COUNT: records arrive"),
    "poison": Verb(1, lambda c: (_partition(c),), "PARTITION: a record arrives that can never work"),
    "start": Verb(2, lambda c: (_member(c),), "MEMBER: starts, if it does not run"),
    "stop": Verb(1, lambda c: (_member(c),), "MEMBER: is asked to stop"),
    "kill": Verb(2, lambda c: (_member(c), _seconds(c)), "MEMBER SECONDS: is killed, and started anew so much later"),
    "rebalance": Verb(2, lambda _: (), "the group shares out its partitions anew"),
    "evict": Verb(1, lambda c: (_member(c),), "MEMBER: the broker takes it for dead; it learns of that later"),
    "slow": Verb(2, lambda c: (_seconds(c),), "SECONDS: the handler that goes on next takes so long"),
    "transient": Verb(2, lambda c: (c.randint(1, 4),), "COUNT: so often a handler finds something away"),
    "away": Verb(1, lambda c: (_seconds(c),), "SECONDS: the store is away for so long"),
    "bug": Verb(1, lambda _: (), "the handler that goes on next raises what it should not"),
    "refuse": Verb(2, lambda c: (c.choice(REFUSALS),), "ERROR: the next commit is refused"),
    "lost": Verb(1, lambda _: (), "the next commit is made, and its answer never comes"),
    "coordinator": Verb(1, lambda c: (_seconds(c),), "SECONDS: the group's broker is away for so long"),
    "fetch": Verb(2, lambda c: (_member(c), c.choice(FETCH_ERRORS)), "MEMBER ERROR: its next poll fails"),
}


class Step(NamedTuple):
    """Something happens, `after` seconds after the step before it."""

    after: float
    verb: str
    arguments: tuple[Argument, ...]

    def __str__(self) -> str:
        return " ".join(map(str, (f"{self.after:.3f}", self.verb, *self.arguments)))


class Schedule(NamedTuple):
    """Steps, and what they happen to; `seed` is that of every delay and every jitter, `batch` the most records of a poll.

    With `places` the service places itself on its partitions, as audit does.
    """

    seed: int
    batch: int
    places: bool
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        head = f"seed {self.seed} batch {self.batch} places {int(self.places)}"
        return "\n".join([head, *map(str, self.steps)])

    @classmethod
    def read(cls, text: str) -> Self:
        """What was written by `str`."""
        head, *lines = (line.split() for line in text.splitlines() if line.strip())
        steps = (Step(float(after), verb, tuple(map(_argument, rest))) for after, verb, *rest in lines)
        return cls(int(head[1]), int(head[3]), head[5] == "1", tuple(steps))

    @classmethod
    def of(cls, seed: int) -> Self:
        """The schedule of a seed."""
        chance = Random(seed)
        steps = [Step(0.0, "start", (member,)) for member in range(chance.choice((1, 1, 2, 2, 3)))]
        weights = [verb.weight for verb in VERBS.values()]
        for verb in chance.choices(list(VERBS), weights, k=chance.randint(3, 12)):
            after = chance.choice((0.0, 0.05, 0.3, 0.3, 1.0)) * chance.random()
            steps.append(Step(round(after, 3), verb, VERBS[verb].arguments(chance)))
        return cls(seed, chance.choice((1, 2, 3, 100)), chance.random() < 0.3, tuple(steps))


def _argument(word: str) -> Argument:
    try:
        return float(word) if "." in word else int(word)
    except ValueError:
        return word
