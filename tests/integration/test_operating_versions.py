"""A new version over old events, back over new ones, and a restored database: the pages, followed in containers."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.going_on import going_on, nothing_is_lost
from tests.integration.operated import a_system, follow
from tests.integration.pages import pasted
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.compose import Compose

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(600)]

# What the next version has that this one does not know: a field in every event and decision, a column in every schema.
NEXT = {
    "shared/events.py": [
        ("    locality: str\n    received_at: Moment\n\n\nclass ReferralReceived", "    locality: str\n    received_at: Moment\n    written_by: str | None = None\n\n\nclass ReferralReceived"),
        ("    facts: dict[str, str | int] = field", "    written_by: str | None = None\n    facts: dict[str, str | int] = field"),
    ],
    "services/triage/document.py": [("        late=draft.late,", '        late=draft.late,\n        written_by="next",')],
    "services/intake/taking/receipts.py": [
        ("        value=value_of(payload),", '        value=value_of(payload).replace(b"{", b\'{"written_by":"next",\', 1),'),
    ],
}  # fmt: skip
COLUMNS = {"intake": "receipt", "triage": "decision", "audit": "record"}
WRITTEN = (
    "SELECT convert_from(value, 'UTF8')::json ->> 'written_by' FROM audit.record WHERE topic = 'referrals.received'"
)
DECIDED = """
SELECT convert_from(o.value, 'UTF8')::json ->> 'written_by' AS event, convert_from(d.document, 'UTF8')::json ->> 'written_by' AS decision
FROM triage.decision AS d JOIN intake.outbox AS o ON o.event_id = d.cause_id ORDER BY o.id
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """A system of its own folder, as an operator has it."""
    with a_system(tmp_path_factory.mktemp("system")) as compose:
        yield compose


def fetch_next_version(system: Compose) -> None:
    """What `git pull` would bring."""
    for name, changes in NEXT.items():
        text = (system.root / name).read_text()
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (system.root / name).write_text(text)
    for schema, table in COLUMNS.items():
        file = system.root / "services" / schema / "migrations" / "9001_next.sql"
        file.write_text(f"ALTER TABLE {schema}.{table} ADD COLUMN written_by text NOT NULL DEFAULT 'before';\n")


async def written(system: Compose) -> list[tuple[Any, Any]]:
    """By which version each event and the decision on it was written, in their order."""
    return [tuple(row) for row in await system.rows(DECIDED)]


async def test_a_new_version_reads_what_the_old_wrote_and_the_old_what_the_new_wrote(system: Compose) -> None:
    names = {"frontdoor:local": system.image, "frontdoor:before": f"{system.image}-before"}
    keep, tables, services, see, back, see_again = pasted("new-version", "Do", names)
    migrating = pasted("migrating", "Do")
    async with going_on(system, "versions") as practice:
        follow(system, "new-version", "Look")
        system.paste(keep)
        fetch_next_version(system)
        follow(system, "migrating", "Look")
        said = [system.paste(block) for block in migrating]
        assert all("9001_next.sql" in said[2].split(f"schema {schema}: ")[1] for schema in COLUMNS)
        assert said[3].count("nothing new") == 3
        system.run("stop", "triage")  # what the old intake wrote waits for the new triage
        await eventually(partial(more, practice, len(practice.yeses) + 3))
        system.paste(tables)
        system.paste(services)
        system.paste(see)
        await eventually(partial(has, system, (None, "next")), 60)
        await eventually(partial(has, system, ("next", "next")), 60)
        system.run("stop", "triage")  # and what the new intake wrote for the old
        await eventually(partial(more, practice, len(practice.yeses) + 3))
        system.paste(back)
        system.paste(see_again)
        await eventually(partial(has, system, ("next", None)), 60)
    order = await written(system)
    assert {(None, None), (None, "next"), ("next", "next"), ("next", None)} <= set(order)
    assert "nothing waits" in system.run("run", "--rm", "frontdoor", "dead-letters", "list").stdout


def more(practice: Any, count: int) -> bool:
    return len(practice.yeses) >= count


async def has(system: Compose, pair: tuple[Any, Any]) -> bool:
    return pair in await written(system)


async def test_postgresql_comes_back_from_last_night_and_who_is_missing_is_named(system: Compose) -> None:
    (system.root / "backups").mkdir(exist_ok=True)
    copy = pasted("restoring-postgresql", "Do", {"last-night": "night"})
    system.paste("docker compose exec -T postgres pg_dump -U postgres --format=custom frontdoor > backups/night.dump")
    async with going_on(system, "since the copy") as practice:
        await eventually(partial(more, practice, 12))
    follow(system, "restoring-postgresql", "Look")
    stop, aside, restore, refill, start, see = copy
    for block in (stop, aside, restore):
        system.paste(block)
    known = {str(row["referral_id"]) for row in await system.rows("SELECT referral_id FROM intake.referral")}
    assert not known & set(practice.referrals), "the copy is older than all of these"
    said = system.paste(refill)
    assert said.endswith("nothing is lacking: the database has all that Kafka has\n")
    listed = (system.root / "backups" / "lost.txt").read_text()
    assert all(f"  {referral} (synthetic)" in listed for referral in practice.referrals)
    system.paste(start)
    system.paste(see)
    await nothing_is_lost(system, practice, [])
    async with going_on(system, "after the restore"):
        pass
    assert json.loads(system.run("run", "--rm", "frontdoor", "reconcile", "--json").stdout)["unaccounted"] == []
