"""HL7 v2 over MLLP on real sockets and a real database: what is answered, and what is kept before it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.mllp import PID, Line, a_message, listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.intake import Desk
    from tests.stack import Database


@pytest.fixture
async def opened(database: Database, tmp_path: Path) -> AsyncIterator[tuple[Desk, Line]]:
    """Intake, and a connection to it."""
    async with listening(database, tmp_path) as (desk, port), Line.open(port) as line:
        yield desk, line


async def rows(desk: Desk, sql: str) -> int:
    return int((await desk.database.fetch(f"SELECT count(*) FROM {sql}"))[0][0])


async def test_a_referral_is_kept_before_it_is_answered_with_our_id_beside_the_senders(opened: tuple[Desk, Line]):
    desk, line = opened
    answer = await line.ask(a_message())
    assert (answer.code, answer.field("MSA", 2), answer.field("MSH", 11)) == ("AA", "C1", "P")
    assert answer.field("MSH", 9) == "RRI^I12^RRI_I12"
    assert (answer.field("MSH", 3), answer.field("MSH", 5)) == ("FRONTDOOR", "EMIS")
    assert answer.field("RF1", 6) == "REF-1^EMIS"
    receipt = await desk.database.fetch("SELECT referral_id::text, original, standard FROM intake.receipt")
    assert tuple(receipt[0]) == (answer.referral_id, a_message(), "hl7v2")
    assert answer.referral_id in answer.field("MSA", 3)


async def test_a_repeat_is_answered_by_the_same_rri(opened: tuple[Desk, Line]):
    desk, line = opened
    first, again = await line.ask(a_message()), await line.ask(a_message())
    assert [one[:6] + one[7:] for one in again.segments] == [one[:6] + one[7:] for one in first.segments]
    assert again.field("MSH", 10) == first.field("MSH", 10)
    assert await rows(desk, "intake.receipt") == 1


async def test_another_content_under_the_same_control_id_is_an_error_and_a_persons_to_look_at(
    opened: tuple[Desk, Line],
):
    desk, line = opened
    first = await line.ask(a_message())
    other = await line.ask(a_message("NTE|1||Worse since yesterday."))
    assert (other.code, other.field("ERR", 1)) == ("AE", "MSH^1^10^205&Duplicate key identifier&HL70357")
    assert [event["sequence"] for event in await desk.events(first.referral_id)] == [1, 2]


async def test_i13_changes_and_i14_cancels_the_referral_that_rf1_names(opened: tuple[Desk, Line]):
    desk, line = opened
    first = await line.ask(a_message())
    change = a_message("OBX|2|NM|PHQ9||21", event="I13", control="C2", without="OBX|1")
    changed = await line.ask(change)
    assert (changed.code, changed.field("MSH", 9)) == ("AA", "RRI^I13^RRI_I12")
    cancelled = await line.ask(a_message("NTE|1||Sent twice.", event="I14", control="C3", without="OBX PID"))
    assert (cancelled.code, cancelled.referral_id) == ("AA", first.referral_id)
    events = await desk.events(first.referral_id)
    assert [event["topic"] for event in events] == ["referrals.received"] * 3
    assert events[1]["referral"]["presentation"]["phq9"] == 21


async def test_our_own_id_names_the_referral_too(opened: tuple[Desk, Line]):
    _, line = opened
    first = await line.ask(a_message())
    quoted = f"RF1|||||||||||{first.referral_id}^FRONTDOOR"
    gone = await line.ask(a_message(quoted, event="I14", control="C2", without="RF1"))
    assert (gone.code, gone.referral_id) == ("AA", first.referral_id)
    unnamed = await line.ask(a_message(event="I14", control="C3", without="RF1"))
    assert (unnamed.code, unnamed.field("ERR", 1)) == ("AE", "RF1^1^6^101&Required field missing&HL70357")


async def test_a_change_of_an_unknown_referral_is_an_error_at_its_name(opened: tuple[Desk, Line]):
    _, line = opened
    answer = await line.ask(a_message(event="I13", name="REF-UNHEARD", version="2.5.1"))
    assert (answer.code, answer.field("ERR", 2)) == ("AE", "RF1^1^6")
    assert answer.field("ERR", 3) == "204^Unknown key identifier^HL70357"


async def test_who_cannot_be_identified_is_told_where(opened: tuple[Desk, Line]):
    desk, line = opened
    answer = await line.ask(a_message(version="2.5", without="PID OBX"))
    assert answer.code == "AE"
    assert [(one[2], one[3][:3], one[4]) for one in answer.every("ERR")] == [
        ("PID^1^3", "101", "E"),
        ("RF1^1^10", "101", "E"),
    ]
    assert await rows(desk, "intake.receipt") == 0


@pytest.mark.parametrize(
    ("told", "condition"),
    [
        ({"kind": "ADT^A01^ADT_A01"}, "MSH^1^9^200"),
        ({"kind": "REF^I15"}, "MSH^1^9^200"),
        ({"version": "2.1"}, "MSH^1^12^203"),
        ({"processing": "T"}, "MSH^1^11^202"),
        ({"processing": "D"}, "MSH^1^11^202"),
        ({"facility": "Y99001", "processing": "P"}, "MSH^1^11^202"),
    ],
)
async def test_what_is_not_taken_here_is_rejected_and_nothing_kept(
    opened: tuple[Desk, Line], told: dict[str, str], condition: str
):
    desk, line = opened
    answer = await line.ask(a_message(**told))
    assert (answer.code, answer.field("ERR", 1).partition("&")[0]) == ("AR", condition)
    assert await rows(desk, "intake.receipt") == 0


async def test_a_training_message_of_a_synthetic_source_is_taken_and_marked(opened: tuple[Desk, Line]):
    desk, line = opened
    answer = await line.ask(a_message(facility="Y99001", processing="T"))
    assert (answer.code, answer.field("MSH", 11)) == ("AA", "T")
    assert (await desk.database.fetch("SELECT synthetic FROM intake.receipt"))[0][0] is True


async def test_nobody_knows_a_sender_by_a_name_of_its_own_making(opened: tuple[Desk, Line]):
    desk, line = opened
    answer = await line.ask(a_message(facility="G99999"))
    assert (answer.code, answer.field("MSA", 2)) == ("AR", "C1")
    assert "no sender is known" in answer.field("MSA", 3)
    assert await rows(desk, "intake.receipt") == 0


async def test_a_plain_ack_carries_our_id_where_the_sender_wants_no_rri(opened: tuple[Desk, Line]):
    _, line = opened
    answer = await line.ask(a_message(facility="G85002"))
    assert (answer.code, answer.field("MSH", 9), answer.every("RF1")) == ("AA", "ACK^I12^ACK", [])
    assert "taken, referral " in answer.field("MSA", 3)


@pytest.mark.parametrize("version", ["2.3", "2.4", "2.5.1", "2.8"])
async def test_an_emergency_is_told_to_phone_now_whether_it_is_taken_or_not(opened: tuple[Desk, Line], version: str):
    desk, line = opened
    urgent = "OBX|2|ST|risk.life_in_danger^Life in danger^FRONTDOOR||yes"
    taken = await line.ask(a_message(urgent, version=version))
    assert taken.code == "AA"
    assert taken.field("MSA", 3).startswith(desk.whole.phone_now[:30])
    assert taken.field("NTE", 3) == desk.whole.phone_now
    unknown = await line.ask(a_message(urgent, version=version, control="C2", name="REF-2", without="PID"))
    assert unknown.code == "AE"
    assert desk.whole.phone_now in unknown.field("MSA", 3)
    assert version < "2.5" or desk.whole.phone_now in unknown.field("ERR", 8)


async def test_warnings_are_told_where_the_version_has_a_place_for_them(opened: tuple[Desk, Line]):
    _, line = opened
    impossible = PID.replace("19840317", "19840231")
    older = await line.ask(a_message(impossible, without="PID"))
    assert older.field("NTE", 3).startswith("PID-7: cannot be read")
    newer = await line.ask(a_message(impossible, without="PID", version="2.5", control="C2", name="REF-2^EMIS"))
    assert newer.field("ERR", 2) == "PID^1^7"
    assert (newer.field("ERR", 3)[:3], newer.field("ERR", 4)) == ("102", "W")
    assert (older.code, newer.code) == ("AA", "AA")


async def test_a_message_without_a_control_id_is_known_by_its_content(opened: tuple[Desk, Line]):
    desk, line = opened
    first = await line.ask(a_message(control="", name=""))
    again = await line.ask(a_message(control="", name=""))
    assert (first.code, first.field("MSA", 2)) == ("AA", "")
    assert again.referral_id == first.referral_id
    assert await rows(desk, "intake.receipt") == 1


async def test_the_rate_of_a_source_counts_here_too(opened: tuple[Desk, Line]):
    _, line = opened
    assert (await line.ask(a_message(facility="G85003"))).code == "AA"
    slowed = await line.ask(a_message(facility="G85003", control="C2"))
    assert (slowed.code, "slow down" in slowed.field("MSA", 3)) == ("AR", True)


async def test_what_a_source_may_not_do_is_rejected(opened: tuple[Desk, Line]):
    _, line = opened
    assert (await line.ask(a_message(facility="G85004"))).code == "AA"
    assert (await line.ask(a_message(facility="G85004", event="I13", control="C2"))).code == "AR"


async def test_each_message_of_a_batch_is_answered_by_itself_in_its_order(opened: tuple[Desk, Line]):
    desk, line = opened
    both = [a_message(control=f"C{number}", name=f"REF-{number}^EMIS") for number in (1, 2)]
    answers = [
        await line.ask(b"FHS|^~\\&|EMIS\rBHS|^~\\&|EMIS\r" + b"".join(both) + b"BTS|2\rFTS|1\r"),
        await line.read(),
    ]
    assert [(one.code, one.field("MSA", 2)) for one in answers] == [("AA", "C1"), ("AA", "C2")]
    assert await rows(desk, "intake.referral") == 2


async def test_an_attached_letter_is_kept_as_a_document(opened: tuple[Desk, Line]):
    desk, line = opened
    letter = "OBX|1|ED|LETTER^Letter^L||^application^pdf^Base64^JVBERi0xLjcgYSBsZXR0ZXI=||||||F"
    answer = await line.ask(a_message(letter, without="OBX"))
    assert answer.code == "AA"
    kept = await desk.database.fetch("SELECT type, content FROM intake.attachment")
    assert tuple(kept[0]) == ("application/pdf", b"%PDF-1.7 a letter")


@pytest.mark.parametrize("event", ["I12", "I13"])
async def test_a_document_that_comes_later_overwrites_no_word_and_what_is_withdrawn_is_no_longer_recorded(
    opened: tuple[Desk, Line], event: str
):
    desk, line = opened
    harmless = "OBX|2|CWE|risk.to_others^^FRONTDOOR||none||||||"
    letter = "OBX|3|ED|LETTER^Letter^L||^application^pdf^Base64^JVBERi0xLjcg{}||||||F"
    alarming = "NTE|1||Low mood since May.\nMSH: says she wants to end her life."
    first = await line.ask(a_message(alarming, f"{harmless}F", letter.format("QQ=="), without="OBX"))
    later = a_message(letter.format("Qg=="), f"{harmless}W", event=event, control="C2", without="OBX|1")
    assert (first.code, (await line.ask(later)).code) == ("AA", "AA")
    before, after = (event["referral"] for event in await desk.events(first.referral_id))
    assert before["risk_words"] is after["risk_words"] is True
    assert before["risk"]["to_others"] == "none"
    assert "to_others" not in after.get("risk", {})
    assert (before["attachments"], after["attachments"]) == (1, 2)


async def test_practices_behind_one_system_may_number_alike(database: Database, tmp_path: Path):
    async with (
        listening(database, tmp_path, {"fast": {"application": "EMIS"}}) as (desk, port),
        Line.open(port) as line,
    ):
        one = await line.ask(a_message(facility="G85001"))
        other = await line.ask(a_message("NTE|1||Another person's.", facility="G85002"))
        assert (one.code, other.code) == ("AA", "AA")
        assert one.referral_id != other.referral_id
        elsewhere = await line.ask(a_message(facility="G85003", event="I14", control="C2"))
        assert elsewhere.code == "AE"
        assert await rows(desk, "intake.referral") == 2


async def test_a_connection_may_rest_between_two_messages(database: Database, tmp_path: Path):
    async with listening(database, tmp_path, mllp_first_byte=0.2, mllp_idle=30) as (_, port), Line.open(port) as line:
        assert (await line.ask(a_message())).code == "AA"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.closed(), 0.6)
        assert (await line.ask(a_message(control="C2"))).code == "AA"
