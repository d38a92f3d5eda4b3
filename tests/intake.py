"""Intake alone for tests: its HTTP edge in this process, a real database, no Kafka; and referrals for its JSON form.

async with intake(database) as desk:
    answer = await desk.post("/referrals", a_body(risk={"suicidal": "plan"}))
"""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import httpx
import orjson
import yaml

from services.intake.app import application, desk
from services.intake.senders import Source
from services.intake.settings import IntakeSettings
from services.intake.store import connections
from shared.cloudevents import from_plain
from shared.events import Decision
from shared.health import Health
from tests.builders import MONDAY_10AM, an_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from uuid import UUID

    import services.intake.taking.desk
    from tests.stack import Database

DEPLOY: Final = Path(__file__).parents[1] / "deploy"
SOURCES: Final[dict[str, dict[str, Any]]] = {
    "gp": {"locality": "lambeth"},
    "other-gp": {},
    "form": {"may": ["refer"]},
    "slow": {"rate_per_minute": 1},
    "fast": {"rate_per_minute": 1_000_000},
    "strict-gp": {"bars": {"receivers": ["RXX01"]}},
    "rehearsal": {"synthetic": True},
}
TEAMS: Final[dict[str, dict[str, Any]]] = {
    "therapies": {"destinations": ["talking-therapies-step-2", "talking-therapies-step-3"]},
    "memory": {"destinations": ["memory-service"], "sees": ["person", "contact"]},
    "hub": {"destinations": ["hub"], "hub": True},
    "rehearsal-hub": {"destinations": ["hub"], "hub": True, "synthetic": True},
}
ADA: Final = {"name": {"given": "Ada", "family": "Example"}, "born": "1984-03-17", "postcode": "SW9 8AA"}
NURSE: Final = {"name": "E. Example", "role": "mental health nurse", "registration": "99X9999Z"}
CLERK: Final = {"name": "D. Example", "role": "team lead"}


def a_body(**groups: Any) -> dict[str, Any]:
    """A referral as a source sends it: a person and a reason, and what the test is about."""
    body: dict[str, Any] = {"person": dict(ADA), "reason": {"code": "04"}}
    for name, value in groups.items():
        base = body.get(name)
        body[name] = {**base, **value} if isinstance(base, dict) and isinstance(value, dict) else value
    return body


def key_of(sender: str) -> str:
    """The key of a sender of `SOURCES` or `TEAMS`."""
    return f"a-key-of-{sender}"


class Desk:
    """Intake under test: requests as any sender, rows as the superuser."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        database: Database,
        whole: services.intake.taking.desk.Desk,
        settings: IntakeSettings,
    ) -> None:
        self.client, self.database, self.whole, self.store = client, database, whole, whole.store
        self.settings = settings
        self._decided = 0

    async def post(self, path: str, body: Any, key: str = "gp", **headers: str) -> httpx.Response:
        """Posts JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.client.post(path, content=content, headers=_headers(key, headers))

    async def get(self, path: str, key: str = "gp", **headers: str) -> httpx.Response:
        """Gets."""
        return await self.client.get(path, headers=_headers(key, headers))

    def source(self, name: str) -> Source:
        """A source as this intake knows it."""
        found = self.whole.senders.who(f"Bearer {key_of(name)}")
        assert isinstance(found, Source)
        return found

    async def refer(self, key: str = "gp", **groups: Any) -> str:
        """Sends a referral that is taken; its id."""
        answer = await self.post("/referrals", a_body(**groups), key)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["referral_id"])

    async def decide(self, referral_id: str, destination: str, status: str = "routed", **fields: Any) -> UUID:
        """Lets triage's decision about a referral arrive."""
        self._decided += 1
        row = await self.database.fetch(
            "SELECT sequence FROM intake.referral WHERE referral_id::text = $1", referral_id
        )
        decided: dict[str, Any] = {
            "decision_id": an_id(f"decision {referral_id} {self._decided}"),
            "referral_id": referral_id,
            "sequence": self._decided,
            "cause_id": an_id(f"cause {self._decided}"),
            "cause_type": "frontdoor.referral.received.v1",
            "cause_sequence": row[0]["sequence"],
            "kind": "hold" if status == "held" else "route",
            "status": status,
            "destination": destination,
            "care_setting": "primary-care",
            "service": destination,
            "team_type": "A01",
            "told": (destination,),
            "urgency": "3",
            "gate": "by-receiver",
            "response": "6 weeks",
            "locality": "lambeth",
            **dict.fromkeys(("received_at", "decided_at", "due_at"), MONDAY_10AM),
        }
        decision = from_plain(Decision, decided | fields)
        await self.store.note_decisions([decision])
        return decision.decision_id

    async def events(self, referral_id: str | None = None) -> list[dict[str, Any]]:
        """The values of the outbox in order, each with its type and headers."""
        rows = await self.database.fetch(
            "SELECT topic, value, headers FROM intake.outbox"
            " WHERE $1::text IS NULL OR referral_id::text = $1 ORDER BY id",
            referral_id,
        )
        return [{"topic": row["topic"], "headers": row["headers"], **orjson.loads(row["value"])} for row in rows]


@asynccontextmanager
async def intake(
    database: Database, folder: Path, hl7: Mapping[str, Any] = MappingProxyType({}), **settings: Any
) -> AsyncIterator[Desk]:
    """Intake on a database, as the role that it has in production; its configuration is written to `folder`.

    `hl7` are the entries of that name of some sources.
    """
    sources = {name: {**entry, **({"hl7": hl7[name]} if name in hl7 else {})} for name, entry in SOURCES.items()}
    for what, entries in (("sources", sources), ("teams", TEAMS)):
        known = {name: {"name": name, "keys": [_digest(key_of(name))], **entry} for name, entry in entries.items()}
        (folder / f"{what}.yaml").write_text(yaml.safe_dump({what: known}))
    given = IntakeSettings.model_validate(
        {
            "postgres_dsn": database.dsn("frontdoor_intake"),
            "person_secret": "a secret of the tests",
            "sources": folder / "sources.yaml",
            "teams": folder / "teams.yaml",
            **settings,
        }
    )
    pool = await connections(given)
    try:
        whole = desk(given, pool, lambda: None)
        transport = httpx.ASGITransport(application(given, whole, Health(30)))
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            yield Desk(client, database, whole, given)
    finally:
        await pool.close()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _headers(key: str, headers: dict[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"Authorization": f"Bearer {key_of(key)}"} | named
