"""The rule set: what a file that passed says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from services.triage.rules.cells import Allowed, Value
    from services.triage.rules.decider import Decider, Proposal
    from services.triage.rules.destinations import Destination
    from services.triage.rules.examples import Example
    from services.triage.rules.head import Approval
    from services.triage.rules.promises import Promise
    from services.triage.rules.rows import Rows


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """One version of one locality's rules. `hash` is the SHA-256 of the file's bytes, `text` those bytes as UTF-8.

    `inputs` holds every value that each input may have, and `rows` what each row asks of them, both as sets: what
    runs (`decider`) is built from these sets, and so is what is proved. `given` are the facts of an example that says
    nothing else.
    """

    locality: str
    version: str
    hash: str
    text: str
    effective_from: dt.datetime
    reason: str
    hazards: tuple[str, ...]
    approved: tuple[Approval, ...]
    promises: tuple[Promise, ...]
    inputs: Mapping[str, Allowed]
    destinations: Mapping[str, Destination]
    rows: Rows
    given: Mapping[str, Value]
    examples: tuple[Example, ...]
    decider: Decider

    def propose(self, facts: Mapping[str, Value]) -> Proposal:
        """What the rules make of the facts: always one destination, and one urgency never below the referrer's.

        Raises `Bug` where a fact that some row asks is missing or has a value that `inputs` does not declare.
        """
        return self.decider.propose(facts)

    def goes_somewhere(self, facts: Mapping[str, Value]) -> bool:
        """Whether some destination row takes the facts: always, once a rule set passed the gate."""
        return self.decider.takes(facts)
