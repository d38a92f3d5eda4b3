"""What may be in force is held by the tables, whoever writes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

if TYPE_CHECKING:
    from tests.stack import Database

ACTIVATE = "INSERT INTO triage.activation (locality, hash, effective_from, by, reason) VALUES ($1, $2, now(), '', '')"


@pytest.mark.parametrize("role", ["frontdoor_triage", "frontdoor_owner", "postgres"])
async def test_nobody_brings_into_force_what_did_not_pass_its_gate_in_that_place(database: Database, role: str) -> None:
    await database.fetch("INSERT INTO triage.ruleset VALUES ('a', 'lambeth', '1', 'text')")
    connection = await asyncpg.connect(database.dsn(role))
    try:
        for locality, digest in (("north", "a"), ("lambeth", "b")):
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await connection.execute(ACTIVATE, locality, digest)
        await connection.execute(ACTIVATE, "lambeth", "a")
    finally:
        await connection.close()
