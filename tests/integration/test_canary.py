"""A marked person goes down every path of success and failure; the marks are found in intake's schema and nowhere else.

Each sink is first seen to catch a mark that was planted where it may stand: in a source's own id, in an organisation's
code, in an instance's name, in a rule set's version. (Audit's metrics have no label that is not from a closed list.)
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

import asyncpg
import yaml

from shared import topics
from shared.kafka import Publisher, Record
from shared.settings import ServiceSettings
from tests.signing import signed
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Stack

PLANTED = "plant3dm"  # formed like an ODS code, so that it may travel
MARKS = {
    "given": "Zephyrine",
    "family": "Quillfeather",
    "nhs": "9990000018",
    "born": "1971-03-17",
    "street": "Marlinspike",
    "postcode": "SW2 9ZZ",
    "phone": "07700900317",
    "email": "zq@canary.example",
    "carer": "Barnabole",
    "child": "Ottiline",
    "story": "thunderclap over Brixton",
    "wish": "a garden of cardamom",
    "field": "MrsQuillfeatherNotes",
    "message": "msg-of-quillfeather",
    "value": "wobblyvalue",
    "filename": "letter-about-zephyrine",
    "bearer": "bearer-of-zephyrine",
}
PERSON = {
    "name": {"given": MARKS["given"], "family": MARKS["family"]},
    "nhs_number": MARKS["nhs"],
    "born": MARKS["born"],
    "address": [f"1 {MARKS['street']} Road"],
    "postcode": MARKS["postcode"],
}


def a_marked(**more: Any) -> dict[str, Any]:
    """A referral with a mark in every field that identifies, and in values and names that nobody knows."""
    return {
        "person": {**PERSON, "ethnic_category": MARKS["value"], "gender": MARKS["value"]},
        "contact": {
            "phone": MARKS["phone"],
            "email": MARKS["email"],
            "preferred": f"after {MARKS['wish']}",
            "if_unreachable": MARKS["story"],
            "carers": [{"name": MARKS["carer"], "relationship": "aunt", "phone": MARKS["phone"]}],
        },
        "referrer": {"name": MARKS["carer"], "organisation": PLANTED, "email": MARKS["email"], "urgency": "3"},
        "reason": {"code": "04", "text": f"Afraid: {MARKS['story']}", "wants": MARKS["wish"]},
        "presentation": {"phq9": 12, "phq9_item9": 0, "history": MARKS["story"], "function": MARKS["value"]},
        "risk": {
            "life_in_danger": "no",
            "suicidal": "none",
            "self_harm": "none",
            "to_others": MARKS["value"],
            "protective": MARKS["story"],
            "dependants": [{"name": MARKS["child"], "age": 4}],
        },
        "social": {"needs": [MARKS["value"]], "strengths": MARKS["wish"]},
        "attachments": [{"id": MARKS["filename"], "type": "application/pdf", "sha256": "0" * 64, "size": 9}],
        MARKS["field"]: {MARKS["field"]: MARKS["value"]},
        **more,
    }


async def every_path(stack: Stack) -> list[bytes]:
    """Sends the marked person down every path; what was answered, but for the record itself."""
    answers = []

    async def said(path: str, body: Any, key: str = "gp", **headers: str) -> dict[str, Any]:
        answer = await stack.post(path, body, key=key, **headers)
        answers.append(answer.content + str(dict(answer.headers)).encode())
        return answer.json() if answer.content else {}

    first = await said("/referrals", a_marked(message_id=MARKS["message"]))
    await said("/referrals", a_marked(message_id=MARKS["message"]))
    await said("/referrals", a_marked(message_id=MARKS["message"], reason={"code": "05", "text": MARKS["story"]}))
    referral = f"/referrals/{first['referral_id']}"
    await said("/referrals", a_marked(referrer={"urgency": "1"}), key=PLANTED, Idempotency_Key=MARKS["message"])
    await said(f"{referral}/amendments", {"person": {"postcode": MARKS["postcode"]}, MARKS["field"]: 1})
    await said(f"{referral}/amendments", {"person": MARKS["value"], "reason": None})
    for body in (
        json.dumps(a_marked()).encode()[:-9],
        b'{"person": {"name": "%s", "name": "x"}}' % MARKS["given"].encode(),
        b'{"%s": NaN}' % MARKS["field"].encode(),
        MARKS["story"].encode("utf-16"),
        json.dumps({"person": PERSON}).encode(),
        json.dumps(a_marked(**{MARKS["field"] * 40: "x" * 2_000_000})).encode(),
    ):
        await said("/referrals", body)
    await said("/referrals", a_marked(), key=MARKS["bearer"])
    await said(f"/referrals/{MARKS['family']}/outcomes", {"kind": MARKS["value"]}, key="hub")
    await eventually(lambda: _decided(stack, 4))
    by = {"name": "Sam Clinician", "role": "clinician", "registration": "RN1"}
    outcome = {"by": by, "reason": "03", "note": MARKS["story"], "to": MARKS["value"], MARKS["field"]: MARKS["value"]}
    await said(f"{referral}/outcomes", {"kind": "rerouted", **outcome}, key="hub")
    await said(f"{referral}/outcomes", {"kind": "released", **outcome, "reason": "looked"}, key="hub")
    answers.append((await stack.get(referral)).content)
    answers.append((await stack.get("/sender", key=PLANTED)).content)
    shown = await stack.get(f"{referral}/record", key="hub", X_Purpose="direct-care")
    answers.append(b"" if shown.status_code == 200 else shown.content)
    await said(f"{referral}/cancellations", {"reason": MARKS["value"], "note": MARKS["story"]})
    return answers


async def _decided(stack: Stack, count: int) -> bool:
    return len(await stack.fetch("SELECT FROM triage.decision")) >= count


async def without_a_database(stack: Stack) -> list[bytes]:
    """The same while PostgreSQL is away: drivers put what they were given into their errors."""
    posting = [
        asyncio.create_task(stack.post("/referrals", a_marked(message_id=f"{MARKS['message']}-{n}"))) for n in range(4)
    ]
    backends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
    await stack.fetch(backends, stack.database.name)
    await stack.fetch("ALTER TABLE intake.receipt RENAME TO receipt_hidden")
    posting += [asyncio.create_task(stack.post("/referrals", a_marked(message_id=f"{MARKS['message']}-x")))]
    answers = await asyncio.gather(*posting)
    await stack.fetch("ALTER TABLE intake.receipt_hidden RENAME TO receipt")
    return [answer.content for answer in answers]


async def sinks(stack: Stack, answers: list[bytes]) -> dict[str, bytes]:
    """Everywhere that something personal could leak to."""
    records = await stack.records(*topics.AUDITED_TOPICS)
    services = ("intake", "triage", "audit")
    return {
        "Kafka keys": b"\n".join(record.key or b"" for record in records),
        "Kafka values": b"\n".join(record.value or b"" for record in records),
        "Kafka headers": b"\n".join(k.encode() + b"=" + (v or b"") for record in records for k, v in record.headers),
        **{f"log of {name}": stack.logs(name).encode() for name in services},
        **{f"metrics of {name}": (await stack.get("/metrics", to=name)).content for name in services},
        "log of PostgreSQL": stack.database.server.log().encode(),
        "answers": b"\n".join(answers),
        "schema triage": await schema(stack, "triage"),
        "schema audit": await schema(stack, "audit"),
    }


async def schema(stack: Stack, name: str) -> bytes:
    """Every value of every table of a schema."""
    tables = await stack.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = $1", name)
    parts = []
    for (table,) in tables:
        rows = await stack.fetch(f'SELECT * FROM {name}."{table}"')
        parts += [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row.values()]
    return b"\n".join(parts)


def found_in(text: bytes) -> set[str]:
    """The marks that a text holds, whatever their case or spacing."""
    low = text.lower()
    return {name for name, mark in MARKS.items() if any(form in low for form in _forms(mark.lower()))}


def _forms(mark: str) -> tuple[bytes, ...]:
    return mark.encode(), mark.replace(" ", "").encode(), json.dumps(mark).encode(), mark.encode("utf-16-le")


async def test_nothing_personal_leaves_intakes_own_schema(stack: Stack) -> None:
    file = stack.config / "sources.yaml"
    config = yaml.safe_load(file.read_text())
    config["sources"][PLANTED] = {**config["sources"]["gp"], "name": PLANTED, "keys": [_sha256(PLANTED)]}
    file.write_text(yaml.safe_dump(config))
    rules = stack.config / "rules/lambeth/ruleset.yaml"
    rules.write_text(signed(rules.read_text().replace('version: "2026.2.1"', f'version: "{PLANTED}"')))
    stack.settings["instance"] = PLANTED
    stack.start("intake", "triage", "audit")
    answers = await every_path(stack)
    answers += await without_a_database(stack)
    await plant(stack)
    everywhere = await eventually(lambda: _settled(stack, answers))
    blind = {name for name, text in everywhere.items() if PLANTED.encode() not in text.lower()}
    assert blind == {"metrics of audit"}, "a sink that sees nothing"
    assert {name: found_in(text) for name, text in everywhere.items() if found_in(text)} == {}
    kept = found_in(await schema(stack, "intake"))
    assert kept >= {"given", "family", "nhs", "born", "street", "postcode", "phone", "carer", "child", "story", "wish"}


async def plant(stack: Stack) -> None:
    """Puts the planted mark where no referral brings it: a Kafka key, PostgreSQL's log."""
    publisher = Publisher(ServiceSettings.model_validate({"postgres_dsn": "", **stack.settings}))
    await publisher.publish([Record(topics.OPERATIONS, 0, PLANTED.encode(), b"{}", (("ce_type", b"test"),))])
    await publisher.close()
    try:
        await stack.fetch(f"SELECT '{PLANTED}'::int")
    except asyncpg.DataError:
        return


async def _settled(stack: Stack, answers: list[bytes]) -> dict[str, bytes] | None:
    """The sinks once the withdrawal is audited: by then everything has been everywhere."""
    rows = await stack.fetch("SELECT FROM audit.record WHERE type = 'frontdoor.decision.withdrawn.v1'")
    planted = await stack.fetch("SELECT FROM audit.record WHERE type = 'test'")
    return await sinks(stack, answers) if rows and planted else None


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
