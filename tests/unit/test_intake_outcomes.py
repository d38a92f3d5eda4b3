"""What intake asks of whoever ends a safety hold, and what it never asks of whoever calls for more help."""

from __future__ import annotations

import pytest

from services.intake.contract.outcomes import Outcome, demand_clinician, read_outcome
from services.intake.problems import Refused
from services.intake.senders import Team

DESTINATIONS = frozenset(("hub", "talking-therapies"))
HUB = Team(id="hub", name="Hub", keys=("0" * 64,), destinations=DESTINATIONS, hub=True)


def unsigned(kind: str) -> Outcome:
    """An outcome by someone who gives no registration."""
    said = {"kind": kind, "by": {"name": "Sam", "role": "hub worker"}, "reason": "03", "to": "talking-therapies"}
    return read_outcome(said, HUB, DESTINATIONS)


@pytest.mark.parametrize("kind", ["released", "rerouted", "advised"])
def test_the_hub_ends_a_safety_hold_by_a_registered_clinician_alone(kind: str) -> None:
    with pytest.raises(Refused):
        demand_clinician(unsigned(kind), "safety")


@pytest.mark.parametrize("kind", ["stepped-up", "accepted", "information-requested"])
def test_a_step_up_out_of_a_safety_hold_is_taken_from_anyone(kind: str) -> None:
    demand_clinician(unsigned(kind), "safety")


def test_other_holds_are_ended_by_anyone_at_the_hub() -> None:
    demand_clinician(unsigned("released"), "gate")


def test_a_step_up_whose_urgency_cannot_be_read_is_taken_and_its_sender_told() -> None:
    said = {"kind": "stepped-up", "by": {"name": "Sam", "role": "nurse"}, "reason": "risk-increased", "to": "hub"}
    told = [read_outcome(said | {"urgency": urgency}, HUB, DESTINATIONS) for urgency in ("asap", "1.0", None)]
    assert [(one.urgency, [(notice.path, notice.code) for notice in one.warnings]) for one in told] == [
        (None, [("urgency", "unreadable")]),
        ("1", []),
        (None, []),
    ]
