"""Triage's decisions for tests: causes taken one after another by the small rule set, on Lambeth's calendar."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from services.triage.batch import Ledger
from services.triage.rules import RuleSet, read
from shared.localities import Locality
from tests.builders import MONDAY_10AM
from tests.signing import signed

if TYPE_CHECKING:
    import datetime as dt

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


@cache
def small_rules_but(*changes: tuple[str, str]) -> RuleSet:
    """The small rule set with some words of it changed."""
    file = Path(__file__).parent / "samples" / "small-ruleset.yaml"
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(signed(text).encode(), file.name)


def decided(
    *causes: Seen,
    persons: dict[str, History] | None = None,
    rules: RuleSet | None = None,
    now: dt.datetime = MONDAY_10AM,
) -> list[Decision]:
    """The decision for each cause; `persons` is what triage knows of people by their key."""
    ledger = a_ledger(persons, rules)
    return [ledger.take(cause, now) for cause in causes]


def a_ledger(persons: dict[str, History] | None = None, rules: RuleSet | None = None) -> Ledger:
    """What the store holds before anything was decided."""
    return Ledger({}, dict(persons or {}), {"lambeth": rules or small_rules()}, {"lambeth": LAMBETH}, "lambeth")


def unsigned(cause: Seen) -> Seen:
    """The same answer by someone without a registration."""
    by = replace(cause.event.by, registration=None)
    return replace(cause, event=replace(cause.event, by=by))


def told_as(decision: Decision) -> dict[str, str]:
    """What each destination was told: the type of its event."""
    return {output.destination: output.type for output in decision.outputs}
