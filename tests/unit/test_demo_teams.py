"""What teams and the hub answer in the demo: something that intake takes, and in the published proportions."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from services.frontdoor.demo.teams import HUB_WAYS, REROUTED_TO, answer
from services.intake.contract.outcomes import read_outcome
from services.intake.senders import Team
from shared.codes import HoldReason

DESTINATIONS = frozenset((*REROUTED_TO, "community-assessment", "timebank"))


def standing(status: str, why: str = "", destination: str = "timebank") -> dict[str, Any]:
    steps = ["taken", f"held at hub: {why}"] if why else ["taken"]
    return {"status": status, "destination": destination, "history": [{"at": "", "what": what} for what in steps]}


def team(*, hub: bool) -> Team:
    return Team(id="team", name="A team", keys=("0" * 64,), destinations=DESTINATIONS, hub=hub)


def kinds(stands: dict[str, Any], times: int = 2000) -> Counter[str]:
    given = (answer(Random(seed), stands) for seed in range(times))
    return Counter(each.body["kind"] if each else "nothing yet" for each in given)


@pytest.mark.parametrize(
    "stands", [standing("routed"), standing("accepted"), *(standing("held", why) for why in HUB_WAYS)]
)
def test_intake_can_read_every_answer_and_takes_it_from_whom_it_comes(stands: dict[str, Any]) -> None:
    for seed in range(300):
        if given := answer(Random(seed), stands):
            outcome = read_outcome(given.body, team(hub=given.hub), DESTINATIONS)
            assert outcome.kind == given.body["kind"]
            assert not outcome.warnings


def test_a_safety_hold_is_ended_by_somebody_with_a_registration() -> None:
    given = [each for seed in range(300) if (each := answer(Random(seed), standing("held", "safety")))]
    assert given
    assert all(each.hub and each.body["by"]["registration"] for each in given)


def test_teams_accept_as_many_as_was_published() -> None:
    assert kinds(standing("routed"))["accepted"] / 2000 == pytest.approx(0.77, abs=0.03)


def test_an_emergency_is_always_taken() -> None:
    assert set(kinds(standing("routed", destination="emergency-department"), 200)) == {"accepted"}


def test_what_no_rule_fits_is_sent_on_by_the_hub_and_never_just_released() -> None:
    given = kinds(standing("held", "unmatched"))
    assert given["rerouted"] > 0
    assert given["released"] == 0


def test_every_reason_that_the_hub_knows_is_one_that_triage_gives() -> None:
    assert set(HUB_WAYS) < set(HoldReason)


@pytest.mark.parametrize("status", ["closed", "cancelled", "taken"])
def test_nobody_answers_what_is_over_or_not_decided(status: str) -> None:
    assert answer(Random(1), standing(status)) is None
