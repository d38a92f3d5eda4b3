"""The referrals that every side decides: a synthetic month's facts, of each a few changed to any value, by a seed.

Why not any value for everything: nine in ten of those would be emergencies, which an if/elif decides in its first lines
and a service never sees. Those are for agreement, where the strange is what counts.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from services.triage.facts import facts_of, with_blanks
from tests.bench.events import coded_month
from tests.bench.rules.grown import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.plain_rules import Value

CHANGED: Final = 3


def referrals(count: int, inputs: Mapping[str, frozenset[Value]], seed: int = 7) -> list[dict[str, Value]]:
    """As many as asked for."""
    rng = random.Random(seed)
    month = [with_blanks(facts_of(referral)) for referral in coded_month()]
    values = [(name, sorted(domain, key=str)) for name, domain in inputs.items()]
    return [
        rng.choice(month) | {name: rng.choice(some) for name, some in rng.sample(values, CHANGED)} for _ in range(count)
    ]


def anything(count: int, inputs: Mapping[str, frozenset[Value]], seed: int = 11) -> Iterator[dict[str, Value]]:
    """Random referrals, one by one: an example of Lambeth's with up to twelve facts changed to any value."""
    rng = random.Random(seed)
    examples = [facts for some in seeds().shown.values() for facts in some]
    values = [(name, sorted(domain, key=str)) for name, domain in inputs.items()]
    for _ in range(count):
        changed = rng.choices(values, k=rng.randrange(13))
        yield rng.choice(examples) | {name: some[int(rng.random() * len(some))] for name, some in changed}
