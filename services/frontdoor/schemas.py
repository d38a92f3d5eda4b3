"""`frontdoor schemas`: the roles, their passwords and every schema's migrations, in one database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.command_line import CLEAN, add_command
from shared.errors import Transient, Usage

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES = """
FRONTDOOR_ADMIN_DSN=postgresql://postgres@db/frontdoor frontdoor schemas     roles, schemas, migrations
FRONTDOOR_INTAKE_PASSWORD=... frontdoor schemas                              and that role's password

Safe to repeat: an upgrade runs it before the new services start, while the old ones run. FRONTDOOR_ADMIN_DSN is a superuser of the database.
Passwords: FRONTDOOR_{OWNER,INTAKE,TRIAGE,AUDIT,READER,AUDITOR,DISPOSER}_PASSWORD; a role without one keeps what it has.
"""


def register(commands: Commands) -> None:
    """Adds `schemas` to the command line."""
    parser = add_command(
        commands, "schemas", "make the database's roles and schemas, or bring them up to date", EXAMPLES
    )
    parser.set_defaults(run=run)


async def run(_: argparse.Namespace) -> int:
    """0 when everything is up to date; `Usage` where PostgreSQL cannot be reached."""
    from asyncpg import InvalidPasswordError

    from services.frontdoor import database
    from shared.postgres import TRANSIENT_ERRORS

    settings = database.DatabaseSettings()
    try:
        applied = await database.prepare(
            settings.admin_dsn.get_secret_value(), settings.passwords(), settings.roles_file
        )
    except TRANSIENT_ERRORS as error:
        raise Usage("postgres-away", f"cannot use FRONTDOOR_ADMIN_DSN: {type(error).__name__}") from error
    except Transient as error:
        raise Usage(error.code, f"{error.detail}; the services go on: run this again when less is going on") from error
    except InvalidPasswordError as error:
        what = "PostgreSQL refuses the password of FRONTDOOR_ADMIN_DSN (its volume keeps the one it was made with)"
        raise Usage("password", what) from error
    without = database.roles_without(settings.passwords())
    print(f"roles ready; no password given for: {', '.join(without) or 'none'}")
    for schema, new in applied.items():
        print(f"schema {schema}: {', '.join(new) or 'nothing new'}")
    return CLEAN
