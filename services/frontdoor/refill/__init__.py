"""`frontdoor refill`: after PostgreSQL was restored, names what it lacks, and puts back what Kafka still has of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from shared.command_line import CLEAN, FINDING, add_command
from shared.errors import Transient, Usage

if TYPE_CHECKING:
    import argparse

    from services.frontdoor.refill.report import Account
    from shared.command_line import Commands

EXAMPLES: Final = """
frontdoor refill --dry-run     what does the restored database lack? By name; changes nothing
frontdoor refill               and puts it back, as far as Kafka has it
frontdoor refill --json        for a program

For when PostgreSQL was restored from a backup and Kafka is ahead of it. Stop the services, restore, `frontdoor schemas`, then
this, then start them: deploy/runbooks/restoring-postgresql.md goes step by step. Decisions come back byte for byte as they
were published, so nobody is decided anew; audit reads its own part again by itself. What a sender wrote (names, text) is
never in Kafka: each referral that lost it is named, the most urgent first, for a person to phone. Safe to repeat.

Exit codes: 0 nothing is lacking; 1 something was, and is named; 2 a service runs, or Kafka or PostgreSQL cannot be reached.
FRONTDOOR_ADMIN_DSN is a superuser of the database or frontdoor_owner; FRONTDOOR_KAFKA is the broker (and
FRONTDOOR_KAFKA_USERNAME, in production frontdoor-operator).
"""


def register(commands: Commands) -> None:
    """Adds `refill` to the command line."""
    parser = add_command(commands, "refill", "put back what a restored PostgreSQL lacks and Kafka has", EXAMPLES)
    parser.add_argument("--dry-run", action="store_true", help="name it, change nothing")
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """1 where the database lacked anything; `Usage` where a service runs, or one of the two cannot be reached."""
    from services.frontdoor.refill.report import lines

    try:
        account = await refilled(dry_run=arguments.dry_run)
    except Transient as error:
        raise Usage(error.code, f"{error.detail} (see FRONTDOOR_KAFKA and FRONTDOOR_ADMIN_DSN)") from error
    print(json.dumps(account.as_json()) if arguments.json else "\n".join(lines(account)))
    return FINDING if account.anything else CLEAN


async def refilled(*, dry_run: bool) -> Account:
    """What the database lacked; put back, unless it is a rehearsal."""
    import asyncpg

    from services.frontdoor.database import DatabaseSettings
    from services.frontdoor.refill import reading, storing
    from services.frontdoor.refill.report import account_of
    from shared.postgres import connected
    from shared.settings import ServiceSettings

    settings = ServiceSettings(postgres_dsn="")
    if not dry_run:
        await reading.nobody_works(settings)
    async with connected(DatabaseSettings().admin_dsn.get_secret_value()) as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            until = await connection.fetchval(reading.SQL.until)
            found = await reading.lacking(connection, settings)
            back = await storing.put_back(connection, found)
        except asyncpg.InsufficientPrivilegeError as error:
            raise Usage("not-permitted", "FRONTDOOR_ADMIN_DSN must be of a superuser or of frontdoor_owner") from error
        if not dry_run:
            await reading.follow_anew(settings)
        await (transaction.rollback() if dry_run else transaction.commit())
    return account_of(found, back, until, dry_run=dry_run)
