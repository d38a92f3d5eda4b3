"""A migration takes nothing from the services of the version before, and makes nobody wait (decision 0018)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from services.frontdoor.database import SCHEMAS
from shared.migrations import APART, files_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# Made before there was a database to keep; nothing but a new database meets them together with services that run.
BEFORE: Final = frozenset(
    (
        "audit/0002_dead_letters.sql",
        "intake/0006_watch.sql",
        "triage/0002_rule_history.sql",
        "triage/0004_held.sql",
        "triage/0005_watch.sql",
        "triage/0006_parked.sql",
        "triage/0007_hub_queue.sql",
    )
)
CONTRACT: Final = "-- contract: "  # how a file begins that takes away what no version in use reads or writes any more
TAKES: Final = r"\b(DROP|RENAME|TRUNCATE|REVOKE|SET NOT NULL|DELETE FROM)\b|\bALTER (COLUMN )?\w+ (SET DATA )?TYPE\b"
LONG: Final = {
    r"\bUPDATE \w+\.\w+ (AS \w+ )?SET\b": "rows are filled in beside the work, in portions, not in a migration",
    r"\bADD COLUMN (?!.*\bDEFAULT\b)[^,;]*\bNOT NULL\b": "an older version leaves a new column out: nullable, or with a default",
    r"\bADD COLUMN [^,;]*\b(DEFAULT (?!'|now\(\)|true|false|\d)|GENERATED)": "the default must be one value: else the table is written anew",
    r"\bADD (CONSTRAINT|UNIQUE|PRIMARY KEY|FOREIGN KEY|CHECK)\b(?!.*(NOT VALID|USING INDEX))": "checks every row under a lock: NOT VALID, USING INDEX",
    r"\bVALIDATE CONSTRAINT\b": "in a file of its own, apart",
}  # fmt: skip


def faults(text: str) -> Iterator[str]:
    """What of a migration would break a service that runs, or hold it up."""
    bare = re.sub(r"\$\$.*?\$\$", "$$ $$", re.sub(r"--[^\n]*", "", text), flags=re.DOTALL)
    made = set(re.findall(r"\bCREATE TABLE (?:IF NOT EXISTS )?([\w.]+)", bare))
    for statement in (" ".join(part.split()) for part in bare.split(";")):
        yield from _faults_in(statement, made, apart=text.startswith(APART), contract=text.startswith(CONTRACT))


def _faults_in(statement: str, made: set[str], *, apart: bool, contract: bool) -> Iterator[str]:
    if index := re.match(r"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*? ON ([\w.]+)", statement):
        if not index[1] and index[2] not in made:
            yield f"an index on {index[2]}: CONCURRENTLY, in a file that begins with {APART}"
        if index[1] and not apart:
            yield f"CONCURRENTLY is in a file that begins with {APART}"
        return
    if re.match(r"DROP INDEX CONCURRENTLY IF EXISTS", statement) and apart:
        return
    if apart and statement and "VALIDATE CONSTRAINT" not in statement:
        yield f"apart are indexes and validations alone, which may be done twice: {statement[:60]}"
    if re.search(TAKES, statement) and "FROM PUBLIC" not in statement and not contract:
        yield f"takes away: an older version needs it ({CONTRACT}why no version does): {statement[:60]}"
    on = re.match(r"ALTER TABLE (?:ONLY )?([\w.]+)", statement)
    if on is None or on[1] not in made:
        yield from (why for pattern, why in LONG.items() if re.search(pattern, statement) and not apart)


@pytest.mark.parametrize("name", [f"{schema}/{file.name}" for schema in SCHEMAS for file in files_of(schema)], ids=str)
def test_a_migration_adds_and_holds_nobody_up(name: str):
    schema, _, file = name.partition("/")
    (text,) = [one.read_text() for one in files_of(schema) if one.name == file]
    assert bool([*faults(text)]) == (name in BEFORE), [*faults(text)]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_migrations_are_numbered_without_a_gap(schema: str):
    numbers = [int(re.match(r"(\d{4})_[a-z_]+\.sql$", file.name)[1]) for file in files_of(schema)]  # type: ignore[index]  # else it fails
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE intake.receipt DROP COLUMN standard",
        "DROP VIEW intake.asked",
        "ALTER TABLE intake.receipt RENAME COLUMN kind TO what",
        "ALTER TABLE intake.receipt ALTER COLUMN kind SET NOT NULL",
        "ALTER TABLE intake.receipt ALTER COLUMN sequence TYPE bigint",
        "ALTER TABLE intake.receipt ADD COLUMN form text NOT NULL",
        "ALTER TABLE intake.receipt ADD COLUMN form uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE intake.receipt ADD CONSTRAINT known CHECK (kind <> '')",
        "ALTER TABLE intake.receipt ADD UNIQUE (digest)",
        "CREATE INDEX receipt_kind ON intake.receipt (kind)",
        "CREATE INDEX CONCURRENTLY receipt_kind ON intake.receipt (kind)",
        "UPDATE intake.receipt SET standard = 'json'",
        "REVOKE SELECT ON intake.receipt FROM frontdoor_intake",
        "TRUNCATE intake.seen",
    ],
)
def test_what_breaks_or_holds_up_a_service_that_runs_is_named(statement: str):
    assert [*faults(f"{statement};")]


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE intake.receipt ADD COLUMN form text;",
        "ALTER TABLE intake.receipt ADD COLUMN form text NOT NULL DEFAULT 'json', ADD COLUMN more jsonb;",
        "ALTER TABLE intake.receipt ADD CONSTRAINT known CHECK (kind <> '') NOT VALID;",
        "CREATE TABLE intake.more (id uuid PRIMARY KEY); CREATE INDEX more_id ON intake.more (id);",
        "CREATE OR REPLACE VIEW intake.unpublished AS SELECT 1;",
        f"{APART}\nDROP INDEX CONCURRENTLY IF EXISTS intake.x;\nCREATE INDEX CONCURRENTLY x ON intake.receipt (kind);",
        f"{APART}\nALTER TABLE intake.receipt VALIDATE CONSTRAINT known;",
        f"{CONTRACT}since 2026.12 nothing reads it\nALTER TABLE intake.receipt DROP COLUMN standard;",
    ],
)
def test_what_only_adds_passes(text: str):
    assert [*faults(text)] == []
