"""The way in that all standards share, on a real database: names, amendments of what is known, attachments."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest

from services.intake import handlers
from services.intake.problems import Refused
from services.intake.sources.told import Attachment, Told, attached, listed
from services.intake.transports.admission import arrived
from shared.events import RECEIVED, derived_id
from shared.traceparent import continue_trace
from tests.intake import ADA, intake

if TYPE_CHECKING:
    from pathlib import Path

    from services.intake.taking import Answer
    from tests.intake import Desk
    from tests.stack import Database

LETTER = b"%PDF-1.7 a letter"


def message(
    number: str, *, name: str = "GP-REF-1", does: Any = "refer", files: tuple[Attachment, ...] = (), **document: Any
) -> Told:
    document = {"message_id": number, "person": ADA, "reason": {"code": "04"}, **document}
    if files:
        document["attachments"] = listed(files)
    return Told("hl7v2", does, document, names=(name,), attachments=files)


async def take(desk: Desk, told: Told, body: bytes = b"MSH|...", source: str = "gp") -> Answer:
    sender = next(one for one in desk.whole.senders.sources if one.id == source)
    return await handlers.take(desk.whole, sender, arrived(body, continue_trace(None)), told)


def referral_in(answer: Answer) -> str:
    return str(orjson.loads(answer.body)["referral_id"])


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


async def test_of_two_new_messages_at_once_that_name_one_referral_one_amends_the_other(
    database: Database, tmp_path: Path
):
    async with intake(database, tmp_path) as desk:
        answers = await asyncio.gather(*(take(desk, message(str(number))) for number in range(8)))
        assert len({referral_in(answer) for answer in answers}) == 1
        assert [event["sequence"] for event in await desk.events()] == list(range(1, 9))


async def test_one_sender_cannot_reach_another_ones_referral_by_its_name(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        mine = await take(desk, message("1"))
        theirs = await take(desk, message("1"), source="other-gp")
        assert referral_in(mine) != referral_in(theirs)
        with pytest.raises(Refused, match="not-found"):
            await take(desk, message("2", does="cancel", name="unheard-of"))


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
