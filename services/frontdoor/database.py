"""Makes a database ready for the services: roles and their passwords, schemas, migrations. Safe to repeat."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
from pydantic import Field, SecretStr

from shared.migrations import migrate
from shared.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMAS: Final = ("intake", "triage", "audit")
ROLES: Final = ("owner", *SCHEMAS, "reader", "auditor", "disposer")
ROLES_FILE: Final = Path(__file__).parents[2] / "deploy" / "postgres" / "roles.sql"


class DatabaseSettings(Settings):
    """A role without a password here keeps the one it has (at first none: it then cannot log in over a network)."""

    admin_dsn: SecretStr = Field(
        description="postgresql:// of a superuser, in the database that is to hold the schemas"
    )
    roles_file: Path = Field(ROLES_FILE, description="the roles and schemas, as SQL")
    owner_password: SecretStr | None = Field(None, description="of the role frontdoor_owner")
    intake_password: SecretStr | None = Field(None, description="of the role frontdoor_intake")
    triage_password: SecretStr | None = Field(None, description="of the role frontdoor_triage")
    audit_password: SecretStr | None = Field(None, description="of the role frontdoor_audit")
    reader_password: SecretStr | None = Field(None, description="of the role frontdoor_reader")
    auditor_password: SecretStr | None = Field(None, description="of the role frontdoor_auditor")
    disposer_password: SecretStr | None = Field(None, description="of the role frontdoor_disposer")

    def passwords(self) -> dict[str, str]:
        """The password of each role that is given one, by the role's full name."""
        given = {role: getattr(self, f"{role}_password") for role in ROLES}
        return {f"frontdoor_{role}": secret.get_secret_value() for role, secret in given.items() if secret}


def scram_verifier(password: str, salt: bytes, rounds: int = 4096) -> str:
    """What PostgreSQL keeps of a password (RFC 5803); sent instead of it, so that no server log can hold it."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    as_text = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${rounds}:{}${}:{}".format(*as_text, rounds=rounds)


def roles_sql(file: Path = ROLES_FILE) -> str:
    """The roles and schemas, as one script for a superuser."""
    return file.read_text()


async def prepare(dsn: str, passwords: Mapping[str, str], roles_file: Path = ROLES_FILE) -> dict[str, list[str]]:
    """Makes roles and schemas, sets the passwords, migrates each schema; returns each schema's new migrations."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(roles_sql(roles_file))
        for role, password in passwords.items():
            verifier = scram_verifier(password, secrets.token_bytes(16))
            await connection.execute(f"ALTER ROLE \"{role}\" PASSWORD '{verifier}'")
    finally:
        await connection.close()
    return {schema: await migrate(dsn, schema) for schema in SCHEMAS}


def roles_without(passwords: Mapping[str, str]) -> list[str]:
    """The roles that get no password here."""
    return sorted({f"frontdoor_{role}" for role in ROLES} - set(passwords))
