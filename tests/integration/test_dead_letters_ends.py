"""What becomes of dead letters in the end: statuses, accounts, alerts, and a topic that takes none."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.frontdoor.reconcile import look
from shared import topics
from shared.codes import CareSetting, HoldReason
from shared.kafka import Record
from shared.kafka_admin import admin
from shared.settings import ServiceSettings
from tests.builders import Person
from tests.dead_letters import WHO, decisions, frontdoor, letters, listed, parked, said
from tests.feeding import as_record, publish, send
from tests.intake import a_body
from tests.waiting import eventually
from tests.watching import metric, watching

if TYPE_CHECKING:
    from tests.stack import Stack

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(240)]

DEAD = topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP)


async def test_a_decision_that_intake_could_not_read_is_discarded_only_once_a_later_one_came(small: Stack) -> None:
    small.start("intake", "triage", "audit")
    ada = Person("ada")
    await send(small, ada.received())
    (output,) = await eventually(
        lambda: small.fetch('SELECT topic, partition, "offset" FROM triage.output WHERE "offset" IS NOT NULL')
    )
    (record,) = await small.records(output["topic"])
    again = Record(output["topic"], output["partition"], record.key, b"no decision", tuple(record.headers))
    await publish(small, [again])
    (row,) = await eventually(lambda: _some(small), 40)
    assert (row["group"], row["code"], row["referral_id"]) == ("intake-status", "not-a-decision", str(ada.referral_id))
    refused = await said(small, "discard", row["id"], *WHO, code=1)
    assert "neither the sender nor the team would hear" in refused["refused"][0]["why"]
    edited = await said(small, "edit", row["id"], "--value", "-", *WHO, piped=(record.value or b"").decode())
    assert edited["worked"] == [row["id"]]


async def test_where_most_decisions_cannot_be_read_intake_parks_none_of_them_and_goes_on_taking_referrals(
    small: Stack,
) -> None:
    await publish(small, [Record(topics.ROUTED[CareSetting.PEER_SUPPORT], 0, None, b"%d" % n, ()) for n in range(40)])
    small.start("intake", fuse_window=30)
    await eventually(lambda: _said(small, "statuses are not followed"), 40)
    answer = await small.post("/referrals", a_body(), "gp")
    assert answer.status_code == 202, answer.text
    assert (await small.get("/ready")).status_code == 200
    figures = (await small.get("/metrics")).text
    assert "frontdoor_statuses_followed 0.0" in figures
    assert await small.records(topics.dead_letters(topics.ROUTED[CareSetting.PEER_SUPPORT], topics.STATUS_GROUP)) == []
    assert '"code": "fuse", "why": "30 of the newest 30 records cannot be read"' in small.logs("intake")


async def _said(stack: Stack, what: str) -> bool:
    return what in stack.logs("intake")


async def _some(stack: Stack) -> list[object]:
    return list(await listed(stack))


async def test_what_intake_took_and_somebody_edited_or_discarded_is_accounted_for_and_the_watch_says_so(
    small: Stack,
) -> None:
    """The record is spoilt where a faulty version would: in the outbox, as it is written."""
    await small.fetch(
        "CREATE FUNCTION spoil() RETURNS trigger AS $$ BEGIN NEW.value := NEW.value || '!'; RETURN NEW; END $$ LANGUAGE plpgsql"
    )
    await small.fetch("CREATE TRIGGER spoil BEFORE INSERT ON intake.outbox FOR EACH ROW EXECUTE FUNCTION spoil()")
    small.start("intake", "triage", "audit")
    answers = [await small.post("/referrals", a_body(message_id=name)) for name in ("one", "two")]
    first, second = (answer.json()["referral_id"] for answer in answers)
    rows = await eventually(lambda: _two(small), 40)
    mine = {row["referral_id"]: row for row in rows}
    account = await look(small.database.dsn("frontdoor_reader"))
    assert (len(account.parked), account.unaccounted) == (2, [])
    async with watching(small.database) as watch:
        assert {line["referral_id"] for line in await watch.twice_at(_now())} == {first, second}
        await _worked(small, mine, first, second)
        cleared = await watch.at(_now())
        assert {line["referral_id"] for line in cleared if line["event"] == "accounted for"} == {first, second}
        assert metric("frontdoor_not_accounted") == 0
        assert metric("frontdoor_unanswered", status="held") == 2
    held = {str(row["referral_id"]): row["hold_reason"] for row in await small.fetch("SELECT * FROM triage.held")}
    assert held[second] == "parked"
    status = (await small.get(f"/referrals/{second}")).json()["status"]
    assert status == "held"
    verified = await asyncio.to_thread(frontdoor, small, "audit", "verify")
    assert verified.returncode == 0, verified.stdout
    assert "compared 3 audited digests with intake's receipts: all stand" in verified.stdout


async def _worked(small: Stack, mine: dict[str, dict[str, str]], first: str, second: str) -> None:
    """One is edited and one discarded, of which the hub has the referral still."""
    (spoilt,) = [record for record in await letters(small) if (record.key or b"").decode() == first]
    file = small.folder / "value.json"
    file.write_bytes((spoilt.value or b"").removesuffix(b"!"))
    await said(small, "edit", mine[first]["id"], "--value", file, *WHO)
    await said(small, "discard", mine[second]["id"], *WHO)

    async def accounted() -> bool:
        account = await look(small.database.dsn("frontdoor_reader"))
        assert (account.taken, account.decided, account.audited) == (2, 1, 1)
        assert [str(entry.referral_id) for entry in account.parked] == [second]
        return not account.unaccounted and not account.in_flight

    await eventually(accounted, 40)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


async def _two(stack: Stack) -> list[dict[str, str]] | None:
    rows = await listed(stack)
    return rows if len(rows) == 2 else None


async def test_an_incident_is_said_once_by_each_audit_and_its_end_once_and_the_figures_outlive_a_restart(
    small: Stack,
) -> None:
    small.start("triage", "audit")
    ada, bea = Person("ada"), Person("bea")
    await parked(small, *(as_record(small, each.received())._replace(value=b"{") for each in (ada, bea)))
    await eventually(lambda: _shows(small, 2))
    await eventually(lambda: small.logs("audit").count("dead letters wait") == 1)
    small.kill("audit")
    small.start("audit")
    await eventually(lambda: _shows(small, 2))
    await eventually(lambda: small.logs("audit").count("dead letters wait") == 2)
    await said(small, "discard", "--code", "unreadable", "--yes", *WHO)
    await eventually(lambda: _shows(small, None))
    await eventually(lambda: small.logs("audit").count("dead letters worked") == 1)
    told = [json.loads(line) for line in small.logs("audit").splitlines() if '"dead letters w' in line]
    assert {(line["group"], line["code"]) for line in told} == {("triage", "unreadable")}
    assert len({(line["first_seen"], line["last_seen"]) for line in told}) == 1


async def _shows(stack: Stack, count: int | None) -> bool:
    text = (await stack.get("/metrics", to="audit")).text
    lines = [line for line in text.splitlines() if line.startswith('frontdoor_dead_letters_waiting{code="unreadable"')]
    return [float(line.rsplit(" ", 1)[1]) for line in lines] == ([] if count is None else [count])


async def test_where_a_dead_letter_cannot_be_written_its_partition_stops_its_person_is_held_and_the_others_go_on(
    small: Stack,
) -> None:
    small.start("triage", "audit")
    await _let_dead_letters_be(small, "10")
    ada, others = Person("ada"), [Person(f"person {n}") for n in range(12)]
    poison = as_record(small, ada.received())._replace(value=b"{" * 200)
    behind = next(person for person in others if as_record(small, person.received(1)).partition == poison.partition)
    await publish(small, [poison])
    await eventually(lambda: "partition stopped" in small.logs("triage"))
    assert (await eventually(lambda: decisions(small, ada.referral_id)))[-1].hold_reason is HoldReason.PARKED
    await send(small, *(person.received(1) for person in others))
    elsewhere = [person for person in others if as_record(small, person.received(1)).partition != poison.partition]
    for person in elsewhere:
        assert await eventually(lambda who=person.referral_id: decisions(small, who))  # type: ignore[misc]  # bound now
    assert await decisions(small, behind.referral_id) == []
    assert await _committed(small, poison.partition) in {None, 0}
    await _let_dead_letters_be(small, "1114124")
    assert await eventually(lambda: decisions(small, behind.referral_id), 90)
    (letter,) = await letters(small)
    assert letter.value == poison.value
    assert len(await decisions(small, ada.referral_id)) == 1
    assert "frontdoor_stopped_partitions" in (await small.get("/metrics", to="triage")).text


async def _let_dead_letters_be(stack: Stack, most_bytes: str) -> None:
    """Sets the largest batch that triage's dead-letter topic takes."""
    settings = ServiceSettings.model_validate({"postgres_dsn": "", **stack.settings})
    async with admin(settings) as client:
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, DEAD, {"max.message.bytes": most_bytes})])


async def _committed(stack: Stack, partition: int) -> int | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.kafka.bootstrap, group_id=topics.TRIAGE_GROUP)
    await consumer.start()
    try:
        found: int | None = await consumer.committed(TopicPartition(topics.RECEIVED, partition))
        return found
    finally:
        await consumer.stop()
