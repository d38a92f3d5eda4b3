"""Triage's decisions for tests: causes taken one after another by the small rule set, on Lambeth's calendar."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from services.triage.batch import Ledger
from services.triage.rules import RuleSet, read
from shared.localities import Locality
from tests.builders import MONDAY_10AM

if TYPE_CHECKING:
    from services.triage.causes import Seen
    from services.triage.history import History
    from shared.events import Decision

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")
LAMBETH = Locality.model_validate(
    {"name": "Lambeth", "default": True, "opening_hours": dict.fromkeys(WEEK, "09:00-17:00")}
)


@cache
def small_rules() -> RuleSet:
    """The rule set of `samples/small-ruleset.yaml`."""
    file = Path(__file__).parent / "samples" / "small-ruleset.yaml"
    return read(file.read_bytes(), file.name)


def decided(*causes: Seen, persons: dict[str, History] | None = None) -> list[Decision]:
    """The decision for each cause; `persons` is what triage knows of people by their key."""
    ledger = Ledger({}, dict(persons or {}), {"lambeth": small_rules()}, {"lambeth": LAMBETH}, "lambeth")
    return [ledger.take(cause, MONDAY_10AM) for cause in causes]


def told_as(decision: Decision) -> dict[str, str]:
    """What each destination was told: the type of its event."""
    return {output.destination: output.type for output in decision.outputs}
