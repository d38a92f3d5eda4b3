"""The way in that all standards share, on a real database: names, amendments of what is known, attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from services.intake.problems import Refused
from services.intake.sources.told import Told, attached
from tests.intake import ADA, intake
from tests.telling import message, referral_in, take

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Database

LETTER = b"%PDF-1.7 a letter"


async def test_a_new_message_about_a_referral_that_its_sender_named_before_amends_that_referral(
    database: Database, tmp_path: Path
):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1"))
        second = await take(desk, message("2", presentation={"phq9": 21}))
        assert referral_in(first) == referral_in(second)
        events = await desk.events(referral_in(first))
        assert [event["sequence"] for event in events] == [1, 2]
        assert events[1]["referral"]["presentation"]["phq9"] == 21


async def test_a_repeat_is_answered_as_before_whatever_came_between(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1"))
        await take(desk, message("2", presentation={"phq9": 21}))
        assert await take(desk, message("1")) == (first.body, True)
        assert (await take(desk, message("2", presentation={"phq9": 21}))).repeat
        assert len(await desk.events(referral_in(first))) == 2


async def test_one_sender_cannot_reach_another_ones_referral_by_its_name(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        mine = await take(desk, message("1"))
        theirs = await take(desk, message("1"), source="other-gp")
        assert referral_in(mine) != referral_in(theirs)
        with pytest.raises(Refused, match="not-found"):
            await take(desk, message("2", does="cancel", name="unheard-of"))


async def test_a_cancellation_finds_its_referral_by_name(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, message("1"))
        gone = Told("hl7v2", "cancel", {"message_id": "2", "reason": "duplicate"}, names=("GP-REF-1",))
        assert referral_in(await take(desk, gone)) == referral_in(first)
        assert (await desk.events(referral_in(first)))[-1]["reason"] == "duplicate"


async def test_an_emergency_that_is_refused_says_to_phone(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        with pytest.raises(Refused) as refused:
            await take(desk, message("1", does="amend", name="unheard-of", risk={"life_in_danger": "yes"}))
        assert refused.value.members["emergency"] is True


async def test_an_emergency_that_cannot_be_looked_up_by_a_fault_of_ours_says_to_phone(
    database: Database, tmp_path: Path
):
    async with intake(database, tmp_path) as desk:
        await database.fetch("ALTER TABLE intake.seen RENAME TO gone")
        with pytest.raises(Refused) as refused:
            await take(desk, message("1", risk={"life_in_danger": "yes"}))
        assert (refused.value.status, refused.value.members["emergency"]) == (500, True)


@pytest.mark.parametrize("does", ["amend", "cancel"])
async def test_what_does_not_say_which_referral_it_is_about_is_told_what_is_missing(
    database: Database, tmp_path: Path, does: Any
):
    async with intake(database, tmp_path) as desk:
        with pytest.raises(Refused) as refused:
            await take(desk, message("1", does=does, risk={"life_in_danger": "yes"})._replace(names=()))
        assert [(fault.path, fault.code) for fault in refused.value.faults] == [("name", "required")]
        assert (refused.value.code, refused.value.members["emergency"]) == ("incomplete", True)


async def test_an_attachment_is_served_to_the_team_that_has_the_referral_and_the_reading_is_noted(
    database: Database, tmp_path: Path
):
    file, _ = attached(LETTER, "application/pdf", "OBX-5")
    assert file is not None
    async with intake(database, tmp_path) as desk:
        referral_id = referral_in(await take(desk, message("1", files=(file, file))))
        path = f"/referrals/{referral_id}/attachments/{file.sha256}"
        assert (await desk.get(path, "therapies", X_Purpose="direct-care")).status_code == 404
        await desk.decide(referral_id, "talking-therapies-step-2")
        shown = await desk.get(path, "therapies", X_Purpose="direct-care")
        assert (shown.content, shown.headers["content-type"]) == (LETTER, "application/pdf")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert (await desk.get(path, "memory", X_Purpose="direct-care")).status_code == 404
        assert (await desk.get(path, "therapies")).status_code == 422
        events = await desk.events(referral_id)
        assert [event["topic"] for event in events] == ["referrals.received", "frontdoor.operations"]
        assert LETTER.decode() not in str(events)
        assert events[0]["referral"]["attachments"] == 1


async def test_codes_that_no_table_knows_are_counted_by_source_and_place(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        person = {**ADA, "ethnic_category": "ethnic|04"}
        await take(desk, message("1", person=person)._replace(trail={"person.ethnic_category": "PID-22"}))
        rows = await database.fetch("SELECT source, standard, path, code FROM intake.unmapped")
        assert [tuple(row) for row in rows] == [("gp", "hl7v2", "PID-22", "ethnic|04")]


async def test_text_that_no_field_takes_is_screened_and_kept_for_the_hub(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        unmapped = {"ZMH-4": "has said she wants to end her life"}
        referral_id = referral_in(await take(desk, message("1", unmapped=unmapped)))
        assert (await desk.events(referral_id))[0]["referral"]["risk_words"] is True
        record = await desk.get(f"/referrals/{referral_id}/record", "hub", X_Purpose="direct-care")
        assert record.json()["referral"]["unmapped"] == unmapped
