"""Whose referral a message is about, on a real database: no message changes the referral of another person or source."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from services.intake.problems import Refused
from services.intake.sources.told import Told
from services.intake.taking import handlers
from services.intake.transports.admission import arrived
from shared.events import RECEIVED, derived_id
from shared.traceparent import continue_trace
from tests.intake import ADA, intake
from tests.telling import message, referral_in, take
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from services.intake.taking.desk import Answer
    from tests.intake import Desk
    from tests.stack import Database

WAITING = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"


async def at_once(desk: Desk, database: Database, messages: list[Told]) -> list[Answer]:
    """Takes messages that all come to where names are written before any of them has written its own."""
    blocking = await asyncpg.connect(database.dsn())
    async with blocking.transaction():
        await blocking.execute("LOCK TABLE intake.name IN SHARE MODE")
        taking = [asyncio.create_task(take(desk, one)) for one in messages]

        async def all_wait() -> bool:
            return bool((await database.fetch(WAITING, database.name))[0]["n"] == len(messages))

        await eventually(all_wait)
    await blocking.close()
    return await asyncio.gather(*taking)


@pytest.mark.parametrize("urgent", [False, True], ids=["routine", "emergencies"])
async def test_of_new_messages_at_once_that_name_one_referral_one_is_it_and_the_others_amend_it(
    database: Database, tmp_path: Path, urgent: bool
):
    told: dict[str, Any] = {"risk": {"life_in_danger": "yes"}} if urgent else {}
    async with intake(database, tmp_path) as desk:
        answers = await at_once(desk, database, [message(str(number), **told) for number in range(4)])
        assert len({referral_in(answer) for answer in answers}) == 1
        assert [event["sequence"] for event in await desk.events()] == [1, 2, 3, 4]
        assert {orjson.loads(answer.body)["emergency"] for answer in answers} == {urgent}


async def test_of_two_persons_under_one_name_at_once_neither_becomes_part_of_the_other(
    database: Database, tmp_path: Path
):
    bob = {"name": {"given": "Bob", "family": "Other"}, "born": "1990-01-02", "postcode": "SW9 8AA"}
    async with intake(database, tmp_path) as desk:
        messages = [message("1"), message("2", person=bob)]
        with pytest.raises(Refused, match="conflict"):
            await at_once(desk, database, messages)
        events = await desk.events()
        assert ["conflicts_with" in event for event in events] == [False, True]


async def test_a_new_referral_of_another_person_under_a_known_name_is_a_conflict_that_a_person_looks_at(
    database: Database, tmp_path: Path
):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1"))
        bob = {"name": {"given": "Bob", "family": "Other"}, "born": "1990-01-02", "postcode": "SW9 8AA"}
        for _ in range(2):
            with pytest.raises(Refused, match="conflict") as refused:
                await take(desk, message("2", person=bob, risk={"life_in_danger": "yes"}))
            assert refused.value.members["emergency"] is True
        received, conflicting = await desk.events(referral_in(first))
        assert conflicting["conflicts_with"] == str(derived_id(UUID(received["referral_id"]), RECEIVED, "1"))
        assert conflicting["referral"]["risk"]["life_in_danger"] == "yes"
        record = await desk.get(f"/referrals/{referral_in(first)}/record", "hub", X_Purpose="direct-care")
        assert record.json()["referral"]["person"]["name"] == ADA["name"]


async def test_a_new_message_with_a_corrected_birth_date_is_of_the_same_person_by_the_nhs_number(
    database: Database, tmp_path: Path
):
    known = {**ADA, "nhs_number": "9990000018"}
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1", person=known))
        corrected = message("2", person={**known, "born": "1984-03-18"})
        assert referral_in(await take(desk, corrected)) == referral_in(first)


@pytest.mark.parametrize(
    "somebody",
    [
        {"name": {"given": "Bob", "family": "Other"}, "postcode": "SW9 8AA"},
        {"name": {"given": "Eve", "family": "Example"}, "born": "1984-03-17", "postcode": "SW9 8AA"},
    ],
    ids=["half known", "a twin"],
)
async def test_whoever_is_not_surely_the_same_person_is_not_made_part_of_anothers_referral(
    database: Database, tmp_path: Path, somebody: dict[str, Any]
):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1", person={**ADA, "nhs_number": "9990000018"}))
        with pytest.raises(Refused, match="conflict") as refused:
            await take(desk, message("2", person=somebody))
        assert [fault.path for fault in refused.value.faults] == ["name"]
        assert [event["sequence"] for event in await desk.events(referral_in(first))] == [1, 2]


async def test_a_conflict_gives_the_other_persons_name_to_nobody(database: Database, tmp_path: Path):
    bob = {"name": {"given": "Bob", "family": "Other"}, "postcode": "SW9 8AA"}
    async with intake(database, tmp_path) as desk:
        ada = await take(desk, message("1", name="A"))
        with pytest.raises(Refused, match="conflict"):
            await take(desk, message("1", name="B", person=bob))
        again = await take(desk, message("2", name="B", person=bob))
        assert referral_in(again) != referral_in(ada)
        gone = Told("hl7v2", "cancel", {"message_id": "3"}, names=("B",))
        assert referral_in(await take(desk, gone)) == referral_in(again)


@pytest.mark.parametrize("does", ["amend", "cancel"])
async def test_a_change_or_cancellation_that_is_surely_about_another_person_changes_nothing(
    database: Database, tmp_path: Path, does: Any
):
    bob = {"name": {"given": "Bob", "family": "Other"}, "born": "1990-01-02", "nhs_number": "9990000026"}
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1", person={**ADA, "nhs_number": "9990000018"}))
        wrong = message("2", does=does, person=bob)._replace(person={"person": bob})
        for _ in range(2):
            with pytest.raises(Refused, match="conflict"):
                await take(desk, wrong)
        received, conflicting = await desk.events(referral_in(first))
        assert (received["sequence"], conflicting["sequence"]) == (1, 2)
        assert "conflicts_with" in conflicting
        record = await desk.get(f"/referrals/{referral_in(first)}/record", "hub", X_Purpose="direct-care")
        assert record.json()["referral"]["person"]["name"] == ADA["name"]


@pytest.mark.parametrize("does", ["amend", "cancel"])
async def test_a_change_or_cancellation_that_says_by_nhs_number_alone_that_it_is_about_another_person_changes_nothing(
    database: Database, tmp_path: Path, does: Any
):
    somebody = {"nhs_number": "9990000026"}
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1", person={**ADA, "nhs_number": "9990000018"}))
        wrong = message("2", does=does, person=somebody)._replace(person={"person": somebody})
        with pytest.raises(Refused, match="conflict"):
            await take(desk, wrong)
        _, conflicting = await desk.events(referral_in(first))
        assert "conflicts_with" in conflicting


async def test_a_change_may_correct_an_nhs_number_where_name_and_birth_date_say_who_it_is(
    database: Database, tmp_path: Path
):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1", person={**ADA, "nhs_number": "9990000018"}))
        corrected = message("2", does="amend", person={**ADA, "nhs_number": "9990000026"})
        assert referral_in(await take(desk, corrected)) == referral_in(first)
        assert "conflicts_with" not in (await desk.events(referral_in(first)))[-1]


async def test_a_new_referral_with_the_number_of_one_person_and_the_name_and_birth_date_of_another_is_a_conflict(
    database: Database, tmp_path: Path
):
    child = {"name": {"given": "Bob", "family": "Example"}, "born": "2014-01-02", "nhs_number": "9990000018"}
    async with intake(database, tmp_path) as desk:
        await take(desk, message("1", person={**ADA, "nhs_number": "9990000018"}))
        with pytest.raises(Refused, match="conflict"):
            await take(desk, message("2", person=child))


async def test_a_message_that_names_two_referrals_is_a_conflict(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        one = await take(desk, message("1", name="A"))
        await take(desk, message("2", name="B"))
        with pytest.raises(Refused, match="conflict"):
            await take(desk, message("3", name="B", does="amend")._replace(referral_id=UUID(referral_in(one))))
        with pytest.raises(Refused, match="conflict"):
            await take(desk, message("4", does="amend")._replace(names=("A", "B")))


async def test_an_id_of_another_sources_referral_is_no_id_and_touches_nothing(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        theirs = UUID(referral_in(await take(desk, message("1"), source="other-gp")))
        mine = await take(desk, message("1", name="MINE")._replace(referral_id=theirs))
        assert referral_in(mine) != str(theirs)
        assert len(await desk.events(str(theirs))) == 1
        with pytest.raises(Refused, match="not-found"):
            await take(desk, Told("hl7v2", "cancel", {"message_id": "2"}, referral_id=theirs))


@pytest.mark.parametrize("number", ["1", ""], ids=["with an id", "without one"])
async def test_what_a_source_tried_out_before_it_went_live_is_nothing_that_its_referrals_meet(
    database: Database, tmp_path: Path, number: str
):
    async with intake(database, tmp_path) as desk:
        live = next(one for one in desk.whole.senders.sources if one.id == "gp")
        trying = live.model_copy(update={"synthetic": True})
        tried = await handlers.take(desk.whole, trying, arrived(b"MSH|", continue_trace(None)), message(number))
        real = await take(desk, message(number))
        assert not real.repeat
        assert referral_in(real) != referral_in(tried)
        (event,) = await desk.events(referral_in(real))
        assert "linked_to" not in event


async def test_a_repeat_is_answered_as_before_also_where_the_source_may_only_refer(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1"), source="form")
        assert await take(desk, message("1"), source="form") == (first.body, True)
        with pytest.raises(Refused, match="conflict"):
            await take(desk, message("2", presentation={"phq9": 21}), source="form")
        assert len(await desk.events(referral_in(first))) == 2


async def test_words_of_risk_that_no_field_takes_are_not_overwritten(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1", unmapped={"note": "wants to end her life"}))
        await take(desk, message("2", does="amend", unmapped={"note": "blood pressure normal"}))
        assert (await desk.events(referral_in(first)))[-1]["referral"]["risk_words"] is True
