from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.intake import CLERK, NURSE, Desk, a_body, intake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stack import Database

STEP_2 = "talking-therapies-step-2"


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with intake(database, tmp_path) as open_desk:
        yield open_desk


async def outcome(desk: Desk, referral_id: str, key: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await desk.post(f"/referrals/{referral_id}/outcomes", {"by": CLERK} | body, key)
    return answer.status_code, answer.json()


async def test_an_amendment_carries_the_whole_as_it_now_stands(desk: Desk):
    mine = await desk.refer(presentation={"phq9": 12}, risk={"suicidal": "none"})
    change = {"risk": {"suicidal": "plan"}, "presentation": None, "person": {"nickname": "A"}}
    told = (await desk.post(f"/referrals/{mine}/amendments", change)).json()
    assert told["emergency"] is False
    _, amended = await desk.events(mine)
    assert amended["sequence"] == 2
    assert amended["changed"] == ["person.?", "presentation", "risk.suicidal"]
    assert amended["referral"]["risk"] == {"suicidal": "plan"}
    assert amended["referral"]["reason"] == {"code": "04"}
    assert "presentation" not in amended["referral"]


async def test_an_amendment_that_makes_it_an_emergency_is_told_to_phone(desk: Desk):
    mine = await desk.refer()
    answer = await desk.post(f"/referrals/{mine}/amendments", {"risk": {"life_in_danger": "yes"}})
    assert "999" in answer.json()["phone_now"]


async def test_an_amendment_cannot_take_the_person_away(desk: Desk):
    mine = await desk.refer()
    assert (await desk.post(f"/referrals/{mine}/amendments", {"person": None})).status_code == 422
    assert len(await desk.events(mine)) == 1


async def test_what_was_refused_as_a_conflict_is_taken_when_it_comes_again_without_its_id(desk: Desk):
    mine = await desk.refer()
    first, other = {"risk": {"suicidal": "plan"}}, {"risk": {"suicidal": "intent"}}
    await desk.post(f"/referrals/{mine}/amendments", first | {"message_id": "m1"})
    assert (await desk.post(f"/referrals/{mine}/amendments", other | {"message_id": "m1"})).status_code == 409
    again = await desk.post(f"/referrals/{mine}/amendments", other)
    assert (again.status_code, again.json()["referral_id"]) == (202, mine)
    assert (await desk.events(mine))[-1]["referral"]["risk"] == {"suicidal": "intent"}


async def test_taking_an_answer_back_and_giving_it_are_two_amendments(desk: Desk):
    mine = await desk.refer(risk={"suicidal": "plan"})
    for change in ({"risk": {"suicidal": None}}, {"risk": {"means": None}}, {"risk": {"means": None}}):
        await desk.post(f"/referrals/{mine}/amendments", change)
    assert [event["sequence"] for event in await desk.events(mine)] == [1, 2, 3]


async def test_a_cancellation_says_why_in_a_code(desk: Desk):
    mine, other = await desk.refer(), await desk.refer("other-gp")
    await desk.post(f"/referrals/{mine}/cancellations", {"reason": "Person declined"})
    answer = await desk.post(f"/referrals/{other}/cancellations", {"reason": "Mr Example rang"}, "other-gp")
    assert [warning["code"] for warning in answer.json()["warnings"]] == ["unmapped"]
    assert (await desk.events(mine))[1]["reason"] == "person-declined"
    assert (await desk.events(other))[1]["reason"] == "unmapped"


async def test_an_id_counts_once_over_all_kinds_of_message(desk: Desk):
    mine = await desk.refer(message_id="m1")
    answer = await desk.post(f"/referrals/{mine}/cancellations", {"message_id": "m1", "reason": "duplicate"})
    assert answer.status_code == 409
    assert "conflicts_with" in (await desk.events(mine))[1]


async def test_a_team_answers_only_what_is_routed_to_it(desk: Desk):
    mine = await desk.refer()
    assert (await outcome(desk, mine, "therapies", kind="accepted"))[0] == 404
    await desk.decide(mine, STEP_2)
    assert (await outcome(desk, mine, "therapies", kind="accepted"))[0] == 202
    assert (await outcome(desk, mine, "memory", kind="accepted"))[0] == 404
    answered = (await desk.events(mine))[1]
    assert answered["answers_for"] == [STEP_2]
    assert answered["by"] == {**CLERK, "team": "therapies"}


@pytest.mark.parametrize(
    ("body", "lacks"),
    [
        ({"kind": "returned", "reason": "02"}, {"onward"}),
        ({"kind": "returned", "onward": "hub"}, {"reason"}),
        ({"kind": "returned", "reason": "not for us", "onward": "hub"}, {"reason"}),
        ({"kind": "returned", "reason": "02", "onward": "no"}, {"onward"}),
        ({"kind": "stepped-up", "reason": "risk-increased", "to": "nowhere"}, {"to"}),
        ({"kind": "closed", "by": {"name": "D"}}, {"by.role", "reason"}),
        ({"kind": "gone"}, {"kind"}),
    ],
)
async def test_an_answer_that_leaves_the_person_nowhere_is_refused(desk: Desk, body: dict[str, Any], lacks: set[str]):
    mine = await desk.refer()
    await desk.decide(mine, STEP_2)
    status, problem = await outcome(desk, mine, "therapies", **body)
    assert (status, {fault["path"] for fault in problem["errors"]}) == (422, lacks)
    assert len(await desk.events(mine)) == 1


async def test_a_return_with_its_reason_and_onward_step_ends_what_the_team_sees(desk: Desk):
    mine = await desk.refer()
    await desk.decide(mine, STEP_2)
    back = {"kind": "returned", "reason": "2", "onward": "memory-service"}
    first = await outcome(desk, mine, "therapies", **back)
    assert first[0] == 202
    assert await outcome(desk, mine, "therapies", **back) == first
    assert (await outcome(desk, mine, "therapies", kind="accepted"))[0] == 404
    assert (await desk.get(f"/referrals/{mine}/record", "therapies", X_Purpose="direct-care")).status_code == 404
    returned = (await desk.events(mine))[1]
    assert (returned["reason"], returned["onward"]) == ("02", "memory-service")
    await desk.decide(mine, STEP_2)
    assert (await outcome(desk, mine, "therapies", kind="accepted"))[0] == 202


async def test_the_same_answer_after_another_is_no_repeat(desk: Desk):
    mine = await desk.refer()
    await desk.decide(mine, STEP_2)
    for kind in ("accepted", "closed", "accepted", "accepted"):
        await outcome(desk, mine, "therapies", kind=kind, reason="04")
    assert [event.get("kind") for event in await desk.events(mine)] == [None, "accepted", "closed", "accepted"]


async def test_the_same_release_of_another_hold_is_no_repeat(desk: Desk):
    mine = await desk.refer()
    release = {"kind": "released", "reason": "safety-call-made", "by": NURSE}
    for suicidal in ("ideation", "plan"):
        await desk.post(f"/referrals/{mine}/amendments", {"risk": {"suicidal": suicidal}})
        await desk.decide(mine, "hub", status="held", hold_reason="safety")
        assert (await outcome(desk, mine, "hub", **release))[0] == 202
        await outcome(desk, mine, "hub", **release)
        await desk.database.fetch("UPDATE intake.receipt SET received_at = received_at - interval '11 minutes'")
    said = [event.get("kind", "amended") for event in await desk.events(mine)][1:]
    assert said == ["amended", "released", "amended", "released"]


async def test_a_release_tried_again_within_minutes_ends_no_hold_that_came_since(desk: Desk):
    mine = await desk.refer()
    release = {"kind": "released", "reason": "safety-call-made", "by": NURSE}
    await desk.decide(mine, "hub", status="held", hold_reason="safety")
    first = await outcome(desk, mine, "hub", **release)
    await desk.post(f"/referrals/{mine}/amendments", {"risk": {"suicidal": "plan"}})
    await desk.decide(mine, "hub", status="held", hold_reason="safety")
    assert await outcome(desk, mine, "hub", **release) == first
    assert [event.get("kind") for event in await desk.events(mine)] == [None, "released", None]


async def test_only_the_hub_releases_and_only_a_clinician_ends_a_safety_hold(desk: Desk):
    mine = await desk.refer()
    await desk.decide(mine, "hub", status="held", hold_reason="safety", told=("hub", STEP_2))
    release = {"kind": "released", "reason": "safety-call-made"}
    assert (await outcome(desk, mine, "therapies", **release))[0] == 403
    status, problem = await outcome(desk, mine, "hub", **release)
    assert (status, problem["errors"][0]["path"]) == (422, "by.registration")
    assert (await outcome(desk, mine, "hub", **release, by=NURSE))[0] == 202
    assert "answers_for" not in (await desk.events(mine))[1]


async def test_only_a_registered_clinician_lowers_an_urgency(desk: Desk):
    mine = await desk.refer()
    await desk.decide(mine, STEP_2)
    lower = {"kind": "urgency-lowered", "reason": "clinical-review", "urgency": "3"}
    assert (await outcome(desk, mine, "hub", **lower))[0] == 422
    assert (await outcome(desk, mine, "hub", **lower | {"by": NURSE, "urgency": "1"}))[0] == 422
    assert (await outcome(desk, mine, "hub", **lower, by=NURSE))[0] == 202
    assert (await desk.events(mine))[1]["urgency"] == "3"


async def test_a_record_is_read_with_a_purpose_and_each_read_is_an_event(desk: Desk):
    mine = await desk.refer(contact={"mobile": "07700 900123"})
    await desk.decide(mine, STEP_2)
    place = f"/referrals/{mine}/record"
    assert (await desk.get(place, "therapies")).status_code == 422
    assert (await desk.get(place, "therapies", X_Purpose="curiosity")).status_code == 422
    assert len(await desk.events(mine)) == 1
    record = await desk.get(place, "therapies", X_Purpose="direct-care", X_By="D. Example")
    assert record.json()["referral"]["contact"] == {"mobile": "07700 900123"}
    disclosed = (await desk.events(mine))[1]
    assert disclosed["topic"] == "frontdoor.operations"
    assert (disclosed["by"], disclosed["team"], disclosed["purpose"]) == ("D. Example", "therapies", "direct-care")


async def test_without_its_disclosure_no_record_is_read(desk: Desk):
    mine = await desk.refer()
    await desk.decide(mine, STEP_2)
    await desk.database.fetch("REVOKE INSERT ON intake.disclosure FROM frontdoor_intake")
    answer = await desk.get(f"/referrals/{mine}/record", "therapies", X_Purpose="direct-care")
    assert (answer.status_code, "Ada" in answer.text) == (500, False)


async def test_a_team_is_shown_the_least_it_needs(desk: Desk):
    mine = await desk.refer(risk={"suicidal": "none"})
    await desk.decide(mine, "memory-service")
    record = await desk.get(f"/referrals/{mine}/record", "memory", X_Purpose="direct-care")
    assert set(record.json()["referral"]) == {"person"}


async def test_the_status_follows_the_highest_decision_and_tells_no_clinical_text(desk: Desk):
    mine = await desk.refer(reason={"text": "low since May"})
    await desk.decide(mine, "hub", status="held", hold_reason="safety", sequence=1)
    await desk.decide(mine, STEP_2, status="accepted", outcome="accepted", sequence=3)
    await desk.decide(mine, STEP_2, status="routed", sequence=2)
    told = (await desk.get(f"/referrals/{mine}")).json()
    assert (told["status"], told["urgency"], told["destination"]) == ("accepted", "3", STEP_2)
    assert [step["what"] for step in told["history"]] == [
        "taken",
        "held at hub: safety",
        f"routed: {STEP_2}",
        f"accepted: {STEP_2}",
    ]
    assert "May" not in str(told)


async def test_receipts_cannot_be_changed_by_the_service(desk: Desk):
    await desk.post("/referrals", a_body())
    for forbidden in (
        "UPDATE intake.receipt SET answer = ''",
        "DELETE FROM intake.receipt",
        "DELETE FROM intake.outbox",
    ):
        rows = await desk.database.fetch(
            "SELECT has_table_privilege('frontdoor_intake', $1, $2) AS may", *_asked(forbidden)
        )
        assert not rows[0]["may"]


def _asked(statement: str) -> tuple[str, str]:
    words = statement.split()
    return (words[1], "UPDATE") if words[0] == "UPDATE" else (words[2], "DELETE")
