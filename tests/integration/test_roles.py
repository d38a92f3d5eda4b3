"""Each database role may do its own work and nothing else (docs/decisions/0005-database-roles.md)."""

from __future__ import annotations

import base64
import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid5

import asyncpg
import pytest

from services.frontdoor.database import ROLES, SCHEMAS, prepare, scram_verifier
from shared.events import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.stack import Database

    Connect = Callable[[str], Awaitable[asyncpg.Connection]]

DENIED = asyncpg.InsufficientPrivilegeError
FRONTDOOR_ROLES = [f"frontdoor_{role}" for role in ROLES]
READER_VIEWS = {"accounting", "parked", "digests", "heads", "edited", "rule_history", "unmapped", "unpublished", "held"}
WAITING_VIEWS = {"asked", "standing", "worked", "hub_queue"}
DECIDED = """
INSERT INTO triage.decision VALUES
    ($1, $1, $1, 1, 'hold', 'hub', '2', NULL, convert_to('{"kind": "hold", "facts": {"age": 40}}', 'UTF8'), now())
"""
RELATION_GRANTS = """
SELECT n.nspname AS schema, c.relname AS relation, a.privilege_type AS privilege,
       coalesce(g.rolname, 'PUBLIC') AS role
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ANY ($1)
CROSS JOIN LATERAL aclexplode(c.relacl) a
LEFT JOIN pg_roles g ON g.oid = a.grantee
"""
PUBLIC_GRANTS = """
SELECT 'schema ' || nspname AS what FROM pg_namespace, LATERAL aclexplode(nspacl) a
WHERE nspname = ANY (array_append($1::text[], 'public')) AND a.grantee = 0
UNION ALL
SELECT 'relation ' || relname FROM pg_class c, LATERAL aclexplode(relacl) a
WHERE relnamespace::regnamespace::text = ANY ($1) AND a.grantee = 0
UNION ALL
SELECT 'function ' || proname FROM pg_proc, LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner))) a
WHERE pronamespace::regnamespace::text = ANY ($1) AND a.grantee = 0
UNION ALL
SELECT 'database' FROM pg_database, LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba))) a
WHERE datname = current_database() AND a.grantee = 0
"""


@pytest.fixture
async def connect(database: Database) -> AsyncIterator[Connect]:
    """Connects as a role."""
    async with AsyncExitStack() as open_ones:

        async def as_role(role: str) -> asyncpg.Connection:
            connection = await asyncpg.connect(database.dsn(role))
            open_ones.push_async_callback(connection.close)
            return connection

        yield as_role


@pytest.fixture
async def stranger(database: Database) -> AsyncIterator[str]:
    """A role of the server that nobody gave anything."""
    await database.fetch("CREATE ROLE frontdoor_stranger LOGIN")
    yield "frontdoor_stranger"
    await database.fetch("DROP ROLE frontdoor_stranger")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit.record SET value = ''", "DELETE FROM audit.record", "TRUNCATE audit.record"]
)
async def test_audit_cannot_change_or_remove_what_it_recorded(connect: Connect, statement: str) -> None:
    audit = await connect("frontdoor_audit")
    with pytest.raises(DENIED):
        await audit.execute(statement)


@pytest.mark.parametrize("statement", ["DROP TABLE audit.record", "ALTER TABLE audit.record DISABLE TRIGGER ALL"])
async def test_audit_cannot_change_its_tables(connect: Connect, statement: str) -> None:
    audit = await connect("frontdoor_audit")
    with pytest.raises(DENIED):
        await audit.execute(statement)


async def test_triage_gives_up_the_facts_of_one_referral_and_records_who_wanted_it_and_why(
    connect: Connect, database: Database
) -> None:
    ada, bea = [uuid5(NAMESPACE, name) for name in ("ada", "bea")]
    for referral in (ada, bea):
        await database.fetch(DECIDED, referral)
        await database.fetch("INSERT INTO triage.referral VALUES ($1, $1, 1, 'facts', 'type', 'key')", referral)
    disposer = await connect("frontdoor_disposer")
    assert await disposer.fetchval("SELECT triage.dispose($1, 'retention: 8 years')", ada) == 1
    rows = await database.fetch("SELECT latest, person_key FROM triage.referral ORDER BY referral_id = $1", bea)
    assert [tuple(row) for row in rows] == [(None, None), (b"facts", "key")]
    kept = await database.fetch("SELECT document FROM triage.decision ORDER BY referral_id = $1", bea)
    assert [json.loads(row["document"]) for row in kept] == [{"kind": "hold"}, {"kind": "hold", "facts": {"age": 40}}]
    (noted,) = await disposer.fetch("SELECT referral_id, by, reason FROM triage.disposal")
    assert tuple(noted) == (ada, "frontdoor_disposer", "retention: 8 years")


@pytest.mark.parametrize("schema", ["triage", "audit"])
async def test_nothing_is_disposed_of_without_a_reason_or_by_the_service_itself(connect: Connect, schema: str) -> None:
    disposer, service = await connect("frontdoor_disposer"), await connect(f"frontdoor_{schema}")
    with pytest.raises(asyncpg.RaiseError, match="a disposal needs its reason"):
        await disposer.execute(f"SELECT {schema}.dispose(gen_random_uuid(), ' ')")
    with pytest.raises(DENIED):
        await service.execute(f"SELECT {schema}.dispose(gen_random_uuid(), 'because')")


@pytest.mark.parametrize("role", ["frontdoor_triage", "frontdoor_audit", "frontdoor_auditor", "frontdoor_reader"])
async def test_only_intake_reads_receipts(connect: Connect, role: str) -> None:
    other = await connect(role)
    with pytest.raises(DENIED):
        await other.fetch("SELECT * FROM intake.receipt")
    await (await connect("frontdoor_intake")).fetch("SELECT * FROM intake.receipt")


async def test_a_reader_sees_accounts_and_no_content(connect: Connect) -> None:
    reader = await connect("frontdoor_reader")
    for view in ("intake.asked", "triage.parked", "triage.standing", *(f"{schema}.accounting" for schema in SCHEMAS)):
        await reader.fetch(f"SELECT * FROM {view}")
    intake = ("intake.receipt", "intake.outbox", "intake.invalid")
    for content in ("audit.record", "triage.decision", "triage.referral", *intake):
        with pytest.raises(DENIED):
            await reader.fetch(f"SELECT * FROM {content}")


async def test_an_auditor_reads_records_and_accounts_and_writes_nothing(connect: Connect) -> None:
    auditor = await connect("frontdoor_auditor")
    await auditor.fetch("SELECT value FROM audit.record")
    await auditor.fetch("SELECT * FROM intake.accounting")
    with pytest.raises(DENIED):
        await auditor.execute("DELETE FROM audit.record")


@pytest.mark.parametrize("role", FRONTDOOR_ROLES)
async def test_no_role_is_more_than_an_ordinary_user(connect: Connect, role: str) -> None:
    connection = await connect(role)
    rights = await connection.fetchrow(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = $1",
        role,
    )
    assert rights and not any(rights)
    assert role == "frontdoor_owner" or not await connection.fetchval(
        "SELECT pg_has_role($1, 'frontdoor_owner', 'MEMBER')", role
    )


@pytest.mark.parametrize("role", [role for role in FRONTDOOR_ROLES if role != "frontdoor_owner"])
async def test_only_the_owner_makes_tables(connect: Connect, role: str) -> None:
    connection = await connect(role)
    for schema in (*SCHEMAS, "public"):
        with pytest.raises(DENIED):
            await connection.execute(f"CREATE TABLE {schema}.mine (id integer)")


async def test_nobody_makes_temporary_tables(connect: Connect) -> None:
    connection = await connect("frontdoor_triage")
    with pytest.raises(DENIED):
        await connection.execute("CREATE TEMPORARY TABLE mine (id integer)")


async def test_public_is_granted_nothing(connect: Connect) -> None:
    owner = await connect("frontdoor_owner")
    assert [row["what"] for row in await owner.fetch(PUBLIC_GRANTS, list(SCHEMAS))] == []


async def test_a_stranger_cannot_connect(connect: Connect, stranger: str) -> None:
    with pytest.raises(DENIED):
        await connect(stranger)


async def test_no_service_has_rights_outside_its_own_schema(connect: Connect) -> None:
    owner = await connect("frontdoor_owner")
    grants = await owner.fetch(RELATION_GRANTS, list(SCHEMAS))
    services = {f"frontdoor_{schema}" for schema in SCHEMAS}
    strays = [row for row in grants if row["role"] in services and row["role"] != f"frontdoor_{row['schema']}"]
    assert grants
    assert strays == []


async def test_a_reader_is_granted_views_without_content_alone(connect: Connect) -> None:
    owner = await connect("frontdoor_owner")
    grants = [row for row in await owner.fetch(RELATION_GRANTS, list(SCHEMAS)) if row["role"] == "frontdoor_reader"]
    assert {row["privilege"] for row in grants} == {"SELECT"}
    assert {row["relation"] for row in grants} <= READER_VIEWS | WAITING_VIEWS | {"invalid_messages", "replies"}


async def test_nobody_but_the_owner_may_delete_what_is_audited(connect: Connect) -> None:
    owner = await connect("frontdoor_owner")
    grants = [row for row in await owner.fetch(RELATION_GRANTS, ["audit"]) if row["role"] != "frontdoor_owner"]
    assert {row["privilege"] for row in grants} <= {"SELECT", "INSERT", "UPDATE"}
    assert {row["relation"] for row in grants if row["privilege"] == "UPDATE"} <= {"head"}


@pytest.mark.parametrize("role", FRONTDOOR_ROLES)
async def test_each_role_carries_durability_and_a_silent_log_with_it(connect: Connect, role: str) -> None:
    connection = await connect(role)
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    assert await connection.fetchval("SHOW log_error_verbosity") == "terse"
    assert await connection.fetchval("SHOW log_parameter_max_length") == "0"


CARRIED = """
SELECT unnest(setconfig) AS setting FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole
WHERE s.setdatabase = 0 AND r.rolname = $1
"""


@pytest.mark.parametrize("role", FRONTDOOR_ROLES)
async def test_each_role_carries_with_it_that_a_client_that_is_gone_is_noticed(database: Database, role: str) -> None:
    carried = {row["setting"] for row in await database.fetch(CARRIED, role)}
    noticed = {"tcp_keepalives_idle=10", "tcp_keepalives_interval=5", "tcp_keepalives_count=3", "tcp_user_timeout=30s"}
    assert carried >= {*noticed, "idle_in_transaction_session_timeout=60s"}
    assert ("idle_session_timeout=90s" in carried) == (role == "frontdoor_intake"), "the relay's lock is a session's"


async def test_preparing_again_changes_nothing(database: Database) -> None:
    before = await database.fetch(RELATION_GRANTS, list(SCHEMAS))
    assert await prepare(database.dsn(), {}) == {schema: [] for schema in SCHEMAS}
    assert await database.fetch(RELATION_GRANTS, list(SCHEMAS)) == before


def test_a_verifier_is_what_postgresql_makes_of_a_password() -> None:
    # RFC 7677, section 3: password `pencil`, this salt, 4096 rounds
    assert scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
        "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


async def test_preparing_sets_the_passwords_given_and_no_other(database: Database) -> None:
    before = await passwords(database)
    await prepare(database.dsn(), {"frontdoor_reader": "pencil"})
    after = await passwords(database)
    salt = after["frontdoor_reader"].partition(":")[2].partition("$")[0]
    assert after == before | {"frontdoor_reader": scram_verifier("pencil", base64.b64decode(salt))}


async def passwords(database: Database) -> dict[str, str]:
    rows = await database.fetch("SELECT rolname, rolpassword FROM pg_authid WHERE rolname ~ '^frontdoor_'")
    return {row["rolname"]: row["rolpassword"] for row in rows}
