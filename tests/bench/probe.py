"""A CPU probe: the bare loop's own Python work without Kafka, so that a figure of one machine can be held to another's.

The design notes' bare loop passes on 18,000 of their events (1 kB, 25 fields) a CPU second. Their event's Python work
alone (validate, route, write) runs 45,000 times a CPU second on the same kind of machine, so Kafka's part is 33 us a
message. Our event is larger: its work runs 32,500 times there, which makes 15,600 with Kafka's part.
"""

from __future__ import annotations

import time

from tests.bench.bare_loop import route
from tests.bench.events import coded_month
from tests.bench.plain import PlainReceived
from tests.builders import Person

REFERENCE_PROBE = 32_500
REFERENCE_BARE = 1 / (1 / REFERENCE_PROBE + (1 / 18_000 - 1 / 45_000))


def probe() -> float:
    """Events validated, routed and written a CPU second: the best of five."""
    values = [Person(str(number)).sends(referral).value or b"" for number, referral in enumerate(coded_month())]
    best = 0.0
    for _ in range(5):
        started = time.process_time()
        for value in values:
            route(PlainReceived.model_validate_json(value)).model_dump_json().encode()
        best = max(best, len(values) / (time.process_time() - started))
    return best
