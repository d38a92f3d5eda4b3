"""What metrics and the log tell of the rules in force: which version, and for how long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from prometheus_client import Gauge

from shared.log import get_logger

if TYPE_CHECKING:
    import datetime as dt

    from services.triage.rules import RuleSet

IN_FORCE: Final = Gauge("frontdoor_rules_in_force", "1 for the rule set in force", ("locality", "version"))
AGE: Final = Gauge("frontdoor_rules_age_seconds", "How long the rule set in force has been so", ("locality",))


class Told:
    """Tells each change once."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, str, dt.datetime]] = {}

    def in_force(self, rules: RuleSet, since: dt.datetime) -> None:
        """Notes what is in force in a locality, and since when."""
        last, now = self._last.get(rules.locality), (rules.version, rules.hash, since)
        if last == now:
            return
        if last:
            IN_FORCE.remove(rules.locality, last[0])
        self._last[rules.locality] = now
        IN_FORCE.labels(rules.locality, rules.version).set(1)
        AGE.labels(rules.locality).set_function(lambda: time.time() - since.timestamp())  # at each scrape
        get_logger().info("rules in force", locality=rules.locality, version=rules.version, hash=rules.hash)
