"""A CPU probe: the bare loop's own Python work without Kafka, so that a figure of one machine can be held to another's.

The reference is the bare loop of the design notes (18,000 messages a CPU second with a 1 kB event of 25 fields) on a
machine where this probe gave `REFERENCE_PROBE` a CPU second.
"""

from __future__ import annotations

import time

from shared.cloudevents import to_json
from shared.events import ReferralReceived
from tests.builders import Person

REFERENCE_BARE = 18_000
REFERENCE_PROBE = 40_000


def probe() -> float:
    """Events validated and written a CPU second: the best of five."""
    value = Person().received().value or b""
    best = 0.0
    for _ in range(5):
        started = time.process_time()
        for _ in range(4000):
            to_json(ReferralReceived.model_validate_json(value))
        best = max(best, 4000 / (time.process_time() - started))
    return best
